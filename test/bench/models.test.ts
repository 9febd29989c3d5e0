import { describe, expect, it } from 'vitest';
import { counterModel } from '../../bench/models/counter.js';
import { killVsExecModel } from '../../bench/models/kill-vs-exec.js';
import { explore } from '../../src/explore/explore.js';

describe('counter', () => {
  it('loses no increment, in whatever order the threads take the lock', () => {
    // 2 threads take it 3 times each: 6!/(3!·3!) orders.
    const { found, exhausted, executions } = explore(counterModel(2, 3), { strategy: 'dpor' });
    expect({ found, exhausted, executions }).toEqual({ found: null, exhausted: true, executions: 20 });
  });
});

describe('kill against exec, small', () => {
  it('holds with the retry', () => {
    const { found, exhausted, redundant } = explore(killVsExecModel(), { strategy: 'dpor' });
    expect({ found, exhausted, redundant }).toEqual({ found: null, exhausted: true, redundant: 0 });
  });

  it('says ESRCH of a living process without it', () => {
    const { found } = explore(killVsExecModel(false), { strategy: 'dpor' });
    expect(found?.violation.message).toContain('kill said ESRCH, and the process lives');
  });
});
