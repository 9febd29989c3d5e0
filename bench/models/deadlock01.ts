/** Two locks, taken in either order. SCTBench: CS.deadlock01_bad. */

import type { Model } from '../../src/machine/model.js';
import { defineModel } from '../../src/model/define.js';
import { createdByMain } from './main-thread.js';

/** @param fixed both threads take them in the same order */
export function deadlock01Model(fixed = false): Model {
  return defineModel('deadlock01', (m) => {
    const create = createdByMain(m);
    const a = m.mutex('a');
    const b = m.mutex('b');
    const counter = m.plain('counter', 1);
    for (const [name, outer, inner, change] of [
      ['up', a, b, 1],
      ['down', fixed ? a : b, fixed ? b : a, -1],
    ] as const) {
      create(name, function* (t) {
        yield t.lock(outer);
        yield t.lock(inner);
        t.write(counter, t.read(counter) + change);
        t.unlock(inner);
        t.unlock(outer);
      });
    }
  });
}
