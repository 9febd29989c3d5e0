import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { reorderModel } from '../../../bench/models/reorder.js';
import { twostageModel } from '../../../bench/models/twostage.js';
import { explore } from '../../../src/explore/explore.js';
import { STRATEGY_NAMES } from '../../../src/explore/strategies/index.js';
import { posStrategy } from '../../../src/explore/strategies/pos.js';
import { rffStrategy } from '../../../src/explore/strategies/rff.js';
import { ControlledMachine } from '../../../src/machine/controlled.js';
import type { Model } from '../../../src/machine/model.js';
import { defineModel } from '../../../src/model/define.js';
import { walk } from '../../support/walk.js';

/** Executions to the first violation, the median of 9 seeds. */
function median(model: Model): number {
  const executions = Array.from({ length: 9 }, (_, seed) => {
    const { found } = explore(model, { strategy: rffStrategy(seed + 1), schedules: 500 });
    return found?.execution ?? Number.POSITIVE_INFINITY;
  });
  return executions.sort((a, b) => a - b)[4] as number;
}

describe('greybox search by reads-from pairs', () => {
  // At random one in some 100 executions has the only reader before the second write of any of the writers.
  it('finds one order among 50 threads with the same code in a few executions', () => {
    expect(median(twostageModel(50))).toBeLessThan(20);
    expect(median(reorderModel(50))).toBeLessThan(20);
  });

  it('has a read wait for a write that comes late', () => {
    // At random the reader comes after all 12 steps of the writer once in 2^12 executions.
    const model = defineModel('late', (m) => {
      const flag = m.cell('flag');
      const other = m.cell('other');
      m.thread('writer', function* (t) {
        for (let step = 0; step < 12; step++) yield t.fetchAdd(other, 1);
        yield t.store(flag, 1);
      });
      m.thread('reader', function* (t) {
        t.assert((yield t.load(flag)) === 0, 'the reader came late');
      });
    });
    expect(median(model)).toBeLessThan(20);
  });

  it('is partial order sampling where it has no constraint, as in its first execution', () => {
    const machine = new ControlledMachine(reorderModel(10), { footprints: true });
    for (let seed = 1; seed <= 5; seed++) {
      expect(walk(machine, rffStrategy(seed), 1)).toEqual(walk(machine, posStrategy(seed), 1));
    }
  });

  it('refuses a machine without footprints', () => {
    const machine = new ControlledMachine(reorderModel(3));
    const strategy = rffStrategy(1);
    strategy.begin();
    expect(() => machine.execute(strategy)).toThrow('rff needs a machine that keeps footprints');
  });
});

describe('docs/strategies.md', () => {
  it('has a row and a section for each strategy', () => {
    const text = readFileSync('docs/strategies.md', 'utf8');
    for (const name of STRATEGY_NAMES) {
      expect(text).toContain(`| \`${name}\``);
      expect(text).toMatch(new RegExp(`^## .*\`${name}\``, 'm'));
    }
  });
});
