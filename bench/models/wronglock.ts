/**
 * One thread adds to a value under a lock, others under another lock. SCTBench: CS.wronglock_bad (7 others) and
 * CS.wronglock_3_bad (3 others).
 */

import type { Model } from '../../src/machine/model.js';
import { defineModel } from '../../src/model/define.js';
import { createdByMain } from './main-thread.js';

/**
 * @param others how many use the wrong lock
 * @param fixed they use the right one
 */
export function wronglockModel(others: number, fixed = false): Model {
  return defineModel(`wronglock-${others}`, (m) => {
    const create = createdByMain(m);
    const dataLock = m.mutex('data lock');
    const otherLock = fixed ? dataLock : m.mutex('other lock');
    const value = m.cell('value');
    create('right', function* (t) {
      yield t.lock(dataLock);
      const seen = yield t.load(value);
      yield t.store(value, (yield t.load(value)) + 1);
      t.assert((yield t.load(value)) === seen + 1, 'another has changed the value');
      t.unlock(dataLock);
    });
    for (let index = 1; index <= others; index++) {
      create(`other ${index}`, function* (t) {
        yield t.lock(otherLock);
        yield t.store(value, (yield t.load(value)) + 1);
        t.unlock(otherLock);
      });
    }
  });
}
