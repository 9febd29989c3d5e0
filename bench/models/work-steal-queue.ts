/**
 * A work-stealing queue after the THE protocol of Cilk: its owner pushes and pops at the tail, a thief steals at the head.
 * The room for one more element than there is lets a push overwrite what a thief is about to take. SCTBench:
 * CHESS.WorkStealQueue.
 *
 * Left out: that the mask and the pointer to the elements are two words; here the mask stands for both.
 */

import type { Model } from '../../src/machine/model.js';
import { defineModel } from '../../src/model/define.js';
import type { Cell, Steps, Thread } from '../../src/model/thread.js';

const ITEMS = 4;
const STEALS = 2;
/** Sizes that the queue grows through. */
const SIZES = [2, 4, 8];

/** @param fixed a push leaves one element free */
export function workStealQueueModel(fixed = false): Model {
  return defineModel('work-steal-queue', (m) => {
    const head = m.cell('head');
    const tail = m.cell('tail');
    const mask = m.cell('mask', 1);
    const lock = m.mutex('lock');
    const elements = new Map(SIZES.map((size) => [size - 1, m.cells(`elements of ${size}`, size)] as const));
    const done = m.cells('done', ITEMS);
    const element = (of: number, index: number): Cell => elements.get(of)?.[index & of] as Cell;

    function* steal(t: Thread): Steps<number> {
      yield t.lock(lock);
      const from = yield t.load(head);
      yield t.store(head, from + 1);
      let item = -1;
      if (from < (yield t.load(tail))) item = yield t.load(element(yield t.load(mask), from));
      else yield t.store(head, from);
      t.unlock(lock);
      return item;
    }

    function* pop(t: Thread): Steps<number> {
      const last = (yield t.load(tail)) - 1;
      yield t.store(tail, last);
      if ((yield t.load(head)) <= last) return yield t.load(element(yield t.load(mask), last));
      yield t.store(tail, last + 1);
      return yield* popLocked(t);
    }

    function* popLocked(t: Thread): Steps<number> {
      yield t.lock(lock);
      const last = (yield t.load(tail)) - 1;
      yield t.store(tail, last);
      let item = -1;
      if ((yield t.load(head)) <= last) item = yield t.load(element(yield t.load(mask), last));
      else yield t.store(tail, last + 1);
      if ((yield t.load(head)) > last) {
        yield t.store(head, 0);
        yield t.store(tail, 0);
        item = -1;
      }
      t.unlock(lock);
      return item;
    }

    function* push(t: Thread, item: number): Steps<void> {
      const at = yield t.load(tail);
      const size = yield t.load(mask);
      if (at < (yield t.load(head)) + size + (fixed ? 0 : 1)) {
        yield t.store(element(size, at), item);
        yield t.store(tail, at + 1);
      } else {
        yield* pushLocked(t, item);
      }
    }

    function* pushLocked(t: Thread, item: number): Steps<void> {
      yield t.lock(lock);
      const size = yield t.load(mask);
      const first = (yield t.load(head)) & size;
      const count = (yield t.load(tail)) - (yield t.load(head));
      yield t.store(head, first);
      yield t.store(tail, first + count);
      if (count >= size) {
        const grown = 2 * (size + 1) - 1;
        for (let index = 0; index < count; index++) {
          yield t.store(element(grown, index), yield t.load(element(size, first + index)));
        }
        yield t.store(mask, grown);
        yield t.store(head, 0);
        yield t.store(tail, count);
      }
      const at = yield t.load(tail);
      yield t.store(element(yield t.load(mask), at), item);
      yield t.store(tail, at + 1);
      t.unlock(lock);
    }

    function* operate(t: Thread, item: number): Steps<void> {
      if (item >= 0) yield t.fetchAdd(done[item] as Cell, 1);
    }

    const thief = m.spawned('thief', function* (t) {
      for (let attempt = 0; attempt < STEALS; attempt++) yield* operate(t, yield* steal(t));
    });
    m.thread('owner', function* (t) {
      yield t.start(thief);
      for (let round = 0; round < ITEMS / 2; round++) {
        yield* push(t, 2 * round);
        yield* push(t, 2 * round + 1);
        yield* operate(t, yield* pop(t));
      }
      for (let round = 0; round < ITEMS / 2; round++) yield* operate(t, yield* pop(t));
      yield t.join(thief);
    });
    m.finally((end) => {
      for (const [item, one] of done.entries()) {
        end.assert(end.value(one) === 1, `item ${item} was done ${end.value(one)} times`);
      }
    });
  });
}
