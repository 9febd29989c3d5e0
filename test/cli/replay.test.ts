import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { minimize } from '../../src/explore/minimize.js';
import { encodeToken } from '../../src/explore/token.js';
import { listAt, objectAt, siglab, siglabJson, textAt } from '../support/cli.js';
import {
  CPUS,
  failingSchedule,
  killVsExecMachine,
  PATCHED,
  randomSchedule,
  SCENARIO,
  UNPATCHED,
} from '../support/kill-vs-exec.js';

const machine = killVsExecMachine(PATCHED);
const { schedule: found } = failingSchedule(machine, 1);
const minimal = minimize(machine, found);

function tokenOf(schedule: Uint8Array, patches = PATCHED): string {
  return encodeToken({ scenario: SCENARIO, patches, cpus: CPUS, schedule });
}

const FAILING = tokenOf(found);
const MINIMAL = tokenOf(minimal.schedule);
const HOLDING = tokenOf(randomSchedule(killVsExecMachine(), 1), UNPATCHED);
const MESSAGE = 'kill(101, SIGTERM) said ESRCH, but process 101 is alive: its parent has not waited for it';

/** Escape sequences begin with this; none may come where there is no terminal. */
const ESCAPE = '\u001b';

/** The cells of a table, without its borders. */
function cellsOf(line: string): string[] {
  return line
    .split('│')
    .slice(1, -1)
    .map((cell) => cell.trim());
}

