/**
 * A driver is stopped while a request begins: it looks at the stopping flag before it counts itself. SCTBench:
 * CS.bluetooth_driver_bad.
 */

import type { Model } from '../../src/machine/model.js';
import { defineModel } from '../../src/model/define.js';
import type { Steps, Thread } from '../../src/model/thread.js';
import { createdByMain } from './main-thread.js';

/** @param fixed counts the request before it looks at the flag */
export function bluetoothDriverModel(fixed = false): Model {
  return defineModel('bluetooth-driver', (m) => {
    const create = createdByMain(m, 'in reverse');
    const pendingIo = m.cell('pendingIo', 1);
    const stoppingFlag = m.cell('stoppingFlag');
    const stoppingEvent = m.cell('stoppingEvent');
    const stopped = m.cell('stopped');

    function* decrement(t: Thread): Steps<void> {
      const before = yield t.fetchAdd(pendingIo, -1);
      if (before === 1) yield t.store(stoppingEvent, 1);
    }

    create('stop', function* (t) {
      yield t.store(stoppingFlag, 1);
      yield* decrement(t);
      if ((yield t.load(stoppingEvent)) === 1) yield t.store(stopped, 1);
    });
    create('add', function* (t) {
      if (fixed) yield t.fetchAdd(pendingIo, 1);
      const stopping = yield t.load(stoppingFlag);
      if (stopping === 0) {
        if (!fixed) yield t.fetchAdd(pendingIo, 1);
        t.assert((yield t.load(stopped)) === 0, 'the driver works after it was stopped');
      }
      yield* decrement(t);
    });
  });
}
