/** Random small models of threads, for laws that hold for all of them. */

import fc from 'fast-check';
import type { Model } from '../../src/machine/model.js';
import { defineModel } from '../../src/model/define.js';
import type { Mutex, Steps, Thread } from '../../src/model/thread.js';

const KINDS = [
  'load',
  'store',
  'add',
  'cas',
  'lock',
  'trylock',
  'rlock',
  'wlock',
  'until',
  'wait',
  'signal',
  'broadcast',
  'acquire',
  'release',
  'arrive',
  'spin',
  // What else the step accesses depends on what it finds.
  'load, then read',
  'load, then write',
  'add, then write or read',
  'cas, then write',
] as const;

/** What is done to plain variables with no regard to others, or under a lock: programs of these have data races. */
export const PLAIN_KINDS = [
  'read',
  'write',
  'lock, then write',
  'read lock, then read',
  'write lock, then write',
  'read, then store',
] as const;

/** A statement: what it does, to which of two, and with what. */
export type Statement = readonly [
  kind: (typeof KINDS)[number] | (typeof PLAIN_KINDS)[number],
  which: 0 | 1,
  value: 0 | 1 | 2,
];

const which = fc.constantFrom<0 | 1>(0, 1);
const value = fc.constantFrom<0 | 1 | 2>(0, 1, 2);
const statement: fc.Arbitrary<Statement> = fc.tuple(fc.constantFrom(...KINDS), which, value);

/** Two threads of up to four statements, or three of up to three. */
export const randomPrograms: fc.Arbitrary<readonly (readonly Statement[])[]> = fc.oneof(
  fc.array(fc.array(statement, { minLength: 1, maxLength: 4 }), { minLength: 2, maxLength: 2 }),
  fc.array(fc.array(statement, { minLength: 1, maxLength: 3 }), { minLength: 3, maxLength: 3 }),
);

/** The model of such programs. Its outcome has all that the threads saw, and what is left in the cells. */
export function programsModel(programs: readonly (readonly Statement[])[]): Model {
  return defineModel('random', (m) => {
    const cells = m.cells('cells', 2);
    const mutexes = [m.mutex('first mutex'), m.mutex('second mutex')] as const;
    const rwlock = m.rwlock('rwlock');
    const condition = m.condition('condition');
    const semaphore = m.semaphore('semaphore', 1);
    const barrier = m.barrier('barrier', programs.length);
    const seen = m.plains('seen', programs.length);
    const plain = m.plains('plain', 2);

    function* run(t: Thread, statements: readonly Statement[]): Steps<void> {
      const mine = seen[t.id];
      const held = new Set<Mutex>();
      const note = (found: number): void => {
        if (mine !== undefined) t.write(mine, Math.imul(t.read(mine), 7) + found + 1);
      };
      for (const [kind, at, given] of statements) {
        const [cell, mutex, own, other] = [cells[at], mutexes[at], plain[at], plain[1 - at]];
        if (cell === undefined || own === undefined || other === undefined) return;
        let found: number;
        switch (kind) {
          case 'load':
            note(yield t.load(cell));
            break;
          case 'store':
            yield t.store(cell, given);
            break;
          case 'add':
            note(yield t.fetchAdd(cell, 1));
            break;
          case 'cas':
            note(yield t.compareExchange(cell, given, given + 1));
            break;
          case 'lock':
            if (held.delete(mutex)) t.unlock(mutex);
            else {
              yield t.lock(mutex);
              held.add(mutex);
            }
            break;
          case 'trylock':
            if (held.has(mutex)) break;
            if (yield* t.tryLock(mutex)) held.add(mutex);
            else note(2);
            break;
          case 'rlock':
            yield t.readLock(rwlock);
            if (given !== 0) note(yield t.load(cell));
            t.readUnlock(rwlock);
            break;
          case 'wlock':
            yield t.writeLock(rwlock);
            if (given !== 0) yield t.store(cell, given);
            t.writeUnlock(rwlock);
            break;
          case 'until':
            yield t.until(cell, given);
            break;
          case 'wait':
            if (!held.delete(mutex)) yield t.lock(mutex);
            yield* t.wait(condition, mutex);
            t.unlock(mutex);
            break;
          case 'signal':
            yield* t.signal(condition);
            break;
          case 'broadcast':
            yield* t.broadcast(condition);
            break;
          case 'acquire':
            yield* t.acquire(semaphore);
            break;
          case 'release':
            yield t.release(semaphore);
            break;
          case 'arrive':
            note((yield* t.arrive(barrier)) ? 1 : 0);
            break;
          case 'spin':
            while ((yield t.load(cell)) === 0) yield t.relax();
            break;
          case 'read':
            note(t.read(own));
            break;
          case 'write':
            t.write(own, given + 1);
            break;
          case 'lock, then write':
            if (!held.has(mutex)) yield t.lock(mutex);
            t.write(own, given + 1);
            if (!held.has(mutex)) t.unlock(mutex);
            break;
          case 'read lock, then read':
            yield t.readLock(rwlock);
            note(t.read(own));
            t.readUnlock(rwlock);
            break;
          case 'write lock, then write':
            yield t.writeLock(rwlock);
            t.write(own, given);
            t.writeUnlock(rwlock);
            break;
          case 'read, then store':
            if (t.read(own) === given) yield t.store(cell, 1);
            break;
          case 'load, then read':
            found = yield t.load(cell);
            note(found === given ? t.read(own) : 9);
            break;
          case 'load, then write':
            found = yield t.load(cell);
            note(found);
            if (found === given) t.write(own, t.id + 1);
            break;
          case 'add, then write or read':
            found = yield t.fetchAdd(cell, 1);
            note(found);
            if (found === given) t.write(other, t.id + 1);
            else note(t.read(own));
            break;
          case 'cas, then write':
            found = yield t.compareExchange(cell, given, given + 1);
            note(found);
            if (found === given) t.write(other, t.id + 1);
            break;
        }
      }
      for (const mutex of held) t.unlock(mutex);
    }

    programs.forEach((statements, index) => {
      m.thread(`thread ${index}`, (t) => run(t, statements));
    });
    m.outcome((end) => [...seen, ...cells, ...plain].map((variable) => end.value(variable)).join(' '));
  });
}
