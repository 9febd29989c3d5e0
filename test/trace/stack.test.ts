import { join } from 'node:path';
import { expect, it } from 'vitest';
import { simulatedFrames } from '../../src/trace/stack.js';
import { ROOT } from '../support/build.js';

/** The frames of a stack whose lines are these. */
function frames(...lines: readonly string[]): string[] {
  const stack = ['Error', ...lines.map((line) => `    at ${line}`)].join('\n');
  return simulatedFrames(stack).map(({ function: name, file, line }) => `${name} ${file}:${line}`);
}

const inRoot = (path: string): string => join(ROOT, path);

it('the kernel’s code is called as in the repository, built or not; the machine’s is left out', () => {
  expect(
    frames(
      `Kernel.kill_pid_info (${inRoot('src/kernel/signal/kill.ts')}:12:3)`,
      `FlatCpu.point (${inRoot('src/machine/controlled-cpu.ts')}:1:1)`,
      `Kernel.do_exit (file://${inRoot('dist/src/kernel/exit.js')}:34:5)`,
      `killer (${inRoot('scenarios/kill-vs-exec.ts')}:5:6)`,
    ),
  ).toEqual([
    'kill_pid_info src/kernel/signal/kill.ts:12',
    'do_exit src/kernel/exit.js:34',
    'killer scenarios/kill-vs-exec.ts:5',
  ]);
});

it('a user’s file has its name, wherever it lies: in the checkout, and in folders that are called as siglab’s are', () => {
  for (const path of [
    inRoot('race.ts'),
    inRoot('mine/race.ts'),
    '/home/me/src/machine/race.ts',
    '/home/me/src/race.ts',
  ]) {
    expect(frames(`steal (${path}:7:3)`, `thief 1 (${path}:9:10)`)).toEqual(['steal race.ts:7', 'thief 1 race.ts:9']);
  }
});

it('packages, tests and the engine are nobody’s code', () => {
  const others = [
    'node_modules/vitest/dist/runner.js',
    'test/model/x.test.ts',
    'dist/workers/parallel.js',
    'bin/siglab.js',
  ];
  expect(frames(...others.map((path) => `run (${inRoot(path)}:1:1)`), 'Generator.next (<anonymous>)')).toEqual([]);
  expect(frames('run (/home/me/node_modules/lib/index.js:1:1)', 'run (node:internal/modules/esm:1:1)')).toEqual([]);
});

it('ends where the machine runs the CPU: below are the frames of others, and of who called it', () => {
  for (const machine of ['ControlledMachine.runUntil', 'ControlledMachine.execute']) {
    expect(
      frames(
        'body (/home/me/race.ts:7:3)',
        `${machine} (${inRoot('src/machine/controlled.ts')}:2:2)`,
        'main (/home/me/main.ts:1:1)',
      ),
    ).toEqual(['body race.ts:7']);
  }
});
