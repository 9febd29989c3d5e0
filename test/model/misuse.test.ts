import { describe, expect, it } from 'vitest';
import { explore } from '../../src/explore/explore.js';
import { minimize } from '../../src/explore/minimize.js';
import { replay, replayWithStacks } from '../../src/explore/replay.js';
import { ControlledMachine } from '../../src/machine/controlled.js';
import type { Model } from '../../src/machine/model.js';
import { defineModel, type ModelBuilder, ModelError } from '../../src/model/define.js';
import type { Cell, Mutex, RwLock, Thread, ThreadBody } from '../../src/model/thread.js';

/** A model of one thread. */
function single(body: (t: Thread, cell: Cell) => Generator<unknown, void, number>): Model {
  return defineModel('single', (m) => {
    const cell = m.cell('cell');
    m.thread('one', function* (t) {
      yield* body(t, cell) as ReturnType<ThreadBody>;
    });
  });
}

function violationOf(model: Model): string | undefined {
  const { found } = explore(model, { strategy: 'dpor' });
  return found === null ? undefined : `${found.violation.kind}: ${found.violation.message}`;
}

describe('a thread that breaks the rules by which it is scheduled', () => {
  it.each<[string, string, (t: Thread, cell: Cell) => Generator<unknown, void, number>]>([
    [
      'an operation is not yielded, and another comes',
      'misuse: thread one: store(cell) is not yielded',
      function* (t, cell) {
        t.store(cell, 1);
        yield t.load(cell);
      },
    ],
    [
      'the last operation is not yielded',
      'misuse: thread one: fetchAdd(cell) is not yielded',
      function* (t, cell) {
        yield t.load(cell);
        t.fetchAdd(cell, 1);
      },
    ],
    [
      'what is yielded is no operation',
      'misuse: thread one: it yields what is no operation; of those that take several steps, yield*',
      function* (t, cell) {
        yield t.load(cell);
        yield 5;
      },
    ],
    [
      'an operation of several steps is yielded as one',
      'misuse: thread one: it yields what is no operation; of those that take several steps, yield*',
      function* (t, cell) {
        yield t.tryLock(cell as never);
      },
    ],
    [
      'an operation of several steps is called, and nothing else',
      'misuse: thread one: tryLock is called without yield*',
      function* (t, cell) {
        yield t.load(cell);
        t.tryLock(cell as never);
      },
    ],
    [
      'an operation of several steps is called before another, which is not',
      'misuse: thread one: tryLock is called without yield*',
      function* (t, cell) {
        yield t.store(cell, 1);
        t.tryLock(cell as never);
        yield* t.acquire(cell as never);
      },
    ],
    [
      'there is no such variable',
      'misuse: thread one: an operation (read) on undefined, which is nothing that the model declares',
      function* (t) {
        yield t.load(([] as Cell[])[3] as Cell);
      },
    ],
    [
      'there is no such plain variable',
      'misuse: thread one: an operation (write) on undefined, which is nothing that the model declares',
      function* (t) {
        t.write(undefined as never, 1);
      },
    ],
  ])('is reported: %s', (_, said, body) => {
    expect(violationOf(single(body))).toBe(said);
  });

  it('is told from one that follows them', () => {
    const body = function* (t: Thread, cell: Cell): Generator<boolean, void, number> {
      yield t.store(cell, 1);
      // Called early, and used.
      const later = t.tryLock(cell as never);
      yield* t.acquire(cell as never);
      yield* later;
      yield t.load(cell);
    };
    expect(violationOf(single(body))).toBeUndefined();
  });
});

