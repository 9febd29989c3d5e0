/** Two additions, and a check that takes it that not both have been made. SCTBench: CS.lazy01_bad. */

import type { Model } from '../../src/machine/model.js';
import { defineModel } from '../../src/model/define.js';
import { createdByMain } from './main-thread.js';

export function lazy01Model(): Model {
  return defineModel('lazy01', (m) => {
    const create = createdByMain(m, 'in reverse');
    const lock = m.mutex('lock');
    const data = m.plain('data');
    create('check', function* (t) {
      yield t.lock(lock);
      t.assert(t.read(data) < 3, 'both have added');
      t.unlock(lock);
    });
    for (const added of [2, 1]) {
      create(`add ${added}`, function* (t) {
        yield t.lock(lock);
        t.write(data, t.read(data) + added);
        t.unlock(lock);
      });
    }
  });
}
