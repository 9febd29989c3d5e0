/**
 * One thread pushes and one pops, which looks at a flag that says that something was pushed once. SCTBench:
 * CS.stack_bad.
 */

import type { Model } from '../../src/machine/model.js';
import { defineModel } from '../../src/model/define.js';
import { createdByMain } from './main-thread.js';

const SIZE = 10;

/** @param fixed pops only where something is on the stack */
export function stackModel(fixed = false): Model {
  return defineModel('stack', (m) => {
    const create = createdByMain(m);
    const lock = m.mutex('lock');
    const top = m.plain('top');
    const flag = m.plain('flag');
    create('push', function* (t) {
      for (let round = 0; round < SIZE; round++) {
        yield t.lock(lock);
        t.assert(t.read(top) < SIZE, 'stack overflow');
        t.write(top, t.read(top) + 1);
        t.write(flag, 1);
        t.unlock(lock);
      }
    });
    create('pop', function* (t) {
      for (let round = 0; round < SIZE; round++) {
        yield t.lock(lock);
        if (fixed ? t.read(top) > 0 : t.read(flag) === 1) {
          t.assert(t.read(top) > 0, 'stack underflow');
          t.write(top, t.read(top) - 1);
        }
        t.unlock(lock);
      }
    });
  });
}
