/** The tiny model of `test/fixtures`, on the sources under test, and short ways to run it. */

import { type Exploration, explore } from '../../src/explore/explore.js';
import { dfsStrategy } from '../../src/explore/strategies/dfs.js';
import { type Chooser, ControlledMachine, type ControlledOptions } from '../../src/machine/controlled.js';
import { BY_DEFAULT, followSchedule } from '../../src/machine/schedule.js';
import { eventAt, TraceBuffer, type TraceEvent } from '../../src/machine/trace-buffer.js';
import * as layout from '../../src/memory/layout.js';
import { listOps } from '../../src/memory/list.js';
import * as slab from '../../src/memory/slab.js';
import * as atomic from '../../src/sync/atomic.js';
import * as completion from '../../src/sync/completion.js';
import * as cpu from '../../src/sync/cpu.js';
import * as gate from '../../src/sync/gate.js';
import * as mutex from '../../src/sync/mutex.js';
import * as rcu from '../../src/sync/rcu.js';
import * as rculist from '../../src/sync/rculist.js';
import * as rwlock from '../../src/sync/rwlock.js';
import * as spinlock from '../../src/sync/spinlock.js';
import * as wait from '../../src/sync/wait.js';
import { type TinyCpu, type TinyProgram, type TinySpec, type TinyState, tinyKit } from '../fixtures/tiny.js';

export * from '../fixtures/tiny.js';

const lib = {
  ...layout,
  ...atomic,
  ...completion,
  ...cpu,
  ...gate,
  ...mutex,
  ...rcu,
  ...rculist,
  ...rwlock,
  ...spinlock,
  ...wait,
  ...slab,
  listOps,
};

export const kit = tinyKit(lib);
export const { TRACE_CALLBACK, TRACE_GRACE_PERIOD, TRACE_MARK, item, readTiny, safe, task_struct, tiny, tinyModel } =
  kit;

/** A machine on which nothing runs yet, and its CPUs: whatever is called on them is done at once. */
export function openCpus(
  count: number,
  options: ControlledOptions & Omit<TinySpec, 'programs'> = {},
): readonly TinyCpu[] {
  return new ControlledMachine(tinyModel({ ...options, programs: [], cpus: count }), options)
    .cpus as readonly cpu.Cpu[] as readonly TinyCpu[];
}

/** The only CPU of such a machine. */
export function openCpu(options: ControlledOptions & Omit<TinySpec, 'programs'> = {}): TinyCpu {
  const [only] = openCpus(1, options);
  if (only === undefined) throw new Error('a machine has a CPU');
  return only;
}

/** Allocates an item with a value. */
export function makeItem(k: TinyCpu, value: number): layout.Ptr<'item'> {
  const made = k.kmem_cache_zalloc<'item'>(k.items);
  k.set(made, item.value, value);
  return made;
}

/** Adds 1 to the counter in two steps, so that what another does in between is lost. */
export const increment: TinyProgram = function* (k) {
  if (k.READ_ONCE(k.tiny, tiny.counter)) yield;
  const seen = k.value(tiny.counter);
  if (k.WRITE_ONCE(k.tiny, tiny.counter, seen + 1)) yield;
};

/** What a call violated. Fails if it violated nothing. */
export function violationOf(call: () => unknown): gate.Violation {
  try {
    call();
  } catch (error) {
    if (error instanceof gate.Violation) return error;
    throw error;
  }
  throw new Error('nothing was violated');
}

export interface Run {
  readonly violation: gate.Violation | null;
  readonly events: readonly TraceEvent[];
  readonly traceHash: string;
  readonly state: TinyState;
  readonly steps: number;
  readonly choices: number;
}

/** Runs a model once. */
export function runOn(machine: ControlledMachine, chooser: Chooser): Run {
  const buffer = new TraceBuffer();
  const { violation, steps, choices } = machine.execute(chooser, buffer);
  const events = Array.from({ length: buffer.count }, (_, index) => eventAt(buffer.words, index));
  return { violation, events, traceHash: buffer.hash, state: readTiny(machine.arena), steps, choices };
}

/** Runs a model once, each CPU as long as it can go on, the lowest number first. */
export function runInOrder(spec: TinySpec, options: ControlledOptions = {}): Run {
  return runOn(new ControlledMachine(tinyModel(spec), options), { choose: (movers) => movers.byDefault });
}

/** Runs a model once, by a schedule of CPU numbers; null in it is a decision by the default rule. */
export function runBy(spec: TinySpec, schedule: readonly (number | null)[], options: ControlledOptions = {}): Run {
  const bytes = Uint8Array.from(schedule, (named) => named ?? BY_DEFAULT);
  let position = 0;
  return runOn(new ControlledMachine(tinyModel(spec), options), {
    choose: (movers) => followSchedule(bytes, position++, movers),
  });
}

/** Runs a model by all its schedules. */
export function runAll(spec: TinySpec, options: ControlledOptions = {}): Exploration {
  return explore(new ControlledMachine(tinyModel(spec), options), { strategy: dfsStrategy(), keepGoing: true });
}

/** Runs a model by all its schedules, and hands each run to a check. Returns how many there were. */
export function runEach(spec: TinySpec, check: (run: Run) => void): number {
  const machine = new ControlledMachine(tinyModel(spec));
  const strategy = dfsStrategy();
  let runs = 0;
  while (strategy.begin()) {
    const run = runOn(machine, strategy);
    strategy.end({ ...run, abandoned: false });
    check(run);
    runs++;
  }
  return runs;
}
