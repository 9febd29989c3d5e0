/** The branches of the kernel that are named as not taken (`scripts/uncovered.json`) are those of the sources as they are. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ROOT } from '../support/build.js';

const named = JSON.parse(readFileSync(join(ROOT, 'scripts', 'uncovered.json'), 'utf8')) as Record<string, string[]>;
const branches = Object.values(named).flat();

it.each(branches)('%s is a line of its file', (branch) => {
  const { path = '', line = '' } = /^(?<path>\S+) \[[^\]]+\] (?<line>.*)$/.exec(branch)?.groups ?? {};
  const lines = readFileSync(join(ROOT, path), 'utf8').split('\n');
  expect(lines.map((text) => text.trim())).toContain(line);
});

it('each is named once, for a reason that is a sentence', () => {
  expect(new Set(branches).size).toBe(branches.length);
  for (const why of Object.keys(named)) expect(why).toMatch(/^[A-Za-z].{20,}\.$/);
});
