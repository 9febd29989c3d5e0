/** Small models of threads with data races, which end an execution in the middle of a step. */

import fc from 'fast-check';
import type { Model } from '../../src/machine/model.js';
import { defineModel } from '../../src/model/define.js';
import type { Mutex, Steps, Thread } from '../../src/model/thread.js';

const KINDS = [
  'read',
  'write',
  'load',
  'store',
  'lock',
  'lock, then write',
  'read lock, then read',
  'write lock, then write',
  'load, then read',
  'load, then write',
  'read, then store',
  'add, then write or read',
  'cas, then write',
] as const;

/** A statement: what it does, to which of two, and with what. */
export type RacyStatement = readonly [kind: (typeof KINDS)[number], which: 0 | 1, value: 0 | 1];
export type RacyPrograms = readonly (readonly RacyStatement[])[];

const bit = fc.constantFrom<0 | 1>(0, 1);
const statement: fc.Arbitrary<RacyStatement> = fc.tuple(fc.constantFrom(...KINDS), bit, bit);

/** Two threads of up to four statements, or three of up to two. */
export const racyPrograms: fc.Arbitrary<RacyPrograms> = fc.oneof(
  fc.array(fc.array(statement, { minLength: 1, maxLength: 4 }), { minLength: 2, maxLength: 2 }),
  fc.array(fc.array(statement, { minLength: 1, maxLength: 2 }), { minLength: 3, maxLength: 3 }),
);

/** The model of such programs. Its outcome has all that the threads saw, and what is left. */
export function racyModel(programs: RacyPrograms): Model {
  return defineModel('racy', (m) => {
    const cells = m.cells('cells', 2);
    const mutexes = [m.mutex('first mutex'), m.mutex('second mutex')] as const;
    const rwlock = m.rwlock('rwlock');
    const seen = m.plains('seen', programs.length);
    const plain = m.plains('plain', 2);

    function* run(t: Thread, statements: readonly RacyStatement[]): Steps<void> {
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
          case 'read':
            note(t.read(own));
            break;
          case 'write':
            t.write(own, given + 1);
            break;
          case 'load':
            note(yield t.load(cell));
            break;
          case 'store':
            yield t.store(cell, given);
            break;
          case 'lock':
            if (held.delete(mutex)) t.unlock(mutex);
            else {
              yield t.lock(mutex);
              held.add(mutex);
            }
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
          case 'load, then read':
            found = yield t.load(cell);
            note(found === given ? t.read(own) : 9);
            break;
          case 'load, then write':
            found = yield t.load(cell);
            note(found);
            if (found === given) t.write(own, t.id + 1);
            break;
          case 'read, then store':
            if (t.read(own) === given) yield t.store(cell, 1);
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
