/**
 * my-model: a model of your own, without this kernel: shared cells, locks, and threads.
 *
 *     siglab explore ./my-model.ts           looks at schedule after schedule, and finds what is wrong below
 *     siglab replay TOKEN --file ./my-model.ts
 *
 * A thread is a generator function. What it does to something shared is a scheduling point, and is yielded: another
 * thread may move before it. docs/models.md of the package says what there is.
 */

import { defineModel } from 'siglab';

export const model = defineModel('my-model', (m) => {
  const count = m.cell('count', 0);

  for (const name of ['first', 'second']) {
    m.thread(name, function* (t) {
      // The race: the other thread may come between the load and the store. To close it, write
      //
      //     yield t.fetchAdd(count, 1);
      //
      // or declare a lock with `m.mutex('lock')`, and put `yield t.lock(lock)` before and `t.unlock(lock)` after.
      const seen = yield t.load(count);
      yield t.store(count, seen + 1);
    });
  }

  // What must hold when all threads have ended.
  m.finally((end) => end.assert(end.value(count) === 2, 'an increment was lost'));

  // What an execution came to, in words: executions are counted by it.
  m.outcome((end) => `count ${end.value(count)}`);
});
