import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { objectAt, siglabJson, textAt } from '../support/cli.js';

test('the token in the README still shows the race', async () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  const tokens = readme.match(/\bsl1\.\S+\.\S+/g) ?? [];
  expect(tokens).toHaveLength(1);
  const { status, document } = await siglabJson('replay', tokens[0] as string);
  expect(status).toBe(1);
  expect(textAt(objectAt(document, 'violation'), 'message')).toContain('said ESRCH, but process 101 is alive');
});
