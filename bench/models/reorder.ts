/**
 * Setters store to one cell and then to another; a checker takes it that both change at once. SCTBench: CS.reorder_3_bad,
 * CS.reorder_5_bad, CS.reorder_10_bad, CS.reorder_20_bad (10 setters, 10 checkers); PERIOD: CS.reorder_100_bad.
 */

import type { Model } from '../../src/machine/model.js';
import { defineModel } from '../../src/model/define.js';
import { createdByMain } from './main-thread.js';

/**
 * @param threads setters and checkers, altogether
 * @param checkers how many of them are checkers
 * @param reloads whether each mention of a variable in the condition is a load, as in code that is not optimised
 */
export function reorderModel(threads: number, checkers = 1, reloads = true): Model {
  return defineModel(`reorder-${threads}`, (m) => {
    const create = createdByMain(m);
    const a = m.cell('a');
    const b = m.cell('b');
    for (let index = 1; index <= threads - checkers; index++) {
      create(`setter ${index}`, function* (t) {
        yield t.store(a, 1);
        yield t.store(b, -1);
      });
    }
    for (let index = 1; index <= checkers; index++) {
      create(`checker ${index}`, function* (t) {
        const seenA = yield t.load(a);
        const seenB = seenA === 0 || !reloads ? yield t.load(b) : 0;
        const before = seenA === 0 && seenB === 0;
        const againA = reloads && !before ? yield t.load(a) : seenA;
        const againB = reloads && !before && againA === 1 ? yield t.load(b) : seenB;
        const after = againA === 1 && againB === -1;
        t.assert(before || after, 'only one of them has changed');
      });
    }
  });
}
