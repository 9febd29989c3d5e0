/** Tasks that sleep when nobody can move any more, for a look at executions that hang. */

import { ALLOCATED, type Arena, SLOT_HEADER_WORDS } from '../memory/arena.js';
import type { Ptr } from '../memory/layout.js';
import type { Cpu } from '../sync/cpu.js';
import { type Coroutine, OP_IDLE } from '../sync/gate.js';
import { type Blocked, blockedOn } from './blocked.js';
import { __TASK_STOPPED, __TASK_TRACED, TASK_NORMAL, TASK_UNINTERRUPTIBLE } from './constants.js';
import { taskName } from './describe.js';
import type { Kernel } from './kernel.js';
import { signal_struct, sigpending, sigset_t, task_struct } from './structs.js';
import { TRACE_SCHED_PROCESS_EXIT, TRACE_SIGNAL_DELIVER, TRACE_SYS_EXIT } from './trace.js';

/** A task that sleeps. The object has the shape of `Sleeper` in `src/machine`, which the kernel does not know. */
export interface SleepingTask {
  readonly cpu: number;
  readonly task: number;
  readonly name: string;
  readonly place: string;
  readonly wakeWord: number;
}

/** The tasks that are off their run queue in one of the states. */
function tasksIn(arena: Arena, states: number): readonly SleepingTask[] {
  const { words } = arena;
  const cache = arena.caches[arena.cacheNumber('task_struct')];
  const found: SleepingTask[] = [];
  if (cache === undefined) return found;
  for (let slot = cache.base; slot < cache.end; slot += cache.slotWords) {
    if (words[slot] !== ALLOCATED) continue;
    const task = slot + SLOT_HEADER_WORDS;
    const state = words[task + task_struct.state] as number;
    if ((state & states) === 0 || words[task + task_struct.on_rq] !== 0) continue;
    found.push(sleepingTask(words, task));
  }
  return found;
}

function sleepingTask(words: Int32Array, task: number): SleepingTask {
  const state = words[task + task_struct.state] as number;
  return {
    cpu: words[task + task_struct.cpu] as number,
    task,
    name: taskName(words, task),
    place: placeOf(state),
    wakeWord: task + task_struct.state,
  };
}

function placeOf(state: number): string {
  if ((state & __TASK_STOPPED) !== 0) return 'stopped';
  if ((state & __TASK_TRACED) !== 0) return 'stopped for its tracer';
  return (state & TASK_UNINTERRUPTIBLE) === 0 ? '' : 'in uninterruptible sleep';
}

/** Where it is seen who has sent a task its signals, and who of its process was told of them and takes them no more. */
function signalWords(words: Int32Array, task: number): readonly number[] {
  const signal = words[task + task_struct.signal] as number;
  const found = [task + task_struct.pending, signal + signal_struct.shared_pending].flatMap((pending) =>
    [sigset_t.lo, sigset_t.hi].map((half) => pending + sigpending.signal + half),
  );
  const next = (of: number): number => (words[of + task_struct.thread_group] as number) - task_struct.thread_group;
  for (let other = next(task); other !== task; other = next(other)) found.push(other + task_struct.thread_flags);
  return found;
}

/** What the machines ask of the kernel about tasks that sleep. */
export const sleepModel = {
  /** None where a CPU hangs: there nobody would run if it were woken. */
  sleepers: (cpus: readonly Cpu[]): readonly SleepingTask[] => {
    const [first] = cpus;
    return first === undefined || cpus.some(({ op }) => op !== OP_IDLE) ? [] : tasksIn(first.arena, TASK_NORMAL);
  },
  stopped: ([first]: readonly Cpu[]): readonly SleepingTask[] =>
    tasksIn((first as Cpu).arena, __TASK_STOPPED | __TASK_TRACED),
  wake: (cpus: readonly Cpu[], { task }: { readonly task: number }): Coroutine<void> =>
    (cpus[0] as Kernel).wake_sleeper(task as Ptr<'task_struct'>),
  goesOn: (event: number): boolean =>
    event === TRACE_SYS_EXIT || event === TRACE_SIGNAL_DELIVER || event === TRACE_SCHED_PROCESS_EXIT,
  wakeHistory: ([first]: readonly Cpu[], task: number) => {
    const words = (first as Cpu).words;
    return { sleeper: sleepingTask(words, task), words: signalWords(words, task) };
  },
  waitsFor: (cpu: Cpu, { task }: { readonly task: number }): Blocked | null => blockedOn(cpu, task),
  /** A wake-up looks at the state: one that says that the task sleeps has found it. */
  foundNobody: (state: number): boolean => (state & TASK_NORMAL) === 0,
};

export const sleepFunctions = {
  /** An interrupt that wakes a task, whatever it waits for. Not the kernel's: how an execution would have gone on. */
  *wake_sleeper(this: Kernel, p: Ptr<'task_struct'>): Coroutine<void> {
    const eqs = this.irq_enter();
    yield* this.wake_up_process(p);
    this.irq_exit(eqs);
  },
};

export type SleepFunctions = typeof sleepFunctions;
