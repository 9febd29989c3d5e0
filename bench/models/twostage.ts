/**
 * Writers change two values under a lock each, one after the other; readers take it that they change together.
 * SCTBench: CS.twostage_bad and CS.twostage_100_bad; PERIOD: CS.twostage_20_bad (10 writers, 10 readers).
 */

import type { Model } from '../../src/machine/model.js';
import { defineModel } from '../../src/model/define.js';
import { createdByMain } from './main-thread.js';

/**
 * @param threads writers and readers, altogether
 * @param readers how many of them are readers
 * @param fixed the first lock is held over the second
 */
export function twostageModel(threads: number, readers = 1, fixed = false): Model {
  return defineModel(`twostage-${threads}`, (m) => {
    const create = createdByMain(m);
    const firstLock = m.mutex('first lock');
    const secondLock = m.mutex('second lock');
    const first = m.plain('first');
    const second = m.plain('second');
    for (let index = 1; index <= threads - readers; index++) {
      create(`writer ${index}`, function* (t) {
        yield t.lock(firstLock);
        t.write(first, 1);
        if (!fixed) t.unlock(firstLock);
        yield t.lock(secondLock);
        // As the original does: outside of the lock that protects it.
        t.write(second, t.read(first) + 1);
        t.unlock(secondLock);
        if (fixed) t.unlock(firstLock);
      });
    }
    for (let index = 1; index <= readers; index++) {
      create(`reader ${index}`, function* (t) {
        yield t.lock(firstLock);
        const seen = t.read(first);
        t.unlock(firstLock);
        if (seen === 0) return;
        yield t.lock(secondLock);
        const other = t.read(second);
        t.unlock(secondLock);
        t.assert(other === seen + 1, 'the second value is not from after the first');
      });
    }
  });
}
