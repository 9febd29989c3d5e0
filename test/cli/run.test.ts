import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { documentOf, listAt, objectAt, siglab, siglabJson } from '../support/cli.js';
import { CPUS, PATCH, PATCHED, SCENARIO } from '../support/kill-vs-exec.js';

function sumOf(counts: Record<string, unknown>): number {
  return Object.values(counts).reduce<number>((sum, count) => sum + Number(count), 0);
}

describe('siglab run', () => {
  it('prints one JSON document with every field of the contract', async () => {
    const { status, document } = await siglabJson('run', SCENARIO, '--iterations', '200');
    expect(status).toBe(0);
    expect(document).toMatchObject({
      scenario: SCENARIO,
      patches: [],
      cpus: CPUS,
      iterations: 200,
      outcomes: { 'kill 0, died of SIGTERM': 200 },
      verdict: 'holds',
      violations: [],
    });
    expect(document.seconds).toBeGreaterThan(0);
    const counters = objectAt(document, 'counters');
    expect(counters['kill_pid_info.retry']).toBeTypeOf('number');
    expect(Number(counters.syscalls)).toBeGreaterThan(200);
  });

  it('prints the iterations, the outcomes, the counters and the verdict as text', async () => {
    const { status, stdout, stderr } = await siglab(['run', SCENARIO, '--iterations', '50']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^50 iterations in [\d.]+ s/);
    expect(stdout).toMatch(/^ +50 × kill 0, died of SIGTERM$/m);
    expect(stdout).toMatch(/syscalls \d/);
    expect(stdout).toMatch(/^the claim held in every iteration$/m);
  });

  it.each(['none', 'low', 'high'])('holds with noise %s', async (noise) => {
    const { status, document } = await siglabJson('run', SCENARIO, '--iterations', '100', '--noise', noise);
    expect({ status, verdict: document.verdict, iterations: document.iterations }).toEqual({
      status: 0,
      verdict: 'holds',
      iterations: 100,
    });
  });

  it.each([1, 2, 5])('runs on %i CPUs where told to', async (cpus) => {
    const { status, document } = await siglabJson('run', SCENARIO, '--iterations', '20', '--cpus', String(cpus));
    expect({ status, cpus: document.cpus, verdict: document.verdict }).toEqual({ status: 0, cpus, verdict: 'holds' });
  });
});

describe('siglab run --record', () => {
  it('gives each outcome and each violation a token, which replays to the same', async () => {
    const call = [
      'run',
      'pause-wakeup',
      '--patch',
      'schedule-ignores-pending',
      '--iterations',
      '100',
      '--noise',
      'none',
    ];
    const { status, document } = await siglabJson(...call, '--record');
    const recorded = listAt(document, 'recorded');
    expect(recorded.map(({ reason }) => reason)).toEqual(recorded.map(() => null));
    for (const { token, outcome } of recorded.slice(0, 2)) {
      const again = await siglabJson('replay', String(token));
      expect(again.document.outcome).toBe(outcome);
    }
    const violations = listAt(document, 'violations');
    expect(status).toBe(violations.length === 0 ? 0 : 1);
    for (const { token } of violations) expect(token).toMatch(/^sl1\.pause-wakeup@2\+schedule-ignores-pending\./);
  });

  it('writes the events of a run to a file, for Perfetto if it ends in .json', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'siglab-run-'));
    try {
      const text = join(folder, 'run.txt');
      const json = join(folder, 'run.json');
      const { status, stdout } = await siglab(['run', SCENARIO, '--iterations', '5', '--trace', text]);
      expect(status).toBe(0);
      expect(stdout).toContain(`trace of iteration 0 written to ${text}`);
      expect(stdout).toMatch(/^recorded in iteration 0, kill 0, died of SIGTERM:\n {2}sl1\./m);
      expect(readFileSync(text, 'utf8')).toMatch(/^# +TASK-PID.*\n +task-\d+ +\[00\d\] .*: sched_process_exit: /ms);
      await siglab(['run', SCENARIO, '--iterations', '5', '--trace', json]);
      expect(JSON.parse(readFileSync(json, 'utf8'))).toHaveProperty('traceEvents');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('refuses a file that cannot be written', async () => {
    const { status, stderr } = await siglab(['run', SCENARIO, '--iterations', '2', '--trace', '/no/such/folder/t']);
    expect(status).toBe(2);
    expect(stderr).toMatch(/^siglab: --trace: cannot write to .*: /);
  });
});

describe('siglab run with a patch that breaks the claim', () => {
  const iterations = 10_000;
  let status: number | null = null;
  let document: Record<string, unknown> = {};

  beforeAll(async () => {
    const call = ['run', SCENARIO, '--patch', PATCH, '--iterations', String(iterations), '--noise', 'high', '--json'];
    const called = await siglab(call);
    status = called.status;
    document = documentOf(called);
  });

  it('ends with status 1 and lists what was violated', () => {
    expect(status).toBe(1);
    expect(document).toMatchObject({ scenario: SCENARIO, patches: PATCHED, iterations, verdict: 'violated' });
    const violations = listAt(document, 'violations');
    expect(violations.length).toBeGreaterThan(0);
    for (const violation of violations) {
      expect(Object.keys(violation)).toEqual(expect.arrayContaining(['kind', 'message', 'iteration', 'token']));
      expect(Number(violation.iteration)).toBeLessThan(iterations);
    }
    const broken = violations.filter(({ kind }) => kind === 'invariant');
    expect(broken.length).toBeGreaterThan(0);
    for (const { message } of broken) expect(message).toMatch(/said ESRCH, but process 101 is alive/);
  });

  it('counts an outcome for each iteration', () => {
    expect(sumOf(objectAt(document, 'outcomes'))).toBe(iterations);
  });

  // hostCpu marks a broken iteration with a value in CTL_IDLE, and a CPU that comes to rest or wakes afterwards adds to
  // it: the mark is lost, and CPU 0 judges the iteration's end as well, as a hung task that is none.
  it('reports each broken iteration once', () => {
    const numbers = listAt(document, 'violations').map(({ iteration }) => iteration);
    expect(numbers.length).toBe(new Set(numbers).size);
    expect(document.violationCount).toBe(objectAt(document, 'outcomes')['kill -ESRCH, not reaped']);
  });

  it('says so as text too', async () => {
    const call = ['run', SCENARIO, '--patch', PATCH, '--iterations', String(iterations), '--noise', 'high'];
    const { status: ended, stdout, stderr } = await siglab(call);
    expect({ ended, stderr }).toEqual({ ended: 1, stderr: '' });
    expect(stdout).toMatch(/^violated \d+ times, first in iteration \d+:$/m);
    expect(stdout).toMatch(/^ {2}invariant: kill\(101, SIGTERM\) said ESRCH/m);
  });
});
