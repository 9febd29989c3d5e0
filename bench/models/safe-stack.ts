/**
 * A lock-free stack on which a thread can pop what another has: it takes five preemptions. SCTBench: Safestack, a
 * puzzle by Dmitry Vyukov.
 */

import type { Model } from '../../src/machine/model.js';
import { defineModel } from '../../src/model/define.js';
import type { Cell, Steps, Thread } from '../../src/model/thread.js';
import { createdByMain } from './main-thread.js';

const THREADS = 3;
const ROUNDS = 2;
const NOTHING = -1;

export function safeStackModel(): Model {
  return defineModel('safe-stack', (m) => {
    const create = createdByMain(m);
    const head = m.cell('head');
    const count = m.cell('count', THREADS);
    const nexts = Array.from({ length: THREADS }, (_, index) =>
      m.cell(`next of ${index}`, index + 1 < THREADS ? index + 1 : NOTHING),
    );
    const values = m.cells('value', THREADS, NOTHING);
    const next = (index: number): Cell => nexts[index] as Cell;
    const value = (index: number): Cell => values[index] as Cell;

    function* pop(t: Thread): Steps<number> {
      while ((yield t.load(count)) > 1) {
        const first = yield t.load(head);
        t.assert(first >= 0, 'the stack has no head, and should have elements');
        const second = yield t.exchange(next(first), NOTHING);
        if (second >= 0) {
          if ((yield t.compareExchange(head, first, second)) === first) {
            yield t.fetchAdd(count, -1);
            return first;
          }
          yield t.exchange(next(first), second);
        } else {
          yield t.relax();
        }
      }
      return NOTHING;
    }

    function* push(t: Thread, index: number): Steps<void> {
      for (let first = yield t.load(head); ; ) {
        yield t.store(next(index), first);
        const found = yield t.compareExchange(head, first, index);
        if (found === first) break;
        first = found;
      }
      yield t.fetchAdd(count, 1);
    }

    for (let id = 0; id < THREADS; id++) {
      create(`thread ${id}`, function* (t) {
        for (let round = 0; round < ROUNDS; round++) {
          let taken = yield* pop(t);
          while (taken === NOTHING) {
            yield t.relax();
            taken = yield* pop(t);
          }
          yield t.store(value(taken), id);
          t.assert((yield t.load(value(taken))) === id, 'two threads have the same element');
          yield* push(t, taken);
        }
      });
    }
  });
}
