import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';
import { beforeAll, describe, expect, it } from 'vitest';
import { minimize } from '../../src/explore/minimize.js';
import { encodeToken } from '../../src/explore/token.js';
import { ensureBuilt, ROOT } from '../support/build.js';
import { siglab } from '../support/cli.js';
import { CPUS, failingSchedule, killVsExecMachine, PATCHED, SCENARIO } from '../support/kill-vs-exec.js';

const PAGE = readFileSync(join(ROOT, 'docs', 'replay.md'), 'utf8');
const COMMANDS = [...PAGE.matchAll(/```sh\n(.*?)```/gs)].flatMap(([, lines = '']) => lines.trim().split('\n'));

describe('docs/replay.md', () => {
  let token = '';
  let folder = '';

  beforeAll(() => {
    ensureBuilt();
    const machine = killVsExecMachine(PATCHED);
    const { schedule } = minimize(machine, failingSchedule(machine, 1).schedule);
    token = encodeToken({ scenario: SCENARIO, patches: PATCHED, cpus: CPUS, schedule });
    folder = mkdtempSync(join(tmpdir(), 'siglab-replay-'));
    return () => rmSync(folder, { recursive: true, force: true });
  });

  it.each(COMMANDS)('has a call that works: %s', async (command) => {
    const words = command.replace('TOKEN', token).replace('/tmp/', `${folder}/`).split(' ').slice(2);
    const { status, stdout, stderr } = await siglab(words);
    // Of the formats of a violation the status is 1.
    const violated = command.includes('replay TOKEN') && !command.includes('--step');
    expect({ status, stderr }).toEqual({ status: violated ? 1 : 0, stderr: '' });
    expect(stdout.length).toBeGreaterThan(50);
  });

  it('has an example of the library that prints what it says', () => {
    const [, code = '', printed = ''] = /```ts\n(.*?)```\n\n```text\n(.*?)```/s.exec(PAGE) ?? [];
    const library = pathToFileURL(join(ROOT, 'dist/src/index.js')).href;
    const options = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };
    const { outputText } = ts.transpileModule(code.replace("from 'siglab'", `from '${library}'`), {
      compilerOptions: options,
    });
    const file = join(folder, 'example.mjs');
    writeFileSync(file, outputText);
    expect(execFileSync(process.execPath, [file], { encoding: 'utf8' })).toBe(printed);
  });
});
