import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { ensureBuilt, ROOT } from '../support/build.js';
import { objectAt, siglabJson, textAt } from '../support/cli.js';

test('the token in the README still shows the race', async () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  const tokens = readme.match(/\bsl1\.\S+\.\S+/g) ?? [];
  expect(tokens).toHaveLength(1);
  const { status, document } = await siglabJson('replay', tokens[0] as string);
  expect(status).toBe(1);
  expect(textAt(objectAt(document, 'violation'), 'message')).toContain('said ESRCH, but process 101 is alive');
});

test('the program of docs/programs.md runs, and prints what it says', () => {
  ensureBuilt();
  const page = readFileSync(join(ROOT, 'docs/programs.md'), 'utf8');
  const code = /```ts\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
  const library = pathToFileURL(join(ROOT, 'dist/src/index.js')).href;
  const options = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };
  const { outputText } = ts.transpileModule(code.replace("from 'siglab'", `from '${library}'`), {
    compilerOptions: options,
  });
  const folder = mkdtempSync(join(tmpdir(), 'siglab-doc-'));
  try {
    const file = join(folder, 'program.mjs');
    writeFileSync(file, outputText);
    const printed = execFileSync(process.execPath, [file], { encoding: 'utf8' });
    expect(printed).toMatch(/'died of 15': \d+/);
    expect(printed).toMatch(/'died of 0': \d+/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
