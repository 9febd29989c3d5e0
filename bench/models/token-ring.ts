/**
 * Three threads hand a value on, each in one atomic block, in whatever order; a fourth takes it that all have the same in
 * the end. SCTBench: CS.token_ring_bad.
 */

import type { Model } from '../../src/machine/model.js';
import { defineModel } from '../../src/model/define.js';
import { createdByMain } from './main-thread.js';

export function tokenRingModel(): Model {
  return defineModel('token-ring', (m) => {
    const create = createdByMain(m, 'in reverse');
    const atomic = m.mutex('atomic block');
    const x1 = m.plain('x1', 1);
    const x2 = m.plain('x2', 2);
    const x3 = m.plain('x3', 1);
    const done = m.plains('done', 3);
    for (const [index, to, from, added] of [
      [0, x1, x3, 1],
      [1, x2, x1, 0],
      [2, x3, x2, 0],
    ] as const) {
      create(`thread ${index + 1}`, function* (t) {
        yield t.lock(atomic);
        t.write(to, (t.read(from) + added) % 4);
        t.write(done[index] as (typeof done)[number], 1);
        t.unlock(atomic);
      });
    }
    create('check', function* (t) {
      yield t.lock(atomic);
      if (done.every((one) => t.read(one) === 1)) {
        t.assert(t.read(x1) === t.read(x2) && t.read(x2) === t.read(x3), 'the values differ');
      }
      t.unlock(atomic);
    });
  });
}
