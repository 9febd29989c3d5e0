import { describe, expect, it } from 'vitest';
import { replayWithStacks } from '../../src/explore/replay.js';
import { Timeline } from '../../src/explore/timeline.js';
import { ControlledMachine } from '../../src/machine/controlled.js';
import { defineModel, type ModelBuilder } from '../../src/model/define.js';
import { tellAccount } from '../../src/trace/account.js';
import { ftraceLine } from '../../src/trace/ftrace.js';
import { perfettoTrace } from '../../src/trace/perfetto.js';

/** What the threads of a model do where each goes on for as long as it can, one after the other. */
function told(declare: (m: ModelBuilder) => void): string[] {
  const machine = new ControlledMachine(defineModel('told', declare));
  const { events } = replayWithStacks(machine, new Uint8Array());
  return events.flatMap(({ told }) => (told === null ? [] : [`${told.who} ${told.what}`]));
}

describe('what a thread does, in words', () => {
  it('cells and plain variables', () => {
    const said = told((m) => {
      const [cell, plain] = [m.cell('cell', 1), m.plain('plain')];
      m.thread('one', function* (t) {
        yield t.load(cell);
        yield t.store(cell, 2);
        yield t.exchange(cell, 3);
        yield t.compareExchange(cell, 3, 4);
        yield t.compareExchange(cell, 3, 5);
        yield t.fetchAdd(cell, -4);
        yield t.until(cell, 0);
        yield t.untilAbove(cell, -1);
        t.write(plain, t.read(plain) + 7);
      });
    });
    expect(said.map((line) => line.replace('thread one ', ''))).toEqual([
      'reads cell: 1',
      'writes cell = 2',
      'exchanges cell for 3: was 2',
      'changes cell from 3 to 4',
      'finds that cell is 4, and not 3',
      'adds -4 to cell: now 0',
      'has waited until cell is 0',
      'has waited until cell is above -1',
      'reads plain: 0',
      'writes plain = 7',
    ]);
  });

  it('locks: who has one that is not free', () => {
    const said = told((m) => {
      const [mutex, rwlock, go] = [m.mutex('mutex'), m.rwlock('rwlock'), m.cell('go')];
      m.thread('owner', function* (t) {
        yield t.lock(mutex);
        yield t.readLock(rwlock);
        t.readUnlock(rwlock);
        yield t.writeLock(rwlock);
        t.writeUnlock(rwlock);
        yield t.until(go, 1);
        t.unlock(mutex);
      });
      m.thread('other', function* (t) {
        yield* t.tryLock(mutex);
        yield t.store(go, 1);
        yield t.lock(mutex);
        t.unlock(mutex);
      });
    });
    expect(said).toEqual([
      'thread owner takes mutex',
      'thread owner takes rwlock for reading',
      'thread owner releases rwlock',
      'thread owner takes rwlock for writing',
      'thread owner releases rwlock',
      'thread other finds mutex held by thread owner',
      'thread other writes go = 1',
      'thread other waits for mutex',
      'thread owner has waited until go is 1',
      'thread owner releases mutex',
      'thread other takes mutex',
      'thread other releases mutex',
    ]);
  });

  it('conditions, semaphores, barriers, RCU, and other threads', () => {
    const said = told((m) => {
      const [mutex, changed, items] = [m.mutex('mutex'), m.condition('changed'), m.semaphore('items')];
      const [barrier, rcu] = [m.barrier('barrier', 1), m.rcu('rcu')];
      m.thread('sleeper', function* (t) {
        yield t.lock(mutex);
        yield* t.wait(changed, mutex);
        t.unlock(mutex);
      });
      const helper = m.spawned('helper', function* (t) {
        yield* t.acquire(items);
      });
      m.thread('main', function* (t) {
        yield* t.signal(changed);
        yield* t.broadcast(changed);
        yield t.start(helper);
        yield t.release(items);
        yield t.join(helper);
        yield* t.arrive(barrier);
        yield* t.rcuReadLock(rcu);
        t.rcuReadUnlock(rcu);
        yield* t.synchronizeRcu(rcu);
      });
    });
    expect(said).toEqual([
      'thread sleeper takes mutex',
      'thread sleeper goes to sleep, to wait for changed',
      'thread sleeper releases mutex',
      'thread main looks who waits for changed',
      'thread main wakes 1 of those that wait for changed',
      'thread main looks who waits for changed',
      'thread main finds nobody who waits for changed',
      'thread main starts thread helper',
      'thread main releases items: now 1',
      'thread sleeper is woken, having waited for changed',
      'thread sleeper takes mutex',
      'thread sleeper releases mutex',
      'thread helper is started',
      'thread helper acquires items',
      'thread main has waited for the end of thread helper',
      'thread main comes to barrier',
      'thread main enters a read-side section of rcu',
      'thread main leaves its read-side section of rcu',
      'thread main begins a grace period of rcu',
      'thread main sees the grace period of rcu end',
    ]);
  });
});

describe('a model of one’s own', () => {
  const model = defineModel('lost', (m) => {
    const [count, plain] = [m.cell('count'), m.plain('plain')];
    for (const name of ['first', 'second']) {
      m.thread(name, function* (t) {
        const seen = yield t.load(count);
        yield t.store(count, seen + 1);
        if (t.id === 0) t.write(plain, seen);
      });
    }
    m.finally((end) => end.assert(end.value(count) === 2, 'an increment was lost'));
  });
  const machine = new ControlledMachine(model);
  // The second thread first, and the first one between its load and its store.
  const { events, violation } = replayWithStacks(machine, Uint8Array.of(1, 0, 0));

  it('is told with its threads’ names: account, ftrace, Perfetto', () => {
    expect(violation?.message).toBe('assertion failed at the end: an increment was lost');
    const tracks = machine.cpus.map((cpu) => cpu.label(cpu.id));
    const account = tellAccount(events, { switches: [], watch: [], violation, tracks });
    expect(account.filter(({ kind }) => kind === 'who').map(({ text }) => text)).toEqual([
      'Thread second',
      'Thread first',
      'Thread second',
    ]);
    const eventNames = model.eventNames ?? {};
    expect(events.map((event, at) => ftraceLine(event, at, eventNames).trim())).toEqual([
      'second-1       [001]     0.000000: read: count = 0',
      'first-0       [000]     0.000001: read: count = 0',
      'first-0       [000]     0.000002: write: count = 1',
      'first-0       [000]     0.000003: plain_write: plain = 0',
      'second-1       [001]     0.000004: write: count = 1',
    ]);
    const { traceEvents } = perfettoTrace(events, { tracks, eventNames, about: {} });
    expect(traceEvents.filter(({ name }) => name === 'thread_name').map(({ args }) => args?.name)).toEqual(tracks);
    expect(traceEvents.filter(({ ph, tid }) => ph === 'i' && tid === 1).map(({ name }) => name)).toEqual([
      'reads count: 0',
      'writes count = 1',
      'writes plain = 0',
    ]);
  });

  it('has states: what each thread is about to do, by the names that its body uses', () => {
    const timeline = new Timeline(machine, Uint8Array.of(1, 0, 0));
    expect(timeline.goTo(1).cpus.map(({ task, next }) => `${task}: ${next}`)).toEqual([
      'thread first: load(count)',
      'thread second: store(count)',
    ]);
  });
});
