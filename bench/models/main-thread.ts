/** A thread that does nothing but to start the others, as `main` of a program with pthreads does. */

import type { ModelBuilder } from '../../src/model/define.js';
import type { ThreadBody, ThreadRef } from '../../src/model/thread.js';

/**
 * Declares `main`: it starts the threads that are created with what this returns, in their order, and then waits for them.
 *
 * @param joins false where `main` does not wait
 */
export function createdByMain(m: ModelBuilder, joins = true): (name: string, body: ThreadBody) => void {
  const created: ThreadRef[] = [];
  m.thread('main', function* (t) {
    for (const one of created) yield t.start(one);
    if (joins) for (const one of created) yield t.join(one);
  });
  return (name, body) => {
    created.push(m.spawned(name, body));
  };
}
