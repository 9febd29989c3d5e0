/** The race detector: what it must report, and what it must not. */

import { describe, expect, it } from 'vitest';
import { findScenario, modelOf, SCENARIO_NAMES } from '../../scenarios/catalog.js';
import { explore } from '../../src/explore/explore.js';
import { replayWithStacks } from '../../src/explore/replay.js';
import type { KernelPatch } from '../../src/kernel/kernel.js';
import { kernelModel } from '../../src/kernel/model.js';
import { sighand_struct, signal_struct, task_struct } from '../../src/kernel/structs.js';
import { ControlledMachine } from '../../src/machine/controlled.js';
import type { Model } from '../../src/machine/model.js';
import { addr } from '../../src/memory/layout.js';
import { defineModel, type ModelBuilder } from '../../src/model/define.js';
import type { Plain, Thread } from '../../src/model/thread.js';
import { violationReport } from '../../src/trace/report.js';
import { patchOf } from '../support/programs.js';
import { item, safe, type TinyCpu, tinyModel, violationOf } from '../support/tiny.js';

type Body = (t: Thread) => Generator<boolean, void, number>;

/** Two threads and a plain variable. */
function two(declare: (m: ModelBuilder, shared: Plain) => readonly [Body, Body]): Model {
  return defineModel('two', (m) => {
    const [first, second] = declare(m, m.plain('shared'));
    m.thread('first', first);
    m.thread('second', second);
  });
}

/** The kind of violation of the execution in which nobody is preempted, and of all. */
function kindsOf(model: Model): readonly (string | undefined)[] {
  return ['dfs', 'dpor'].map((strategy) => {
    const schedules = strategy === 'dfs' ? { schedules: 1 } : {};
    return explore(model, { strategy, ...schedules }).found?.violation.kind;
  });
}

const RACE = ['data-race', 'data-race'];
const NONE = [undefined, undefined];

describe('two plain accesses', () => {
  it('that nothing orders are a data race on every schedule, the one in which they are far apart too', () => {
    const model = two((m, shared) => {
      const [a, b] = [m.mutex('a'), m.mutex('b')];
      const under = (lock: typeof a): Body =>
        function* (t) {
          yield t.lock(lock);
          t.write(shared, t.read(shared) + 1);
          t.unlock(lock);
        };
      return [under(a), under(b)];
    });
    expect(kindsOf(model)).toEqual(RACE);
    expect(explore(model, { strategy: 'dfs' }).found?.violation.message).toBe(
      'BUG: KCSAN: data-race on shared: read by thread second, and write by thread first before it, with nothing that orders them',
    );
  });

  it('are none under one lock, or where both read', () => {
    const locked = two((m, shared) => {
      const lock = m.mutex('lock');
      const body: Body = function* (t) {
        yield t.lock(lock);
        t.write(shared, t.read(shared) + 1);
        t.unlock(lock);
      };
      return [body, body];
    });
    const reading = two((m, shared) => {
      const cell = m.cell('cell');
      const body: Body = function* (t) {
        t.read(shared);
        yield t.load(cell);
        t.read(shared);
      };
      return [body, body];
    });
    expect([...kindsOf(locked), ...kindsOf(reading)]).toEqual([...NONE, ...NONE]);
  });

  it('are ordered by a store and the load that finds it, and not by a load that finds the value before', () => {
    const message = (waits: boolean): Model =>
      two((m, shared) => {
        const ready = m.cell('ready');
        return [
          function* (t) {
            t.write(shared, 1);
            yield t.store(ready, 1);
          },
          function* (t) {
            if (waits) yield t.until(ready, 1);
            else yield t.load(ready);
            t.read(shared);
          },
        ];
      });
    expect(explore(message(true), { strategy: 'dpor' })).toMatchObject({ found: null, exhausted: true });
    expect(explore(message(false), { strategy: 'dpor' }).found?.violation.kind).toBe('data-race');
  });

  it('are ordered by starting a thread, joining it, a barrier, a semaphore and a read-modify-write', () => {
    const model = defineModel('orders', (m) => {
      const shared = m.plain('shared');
      const [barrier, items, turns] = [m.barrier('barrier', 2), m.semaphore('items'), m.cell('turns')];
      const child = m.spawned('child', function* (t) {
        t.write(shared, 2);
        yield* t.arrive(barrier);
      });
      m.thread('parent', function* (t) {
        t.write(shared, 1);
        yield t.start(child);
        yield* t.arrive(barrier);
        t.write(shared, 3);
        yield t.release(items);
      });
      m.thread('other', function* (t) {
        yield* t.acquire(items);
        t.write(shared, 4);
        yield t.join(child);
        yield t.fetchAdd(turns, 1);
      });
    });
    expect(explore(model, { strategy: 'dpor' })).toMatchObject({ found: null, exhausted: true });
  });

  it('are told from each other where readers share a lock and the writer does not take it', () => {
    const model = (alone: boolean): Model =>
      defineModel('readers', (m) => {
        const [lock, shared] = [m.rwlock('lock'), m.plain('shared')];
        for (const name of ['first', 'second']) {
          m.thread(name, function* (t) {
            yield t.readLock(lock);
            t.read(shared);
            t.readUnlock(lock);
          });
        }
        m.thread('writer', function* (t) {
          yield alone ? t.writeLock(lock) : t.readLock(lock);
          t.write(shared, 1);
          if (alone) t.writeUnlock(lock);
          else t.readUnlock(lock);
        });
      });
    expect([...kindsOf(model(true)), ...kindsOf(model(false))]).toEqual([...NONE, ...RACE]);
  });
});

