/** docs/mutations.md says what `npm run mutations` has found: some of its mutants are tried again, and those that survive have a reason. */

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { ensureBuilt, ROOT } from '../support/build.js';

const PAGE = readFileSync(join(ROOT, 'docs', 'mutations.md'), 'utf8');
const REASONS: Readonly<Record<string, string>> = JSON.parse(
  readFileSync(join(ROOT, 'scripts', 'mutation-reasons.json'), 'utf8'),
);

/** The rows of one of the page's sections. */
function rowsOf(title: string): readonly { readonly name: string; readonly without: string; readonly last: string }[] {
  const section = new RegExp(`^## ${title}\n([\\s\\S]*?)(?=^## |$(?![\\s\\S]))`, 'm').exec(PAGE)?.[1] ?? '';
  return [...section.matchAll(/^\| `(\w+)` \([^)]*\) +\| `(.+?)` +\| (?:[^|]*\| )?(.*?) *\|$/gm)].map(
    ([, name = '', without = '', last = '']) => ({ name, without: without.replaceAll('\\|', '|'), last }),
  );
}

beforeAll(ensureBuilt);

it('has a reason for each mutant that nothing notices, and no reason for another', () => {
  const survivors = rowsOf('Reached, and not noticed');
  for (const { name, without, last } of survivors) expect(last, `${name}: ${without}`).not.toBe('');
  const known = new Set(survivors.map(({ name, without }) => `${name}: ${without}`));
  expect(
    Object.keys(REASONS).filter((reason) => !known.has(reason) && !PAGE.includes(reason.split(':')[0] ?? '')),
  ).toEqual([]);
});

it.each(['wait_task_zombie', '__lock_task_sighand', 'signalfd_notify'])('has %s as it comes out again', (name) => {
  const { stderr } = spawnSync(process.execPath, ['scripts/mutations.js', '1000', name], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  const noticed = [...stderr.matchAll(/^\d+ \w+, .*?: (?!NOT NOTICED|not reached)\S+: \S+$/gm)].length;
  expect(noticed).toBeGreaterThan(0);
  expect(rowsOf('Noticed').filter((row) => row.name === name)).toHaveLength(noticed);
});
