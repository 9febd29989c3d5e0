import { describe, expect, it } from 'vitest';
import { explore } from '../../src/explore/explore.js';
import { dfsStrategy } from '../../src/explore/strategies/dfs.js';
import { randomStrategy } from '../../src/explore/strategies/random.js';
import { killVsExecMachine, PATCHED } from '../support/kill-vs-exec.js';

describe('kill(2) to a process whose second thread is in execve(2)', () => {
  it('never says ESRCH and always kills, in all schedules with at most 2 preemptions', () => {
    const result = explore(killVsExecMachine(), { strategy: dfsStrategy(2) });
    expect(result).toMatchObject({ exhausted: true, found: null, violations: 0 });
    expect(result.outcomes).toEqual({ 'kill 0, died of SIGTERM': result.executions });
    expect(result.executions).toBeGreaterThan(1000);
  });

  it('looks the pid up again in some of these schedules: the race is there', () => {
    const machine = killVsExecMachine();
    const retries = machine.model.counters.indexOf('kill_pid_info.retry');
    expect(retries).toBeGreaterThanOrEqual(0);
    machine.counters.fill(0);
    explore(machine, { strategy: dfsStrategy(2) });
    expect(machine.counters[retries]).toBeGreaterThan(0);
  });

  it('holds in 2,000 executions at random, with the memory checker on', () => {
    const machine = killVsExecMachine();
    expect(machine.cpus.every((cpu) => cpu.checked)).toBe(true);
    const result = explore(machine, { strategy: randomStrategy(20), schedules: 2000, keepGoing: true });
    expect(result).toMatchObject({ executions: 2000, found: null, violations: 0 });
    expect(result.outcomes).toEqual({ 'kill 0, died of SIGTERM': 2000 });
  });

  it('says ESRCH for a living process without the retry, and that is found', () => {
    const { found } = explore(killVsExecMachine(PATCHED), { strategy: dfsStrategy(2) });
    expect(found?.violation.kind).toBe('invariant');
    expect(found?.violation.message).toMatch(/said ESRCH, but process 101 is alive/);
  });

  it('holds without the retry as long as nothing is preempted', () => {
    const result = explore(killVsExecMachine(PATCHED), { strategy: dfsStrategy(0) });
    expect(result).toMatchObject({ exhausted: true, found: null });
  });

  it('is violated in no other way without the retry', () => {
    const result = explore(killVsExecMachine(PATCHED), { strategy: dfsStrategy(2), keepGoing: true });
    expect(result.exhausted).toBe(true);
    expect(Object.keys(result.outcomes).sort()).toEqual(['kill -ESRCH, not reaped', 'kill 0, died of SIGTERM']);
    expect(result.outcomes['kill -ESRCH, not reaped']).toBe(result.violations);
  });
});