describe('a lock', () => {
  it.each<[string, (t: Thread, mutex: Mutex, rwlock: RwLock) => ReturnType<ThreadBody>]>([
    [
      'mutex',
      function* (t, mutex) {
        yield t.lock(mutex);
      },
    ],
    [
      'rwlock',
      function* (t, _, rwlock) {
        yield t.writeLock(rwlock);
      },
    ],
    [
      'rwlock',
      function* (t, _, rwlock) {
        yield t.readLock(rwlock);
        yield t.readLock(rwlock);
        t.readUnlock(rwlock);
      },
    ],
  ])('that is still held at the end is reported though nobody waits for it: %s', (name, body) => {
    const model = defineModel('kept', (m) => {
      const [mutex, rwlock, cell] = [m.mutex('mutex'), m.rwlock('rwlock'), m.cell('cell')];
      m.thread('other', function* (t) {
        yield t.load(cell);
      });
      m.thread('keeper', (t) => body(t, mutex, rwlock));
    });
    const machine = new ControlledMachine(model);
    const { found } = explore(machine, { strategy: 'dpor' });
    expect(found?.violation).toMatchObject({
      kind: 'misuse',
      message: `thread keeper ended, and has not released ${name}`,
      cpu: 1,
    });
    const { schedule } = minimize(machine, found?.schedule ?? new Uint8Array());
    expect(replayWithStacks(machine, schedule).violation?.message).toBe(found?.violation.message);
  });

  it('that is released by one who does not read under it is reported, whether others do or not', () => {
    const model = defineModel('stranger', (m) => {
      const [rwlock, cell] = [m.rwlock('rwlock'), m.cell('cell')];
      m.thread('reader', function* (t) {
        yield t.readLock(rwlock);
        yield t.load(cell);
        t.readUnlock(rwlock);
      });
      m.thread('stranger', function* (t) {
        yield t.load(cell);
        t.readUnlock(rwlock);
      });
    });
    const { violations, executions, outcomes } = explore(model, { strategy: 'dfs', keepGoing: true });
    expect(violations).toBe(executions);
    expect(outcomes).toEqual({ 'bad-unlock': executions });
    expect(violationOf(model)).toBe('bad-unlock: WARNING: bad unlock: rwlock is not held by thread stranger');
  });

  it('that each gives back as often as it takes it is none to report', () => {
    const model = defineModel('balanced', (m) => {
      const rwlock = m.rwlock('rwlock');
      for (const name of ['one', 'other']) {
        m.thread(name, function* (t) {
          yield t.readLock(rwlock);
          t.readUnlock(rwlock);
          yield t.writeLock(rwlock);
          t.writeUnlock(rwlock);
          yield t.readLock(rwlock);
          t.readUnlock(rwlock);
        });
      }
    });
    expect(violationOf(model)).toBeUndefined();
  });
});

describe('an execution of a model that declares no outcome', () => {
  it('has ended only where it has: otherwise it is counted by what was wrong', () => {
    const model = defineModel('perhaps', (m) => {
      const [one, other] = [m.mutex('one'), m.mutex('other')];
      for (const [name, first, second] of [
        ['up', one, other],
        ['down', other, one],
      ] as const) {
        m.thread(name, function* (t) {
          yield t.lock(first);
          yield t.lock(second);
          t.unlock(second);
          t.unlock(first);
        });
      }
    });
    const machine = new ControlledMachine(model, { checked: false });
    const { outcomes, witnesses, executions, violations } = explore(machine, { strategy: 'dfs', keepGoing: true });
    expect(outcomes).toEqual({ ended: executions - violations, deadlock: violations });
    expect(violations).toBeGreaterThan(0);
    expect(replay(machine, witnesses.deadlock ?? new Uint8Array()).outcome).toBe('deadlock');
  });
});

describe('an error that a thread throws', () => {
  /** Throws only where the other thread has come between. */
  const model = defineModel('thrower', (m) => {
    const cell = m.cell('cell');
    m.thread('looker', function* (t) {
      const before = yield t.load(cell);
      if ((yield t.load(cell)) !== before) throw new TypeError('it has changed');
    });
    m.thread('changer', function* (t) {
      yield t.store(cell, 1);
    });
  });

  it('is a violation under the schedule that it needs: found, shrunk, and replayed, with its place', () => {
    const machine = new ControlledMachine(model);
    const { found } = explore(machine, { strategy: 'dfs' });
    expect(found?.violation).toMatchObject({
      kind: 'exception',
      message: 'thread looker threw TypeError: it has changed',
      cpu: 0,
    });
    const { schedule, preemptions } = minimize(machine, found?.schedule ?? new Uint8Array());
    expect(preemptions).toBe(1);
    const { violation } = replayWithStacks(machine, schedule);
    expect(violation?.stack).toMatch(/TypeError: it has changed\n\s+at .*misuse\.test/);
  });

  it('at the end of an execution is one too', () => {
    const throwing = defineModel('end', (m) => {
      m.thread('one', function* () {});
      m.finally(() => {
        throw new Error('no end');
      });
    });
    expect(violationOf(throwing)).toBe('exception: the check at the end threw Error: no end');
  });
});

describe('a declaration that makes no model', () => {
  const declared = (declare: (m: ModelBuilder) => void) => () => explore(defineModel('wrong', declare));
  it.each<[string, (m: ModelBuilder) => void]>([
    ['one needs a generator function, and not undefined', (m) => m.thread('one', undefined as never)],
    ['thread one is no generator function', (m) => m.thread('one', (() => {}) as never)],
    ['thread one is no generator function', (m) => m.thread('one', async function* () {} as never)],
    ['items cannot begin with -1: a semaphore counts from 0', (m) => m.semaphore('items', -1)],
    ['finally needs a plain function', (m) => m.finally(function* () {} as never)],
    ['finally needs a plain function', (m) => m.finally((async () => {}) as never)],
    ['outcome needs a plain function', (m) => m.outcome(function* () {} as never)],
    [
      'the outcome of wrong cannot be told: TypeError: not yet',
      (m) => {
        m.thread('one', function* () {});
        m.outcome(() => {
          throw new TypeError('not yet');
        });
      },
    ],
  ])('is refused: %s', (sentence, declare) => {
    expect(declared(declare)).toThrow(ModelError);
    expect(declared(declare)).toThrow(sentence);
  });
});