function patched(functions: KernelPatch): ControlledMachine {
  const patch = patchOf(functions);
  return new ControlledMachine(kernelModel(findScenario('kill-vs-exec'), { patches: [patch] }), { checked: ['race'] });
}

describe('the kernel', () => {
  it('without a lock around what the lock protects has a data race, reported with both stacks', () => {
    const machine = patched({
      *do_send_sig_info(sig, info, p, type) {
        const sighand = yield* this.__lock_task_sighand(p);
        if (!sighand) return -3;
        const flags = this.irqflags;
        const error = yield* this.send_signal(sig, info, p, type);
        this.unlock_task_sighand(sighand, flags);
        // After the lock.
        this.set(this.get(p, task_struct.signal), signal_struct.curr_target, p);
        return error;
      },
    });
    const { found } = explore(machine, { strategy: 'random', schedules: 200 });
    expect(found?.violation.kind).toBe('data-race');
    const { violation } = replayWithStacks(machine, found?.schedule ?? new Uint8Array());
    expect(violation?.message).toBe(found?.violation.message);
    const report = violation === null ? '' : violationReport(machine, violation, 'title', 'token');
    expect(report).toMatch(/^BUG: KCSAN: data-race in \w+ \/ \w+$/m);
    expect(report).toMatch(/^(?:read|write)(?: \(marked\))? by CPU \d, task .*:\n {4}\w+ \(src\/kernel\//m);
  });

  it('with the lock has none', () => {
    const machine = patched({
      *do_send_sig_info(sig, info, p, type) {
        const sighand = yield* this.__lock_task_sighand(p);
        if (!sighand) return -3;
        const flags = this.irqflags;
        const error = yield* this.send_signal(sig, info, p, type);
        this.set(this.get(p, task_struct.signal), signal_struct.curr_target, p);
        this.spin_unlock_irqrestore(addr(sighand, sighand_struct.siglock), flags);
        return error;
      },
    });
    expect(explore(machine, { strategy: 'random', schedules: 200 }).found).toBeNull();
  });

  it.each(SCENARIO_NAMES)('has none in %s', (scenario) => {
    const machine = new ControlledMachine(modelOf({ scenario, patches: [], cpus: findScenario(scenario).cpus }), {
      checked: ['race'],
    });
    const kinds = new Set<string>();
    for (let seed = 0; seed < 40; seed++) {
      const { found } = explore(machine, { strategy: 'random', schedules: 1, seed });
      if (found !== null) kinds.add(found.violation.kind);
    }
    expect([...kinds]).not.toContain('data-race');
  });
});

describe('an access just after another of the same CPU to the same word, between which nothing orders', () => {
  function started(): readonly [TinyCpu, TinyCpu] {
    const machine = new ControlledMachine(tinyModel({ programs: [], cpus: 2 }), { checked: ['memory', 'race'] });
    machine.races?.begin(true);
    return machine.cpus as readonly unknown[] as readonly [TinyCpu, TinyCpu];
  }

  it.each(['get', 'set'] as const)(
    'is looked at by the memory checker again once the object is freed: %s',
    (access) => {
      const [first, second] = started();
      const object = first.kmem_cache_alloc<'item'>(first.items);
      first.set(object, item.value, 1);
      first.get(object, item.value);
      second.kmem_cache_free(second.items, object);
      expect(violationOf(() => first[access](object, item.value, 2)).kind).toBe('use-after-free');
    },
  );

  it('is looked at again once the object is recycled', () => {
    const [first, second] = started();
    const object = first.kmem_cache_alloc<'safe'>(first.safes);
    first.get(object, safe.value);
    second.kmem_cache_free(second.safes, object);
    expect(second.kmem_cache_alloc<'safe'>(second.safes)).toBe(object);
    expect(violationOf(() => first.get(object, safe.value)).kind).toBe('use-after-recycle');
  });
});
