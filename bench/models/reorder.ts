/**
 * Setters store to one cell and then to another; a checker takes it that both change at once. SCTBench: CS.reorder_3_bad,
 * CS.reorder_5_bad, CS.reorder_10_bad, CS.reorder_20_bad (10 setters, 10 checkers), and with 100 threads.
 *
 * Each cell is loaded once for a check, as an optimising compiler has it.
 */

import type { Model } from '../../src/machine/model.js';
import { defineModel } from '../../src/model/define.js';

/**
 * @param threads setters and checkers, altogether
 * @param checkers how many of them are checkers
 */
export function reorderModel(threads: number, checkers = 1): Model {
  return defineModel(`reorder-${threads}`, (m) => {
    const a = m.cell('a');
    const b = m.cell('b');
    for (let index = 1; index <= threads - checkers; index++) {
      m.thread(`setter ${index}`, function* (t) {
        yield t.store(a, 1);
        yield t.store(b, -1);
      });
    }
    for (let index = 1; index <= checkers; index++) {
      m.thread(`checker ${index}`, function* (t) {
        const first = yield t.load(a);
        const second = yield t.load(b);
        t.assert(second === -first, 'only one of them has changed');
      });
    }
  });
}
