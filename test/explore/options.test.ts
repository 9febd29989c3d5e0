import { describe, expect, it } from 'vitest';
import { explore } from '../../src/explore/explore.js';
import { checkOptions } from '../../src/explore/options.js';
import { defineModel } from '../../src/model/define.js';

const model = defineModel('two', (m) => {
  const cell = m.cell('cell');
  for (const name of ['first', 'second']) {
    m.thread(name, function* (t) {
      yield t.fetchAdd(cell, 1);
    });
  }
});

describe('an option of an exploration that cannot be', () => {
  it.each([
    [{ schedules: -1 }, 'schedules is a whole number from 0, not -1'],
    [{ schedules: Number.NaN }, 'schedules is a whole number from 0, not NaN'],
    [{ schedules: '10' as unknown as number }, 'schedules is a whole number from 0, not "10"'],
    [{ seconds: -0.1 }, 'seconds is a number from 0, not -0.1'],
    [{ seconds: Number.NaN }, 'seconds is a number from 0, not NaN'],
    [{ seed: 1.5 }, 'seed is a whole number from 0 to 4294967295, not 1.5'],
    [{ seed: 2 ** 32 }, 'seed is a whole number from 0 to 4294967295, not 4294967296'],
    [{ strategy: 'dfs', preemptions: -1 }, 'preemptions is a whole number from 0, not -1'],
    [{ strategy: 'dfs', delays: 0.5 }, 'delays is a whole number from 0, not 0.5'],
    [{ first: -1 }, 'first is a whole number from 0 to 9007199254740991, not -1'],
  ])('is refused before anything is executed: %j', (options, sentence) => {
    expect(() => explore(model, options)).toThrow(new RangeError(sentence));
  });

  it('is told from the ones that can', () => {
    checkOptions({});
    checkOptions({ schedules: Number.POSITIVE_INFINITY, seconds: Number.POSITIVE_INFINITY });
    checkOptions({ preemptions: Number.POSITIVE_INFINITY, delays: 0, seed: 0xffffffff, first: 0 });
    expect(explore(model, { strategy: 'dfs', schedules: 1, seconds: 0.5 }).executions).toBe(1);
  });
});
