/** A thread that does nothing but to start the others, as `main` of a program with pthreads does. */

import type { ModelBuilder } from '../../src/model/define.js';
import type { ThreadBody, ThreadRef } from '../../src/model/thread.js';

/**
 * Declares `main`: it starts the threads that are created with what this returns, in their order, and then waits for them.
 *
 * @param joins in which order it waits for them: that in which they are created, or the reverse
 */
export function createdByMain(
  m: ModelBuilder,
  joins: 'in order' | 'in reverse' = 'in order',
): (name: string, body: ThreadBody) => void {
  const created: ThreadRef[] = [];
  m.thread('main', function* (t) {
    for (const one of created) yield t.start(one);
    for (const one of joins === 'in order' ? created : created.toReversed()) yield t.join(one);
  });
  return (name, body) => {
    created.push(m.spawned(name, body));
  };
}
