import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { whyNotNative } from '../../src/litmus/native.js';
import { expectRefused, siglab, siglabJson } from '../support/cli.js';

const TEST = `litmus kill-vs-exit
question "What does kill(2) of a process that exits say?"
from kill(2)
process A { r = kill(B, SIGTERM); }
process B { exit_group(3); }
observe state(B);
forall A:r == 0
`;

describe('siglab litmus', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'siglab-test-'));
    await writeFile(join(folder, 'right.litmus'), TEST);
    await writeFile(join(folder, 'wrong.litmus'), TEST.replace('forall', '~exists'));
    await writeFile(join(folder, 'broken.txt'), TEST.replace('kill(B', 'kil(B'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('prints all allowed outcomes, a witness for each, and the verdict', async () => {
    const { status, stdout } = await siglab(['litmus', join(folder, 'right.litmus')]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/\* state\(B\)=exited\(3\) A:r=0 {2}sl1\.kill-vs-exit@2\./);
    expect(stdout).toMatch(/\* state\(B\)=killed\(SIGTERM\) A:r=0 {2}sl1\./);
    expect(stdout).toMatch(/every inequivalent execution was made: \d+/);
    expect(stdout).toMatch(/forall A:r == 0: holds/);
  });

  it('replays a witness with its file', async () => {
    const file = join(folder, 'right.litmus');
    const { stdout } = await siglab(['litmus', file]);
    const token = /state\(B\)=killed\(SIGTERM\) A:r=0 {2}(\S+)/.exec(stdout)?.[1] ?? '';
    const { status, document } = await siglabJson('replay', token, '--file', file);
    expect(status).toBe(0);
    expect(document.outcome).toBe('state(B)=killed(SIGTERM) A:r=0');
    expectRefused(await siglab(['replay', token]), 'there is no scenario "kill-vs-exit"');
    expectRefused(
      await siglab(['replay', token, '--file', 'litmus/kill/kill-vs-exec.litmus']),
      /is for .*kill-vs-exit/,
    );
  });

  it('fails where a condition does not hold, with a table for many files', async () => {
    const { status, stdout } = await siglab(['litmus', folder]);
    expect(status).toBe(1);
    expect(stdout).toMatch(/~exists A:r == 0: does not hold/);
    expect(stdout).toMatch(/2 tests, 1 as they should be/);
  });

  it('prints one JSON document', async () => {
    const { status, stdout } = await siglab(['litmus', join(folder, 'right.litmus'), '--json']);
    expect(status).toBe(0);
    const [file] = JSON.parse(stdout) as Record<string, unknown>[];
    expect(file).toMatchObject({
      name: 'kill-vs-exit',
      allowed: ['state(B)=exited(3) A:r=0', 'state(B)=killed(SIGTERM) A:r=0'],
      exhaustive: true,
      condition: 'forall A:r == 0',
      holds: true,
      native: null,
    });
  });

  it('shows a broken file with the place', async () => {
    const called = await siglab(['litmus', join(folder, 'broken.txt')]);
    expectRefused(called, /broken\.txt:4:17: there is no system call "kil" here/);
  });

  it.each([
    [['litmus', 'nowhere.litmus'], 'there is no file or folder "nowhere.litmus"'],
    [['litmus', 'src/memory'], 'there is no .litmus file in src/memory'],
    [['litmus', 'litmus', '--keep', 'x'], '--keep keeps what --native compiles'],
    [['litmus', 'litmus', '--jobs', '2'], '--jobs are native runs: give --native'],
    [['litmus', 'litmus', '--native', '--jobs', '0'], '--jobs takes a whole number, from 1 to 256, not "0"'],
    [['litmus', 'litmus', '--iterations', '0'], '--iterations takes a whole number, 1 or more, not "0"'],
  ])('refuses %j', async (args, sentence) => {
    expectRefused(await siglab(args), sentence);
  });

  it('runs natively, or says why it cannot', async () => {
    const called = await siglab(['litmus', join(folder, 'right.litmus'), '--native', '--iterations', '50', '--json']);
    const why = await whyNotNative();
    if (why !== null) return expectRefused(called, why);
    const [file] = JSON.parse(called.stdout) as { native: { iterations: number; notAllowed: string[] } }[];
    expect(called.status).toBe(0);
    expect(file?.native).toMatchObject({ iterations: 50, notAllowed: [] });
  });

  it('keeps the C program in a folder, and refuses one that it cannot write to', async () => {
    const run = ['litmus', join(folder, 'right.litmus'), '--native', '--iterations', '1', '--keep'];
    const called = await siglab([...run, join(folder, 'kept')]);
    const why = await whyNotNative();
    if (why !== null) return expectRefused(called, why);
    expect((await readdir(join(folder, 'kept'))).toSorted()).toEqual([
      'kill-vs-exit',
      'kill-vs-exit.c',
      'litmus.h',
      'runner.h',
    ]);
    const file = join(folder, 'right.litmus');
    expectRefused(await siglab([...run, file]), `--keep: cannot write to ${file}: it is no folder`);
  });
});
