import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { explore } from '../../src/explore/explore.js';
import { checkTypes } from '../../src/files/check.js';
import { loadUserFile } from '../../src/files/load.js';
import { ensureBuilt, ROOT } from '../support/build.js';
import { temporaryFolder } from '../support/folder.js';

const folder = temporaryFolder();
const page = readFileSync(join(ROOT, 'docs/models.md'), 'utf8');
const examples = [...page.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code = ''], at) => ({ code, at }));

beforeAll(ensureBuilt);

describe('the examples of docs/models.md', () => {
  it('are there', () => {
    expect(examples.length).toBeGreaterThanOrEqual(3);
  });

  it.each(examples)('type-check, and come to what they say: number $at', async ({ code, at }) => {
    const file = join(folder, `example-${at}.ts`);
    writeFileSync(file, code);
    expect(checkTypes(file)).toEqual([]);
    const [model] = (await loadUserFile(file)).models;
    if (model === undefined) throw new Error('the example exports no model');
    const { found, executions, redundant, exhausted } = explore(model, { strategy: 'dpor' });
    const [, verdict, what = ''] = /^\/\/ (violated|verified): (.*)$/m.exec(code) ?? [];
    if (verdict === 'violated') expect(`${found?.violation.kind}: ${found?.violation.message}`).toContain(what);
    else
      expect({ found, executions, redundant, exhausted }).toEqual({
        found: null,
        executions: Number(what),
        redundant: 0,
        exhausted: true,
      });
  });
});
