/** Threads that add to one count under a lock. */

import type { Model } from '../../src/machine/model.js';
import { defineModel } from '../../src/model/define.js';
import { createdByMain } from './main-thread.js';

/**
 * @param threads how many
 * @param rounds how often each takes the lock, adds 1 and releases it
 */
export function counterModel(threads = 3, rounds = 5): Model {
  return defineModel('counter', (m) => {
    const create = createdByMain(m);
    const lock = m.mutex('lock');
    const count = m.plain('count');
    for (let index = 0; index < threads; index++) {
      create(`thread ${index}`, function* (t) {
        for (let round = 0; round < rounds; round++) {
          yield t.lock(lock);
          t.write(count, t.read(count) + 1);
          t.unlock(lock);
        }
      });
    }
    m.finally((end) => end.assert(end.value(count) === threads * rounds, 'an increment was lost'));
  });
}