describe('siglab replay', () => {
  it.each(['controlled', 'lockstep'])('on the %s machine prints one JSON document with every field', async (name) => {
    const { status, document } = await siglabJson('replay', MINIMAL, '--machine', name);
    expect(status).toBe(1);
    expect(document).toMatchObject({ token: MINIMAL, machine: name, verdict: 'violated' });
    expect(document.traceHash).toMatch(/^[0-9a-f]{16}$/);
    expect(objectAt(document, 'violation')).toMatchObject({ kind: 'invariant', message: MESSAGE });
    expect(listAt(document, 'events').length).toBeGreaterThan(minimal.steps);
  });

  it('has the same events and the same hash on both machines', async () => {
    for (const token of [FAILING, HOLDING]) {
      const here = (await siglabJson('replay', token)).document;
      const there = (await siglabJson('replay', token, '--machine', 'lockstep')).document;
      expect(there.events).toEqual(here.events);
      expect(there.traceHash).toBe(here.traceHash);
      expect({ ...there, machine: '' }).toEqual({ ...here, machine: '' });
    }
  });

  it('prints the same document for --format json as for --json', async () => {
    const { status, stdout } = await siglab(['replay', MINIMAL, '--format', 'json']);
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toEqual((await siglabJson('replay', MINIMAL)).document);
  });

  it('ends with status 0 where the claim holds', async () => {
    const { status, document } = await siglabJson('replay', HOLDING);
    expect(status).toBe(0);
    expect(document).toMatchObject({ verdict: 'holds', violation: null });
    const asText = await siglab(['replay', HOLDING]);
    expect(asText).toMatchObject({ status: 0, stderr: '' });
    expect(asText.stdout).toMatch(/^the claim holds in this execution: kill 0, died of SIGTERM$/m);
    expect(asText.stdout).not.toContain('BUG:');
  });

  it('prints the events in the columns of ftrace', async () => {
    const { status, stdout } = await siglab(['replay', MINIMAL, '--format', 'ftrace']);
    expect(status).toBe(1);
    const lines = stdout.trimEnd().split('\n');
    expect(lines[0]).toMatch(/^# +TASK-PID +CPU# +TIMESTAMP +EVENT$/);
    for (const line of lines.slice(1)) expect(line).toMatch(/^ *(?:task|idle)-\d+ +\[00[0-2]\] +0\.\d{6}: \w+:/);
    const { document } = await siglabJson('replay', MINIMAL);
    expect(lines.length - 1).toBe(listAt(document, 'events').length);
  });

  it('keeps the columns of ftrace for a task that has changed its pid', async () => {
    const { stdout } = await siglab(['replay', MINIMAL, '--format', 'ftrace']);
    const columns = stdout
      .trimEnd()
      .split('\n')
      .slice(1)
      .map((line) => line.indexOf(' ['));
    expect(new Set(columns).size).toBe(1);
  });

  it('prints a trace for Perfetto as one JSON document', async () => {
    const { status, stdout, stderr } = await siglab(['replay', MINIMAL, '--format', 'perfetto']);
    expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
    const trace = JSON.parse(stdout) as { traceEvents: unknown[]; otherData: Record<string, unknown> };
    expect(trace.otherData).toMatchObject({ token: MINIMAL, violation: MESSAGE });
    expect(trace.traceEvents.length).toBeGreaterThan(minimal.steps);
  });

  it('prints the state at a step, as text and as a document', async () => {
    const step = String(minimal.steps - 5);
    const { status, stdout, stderr } = await siglab(['replay', MINIMAL, '--step', step]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain(`after step ${step} of ${minimal.steps}`);
    expect(stdout).toMatch(/^CPU 0: task 100\n {2}about to read\(task 101 real_cred\)/m);
    expect(stdout).toMatch(/^tasks\n {2}task 100 is runnable/m);
    const { document } = await siglabJson('replay', MINIMAL, '--step', step);
    expect(document).toMatchObject({ step: Number(step), steps: minimal.steps });
    expect(listAt(document, 'cpus')).toHaveLength(CPUS);
    expect(listAt(document, 'objects').some(({ struct }) => struct === 'task_struct')).toBe(true);
  });

  it('refuses a step that there is not', async () => {
    const { status, stderr } = await siglab(['replay', MINIMAL, '--step', String(minimal.steps + 1)]);
    expect(status).toBe(2);
    expect(stderr).toBe(
      `siglab: --step takes a whole number, from 0 to ${minimal.steps}, not "${minimal.steps + 1}"\n`,
    );
  });

  it('says why a schedule does not fit, and follows it as far as it can with --loose', async () => {
    const token = tokenOf(Uint8Array.of(2, 2, 2, 2, 2, 2, 2, 2, 2, 2));
    const strict = await siglab(['replay', token]);
    expect(strict.status).toBe(2);
    expect(strict.stderr).toMatch(
      /^siglab: the schedule does not fit: decision \d+, at step \d+, names CPU 2, which cannot move there: it .+\n$/,
    );
    const loose = await siglab(['replay', token, '--loose']);
    expect(loose.stderr).toBe('');
    expect(loose.stdout).toMatch(/^ {2}decision \d+, at step \d+, names CPU 2, which cannot move there/m);
    const { document } = await siglabJson('replay', token, '--loose');
    expect(listAt(document, 'departures').length).toBeGreaterThan(0);
  });

  it('says on the lockstep machine that it went the same way', async () => {
    const { status, stdout } = await siglab(['replay', MINIMAL, '--machine', 'lockstep']);
    expect(status).toBe(1);
    const { document } = await siglabJson('replay', MINIMAL);
    expect(stdout).toContain(
      `replayed on ${CPUS} threads in lockstep, trace ${textAt(document, 'traceHash')}: the same, event for event`,
    );
  });

  it('writes no escape sequences into a pipe, in any format', async () => {
    for (const format of ['story', 'ftrace', 'perfetto', 'json']) {
      const { stdout, stderr } = await siglab(['replay', MINIMAL, '--format', format]);
      expect(stdout).not.toContain(ESCAPE);
      expect(stderr).toBe('');
    }
    const explored = ['explore', SCENARIO, '--schedules', '2500'];
    for (const args of [['list'], ['show', SCENARIO], explored, ['run', SCENARIO, '--iterations', '10']]) {
      const { stdout, stderr } = await siglab(args);
      expect(stdout).not.toContain(ESCAPE);
      expect(stderr).toBe('');
    }
  });
});

describe('the story of a violation', () => {
  let story = '';
  let stacks = '';
  let rows: string[][] = [];

  beforeAll(async () => {
    story = (await siglab(['replay', MINIMAL])).stdout;
    stacks = (await siglab(['replay', MINIMAL, '--stacks'])).stdout;
    rows = story
      .split('\n')
      .filter((line) => line.startsWith('│'))
      .map(cellsOf);
  });

  it('begins with an account in plain words, and says what went wrong, why, and what it takes', () => {
    const parts = [
      'What happens, in plain words',
      'calls kill(101, SIGTERM): it asks the kernel to send SIGTERM to process 101',
      'What went wrong',
      'The claim: kill never says ESRCH',
      'Why: the kernel has the patch no-kill-retry',
      'What it takes',
      'without this switch: kill 0, died of SIGTERM; no violation',
      'Step by step',
    ];
    const places = parts.map((part) => story.indexOf(part));
    expect(places.every((at) => at >= 0)).toBe(true);
    expect(places).toEqual([...places].sort((a, b) => a - b));
  });

  it('has a column for each CPU between the step and the locks', () => {
    expect(rows[0]).toEqual(['step', 'CPU 0', 'CPU 1', 'CPU 2', 'locks held']);
    for (const cells of rows.slice(1)) {
      expect(cells).toHaveLength(CPUS + 2);
      // One CPU moves at a time, so that a line has text in one of the columns at most.
      expect(cells.slice(1, -1).filter((cell) => cell !== '').length).toBeLessThanOrEqual(1);
    }
  });

  it('tells each CPU apart: each of them does something', () => {
    for (let cpu = 0; cpu < CPUS; cpu++) {
      expect(rows.slice(1).some((cells) => cells[cpu + 1] !== '')).toBe(true);
    }
  });

  it('numbers the steps in order, from 1 to the last', () => {
    const steps = rows.slice(1).flatMap((cells) => (cells[0] === '' ? [] : [Number(cells[0])]));
    expect(steps[0]).toBe(1);
    expect(steps).toEqual([...steps].sort((a, b) => a - b));
    expect(steps.at(-1)).toBe(minimal.steps);
  });

  it('marks every context switch, and nothing else', () => {
    const marks = rows.slice(1).map((cells) => cells.slice(1, -1).findIndex((cell) => cell.startsWith('▶')));
    const marked = marks.filter((cpu) => cpu >= 0);
    expect(marked.length).toBeGreaterThan(minimal.preemptions);
    // A mark stands where the CPU is another than that of the mark before.
    for (let at = 1; at < marked.length; at++) expect(marked[at]).not.toBe(marked[at - 1]);
    // And nowhere else does the CPU change.
    let current = -1;
    for (const cells of rows.slice(1)) {
      const cpu = cells.slice(1, -1).findIndex((cell) => cell !== '');
      if (cpu < 0 || cpu === current) continue;
      expect(cells[cpu + 1]).toMatch(/^▶ /);
      current = cpu;
    }
  });

  it('names de_thread and the file and line that it stands at', () => {
    const [, line = ''] = /\bde_thread exec\.ts:(\d+)/.exec(story) ?? [];
    expect(lineOf('src/kernel/exec.ts', Number(line))).toMatch(/spin_lock_irq/);
    expect(functionAt('src/kernel/exec.ts', Number(line))).toBe('de_thread');
  });

  it('names kill_pid_info with the file and line, where the patch has put another in its place', () => {
    expect(oneLine(stacks)).toMatch(/kill_pid_info \(src\/patches\/no-kill-retry\.ts:\d+\)/);
  });

  it('names kill_pid_info without the stacks too, with the patch and where the kernel looks again', async () => {
    expect(oneLine(story)).toMatch(/\bkill_pid_info \S+\.ts:\d+/);
    const { stdout } = await siglab(['replay', tokenOf(minimal.schedule, UNPATCHED)]);
    expect(oneLine(stdout)).toMatch(/\bkill_pid_info kill\.ts:\d+/);
  });

  it('gives every frame the line of the TypeScript source that it stands at', () => {
    const frames = new Set(oneLine(stacks).match(/\w+ \((?:src\/kernel|src\/patches|scenarios)\/[\w/-]+\.ts:\d+\)/g));
    expect(frames.size).toBeGreaterThan(20);
    for (const frame of frames) {
      const [, name, file = '', line] = /^(\w+) \((.+):(\d+)\)$/.exec(frame) ?? [];
      expect(functionAt(file, Number(line)), frame).toBe(name);
    }
  });

  it('cuts nothing short: every frame has its whole position, every lock its whole name', () => {
    expect(story).not.toContain('…');
    expect(stacks).not.toContain('…');
  });

  it('ends with the violation, its report and its token', () => {
    const lines = story.trimEnd().split('\n');
    const table = lines.findLastIndex((line) => line.startsWith('└'));
    const report = lines.slice(table + 1);
    expect(report.join('\n')).toContain(`BUG: invariant: ${MESSAGE}`);
    expect(report.at(-2)).toBe(`token: ${MINIMAL}`);
    expect(report.at(-1)).toMatch(/^=+$/);
    // The last thing that the table tells is what the claim forbids.
    expect(oneLine(story)).toMatch(/kill returns -ESRCH/);
  });
});

describe('siglab minimize', () => {
  it('prints one JSON document with the smaller token, and ends with status 0', async () => {
    const { status, document } = await siglabJson('minimize', FAILING);
    expect(status).toBe(0);
    expect(document).toMatchObject({
      token: FAILING,
      minimalToken: MINIMAL,
      switches: minimal.preemptions,
      switchDetails: minimal.switches.map(({ step, from, to }) => ({ step, from, to })),
      violation: { kind: 'invariant', message: MESSAGE },
    });
  });

  it('prints the token on a line of its own, and how many switches it takes', async () => {
    const { status, stdout, stderr } = await siglab(['minimize', FAILING]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const [token = '', sentence = ''] = stdout.split('\n');
    expect(token).toBe(MINIMAL);
    expect(sentence).toMatch(/^\d switch(es)? that blocking does not force/);
    expect((await siglab(['replay', token])).status).toBe(1);
  });

  it('refuses a token that does not fail', async () => {
    const { status, stdout, stderr } = await siglab(['minimize', HOLDING]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toBe('siglab: there is nothing to minimize: the schedule does not fail\n');
  });
});

/** A story's cells, with what the table wrapped put together again. */
function oneLine(text: string): string {
  return text
    .split('\n')
    .flatMap((line) => (line.startsWith('│') ? [cellsOf(line).slice(1, -1).join('')] : []))
    .join(' ')
    .replaceAll(/ +/g, ' ');
}

function lineOf(file: string, line: number): string {
  return readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8').split('\n')[line - 1] ?? '';
}

/** The function whose body a line is in: the nearest method above it. */
function functionAt(file: string, line: number): string | null {
  for (let at = line; at > 0; at--) {
    const [, name] = /^ {2,4}\*?([a-z_]\w*)(?:<.*>)?\(/.exec(lineOf(file, at)) ?? [];
    if (name !== undefined && !/^(if|for|while|switch|return)$/.test(name)) return name;
  }
  return null;
}
