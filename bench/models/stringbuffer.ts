/**
 * `append` of one string buffer to another: it takes the other's length and then its characters, each under the
 * other's lock, which it does not hold in between. SCTBench: CB.stringbuffer-jdk1.4.
 *
 * Left out: the characters themselves, and capacity.
 */

import type { Model } from '../../src/machine/model.js';
import { defineModel } from '../../src/model/define.js';
import { createdByMain } from './main-thread.js';

const LENGTH = 3;

/** @param fixed holds the other's lock all the time */
export function stringbufferModel(fixed = false): Model {
  return defineModel('stringbuffer', (m) => {
    const create = createdByMain(m);
    const lock = m.mutex('lock of buffer');
    const count = m.plain('length of buffer', LENGTH);
    const ownLock = m.mutex('lock of sb');
    const ownCount = m.plain('length of sb');
    create('erase and append', function* (t) {
      for (const change of [-LENGTH, LENGTH]) {
        yield t.lock(lock);
        t.write(count, t.read(count) + change);
        t.unlock(lock);
      }
    });
    create('append', function* (t) {
      yield t.lock(ownLock);
      yield t.lock(lock);
      const length = t.read(count);
      if (!fixed) {
        t.unlock(lock);
        yield t.lock(lock);
      }
      t.assert(length <= t.read(count), 'getChars past the end');
      t.unlock(lock);
      t.write(ownCount, t.read(ownCount) + length);
      t.unlock(ownLock);
    });
  });
}
