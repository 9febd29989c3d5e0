/**
 * One thread enqueues and one dequeues, by turns; the one that dequeues compares with what its own round should have
 * brought. SCTBench: CS.queue_bad.
 *
 * Left out: that head and tail of the original skip an element where they wrap, which none of its rounds comes to.
 */

import type { Model } from '../../src/machine/model.js';
import { defineModel } from '../../src/model/define.js';
import type { Plain } from '../../src/model/thread.js';
import { createdByMain } from './main-thread.js';

const SIZE = 20;

/** @param fixed compares with what was stored in the element's place */
export function queueModel(fixed = false): Model {
  return defineModel('queue', (m) => {
    const create = createdByMain(m);
    const lock = m.mutex('lock');
    const elements = m.plains('element', SIZE + 1);
    const stored = m.plains('stored', SIZE);
    const head = m.plain('head');
    const tail = m.plain('tail');
    const mayEnqueue = m.plain('may enqueue', 1);
    const mayDequeue = m.plain('may dequeue');
    create('enqueue', function* (t) {
      let value = 0;
      const enqueue = (place: number): void => {
        t.write(elements[t.read(tail)] as Plain, value);
        t.write(tail, t.read(tail) + 1);
        t.write(stored[place] as Plain, value);
      };
      yield t.lock(lock);
      enqueue(0);
      t.unlock(lock);
      for (let round = 0; round < SIZE - 1; round++) {
        yield t.lock(lock);
        if (t.read(mayEnqueue) === 1) {
          value++;
          enqueue(fixed ? value : round + 1);
          t.write(mayEnqueue, 0);
          t.write(mayDequeue, 1);
        }
        t.unlock(lock);
      }
    });
    create('dequeue', function* (t) {
      for (let round = 0; round < SIZE; round++) {
        yield t.lock(lock);
        if (t.read(mayDequeue) === 1) {
          const from = t.read(head);
          const element = t.read(elements[from] as Plain);
          t.write(head, from + 1);
          t.assert(element === t.read(stored[fixed ? from : round] as Plain), 'another element than was stored');
          t.write(mayDequeue, 0);
          t.write(mayEnqueue, 1);
        }
        t.unlock(lock);
      }
    });
  });
}
