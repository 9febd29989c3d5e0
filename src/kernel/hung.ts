/** What must hold when nothing can move any more: nobody sleeps who has a signal to take, or sleeps so that no signal ends it. */

import type { Arena } from '../memory/arena.js';
import {
  PF_EXITING,
  signalName,
  TASK_INTERRUPTIBLE,
  TASK_RUNNING,
  TASK_UNINTERRUPTIBLE,
  TASK_WAKEKILL,
  TIF_SIGPENDING,
} from './constants.js';
import { globals, signal_struct, sigpending, sigset_t, task_struct } from './structs.js';

const SIGKILL_BIT = 1 << 8;

/** A task that has a signal to take, and was not woken or not told. */
export interface LostSignal {
  readonly task: number;
  readonly message: string;
}

/** A task in a sleep that only its wake-up ends. */
export interface HungTask {
  readonly task: number;
}

/**
 * A task that is stuck when nobody can move any more: one that sleeps, or stays in user mode, though a signal is pending
 * that it does not block, so that somebody should have woken it, or should have chosen it when the thread that was chosen
 * could not take it; or one in a sleep that no signal ends.
 *
 * Stopped and traced tasks are left out. So is a signal for the process that a thread in such a sleep was chosen for: it
 * waits for that thread.
 *
 * @param arena at the end of an execution, with every CPU at rest
 */
export function findStuckTask(arena: Arena): LostSignal | HungTask | null {
  const { words } = arena;
  let hung: HungTask | null = null;
  // From one process to the next and through the threads of each: as `for_each_process_thread`.
  const init_task = words[arena.static(globals) + globals.init_task] as number;
  for (let node = words[init_task + task_struct.tasks] as number; node !== init_task + task_struct.tasks; ) {
    const leader = node - task_struct.tasks;
    let t = leader;
    do {
      const lost = lostSignal(words, t);
      if (lost !== null) return lost;
      if (words[t + task_struct.state] === TASK_UNINTERRUPTIBLE) hung ??= { task: t };
      t = (words[t + task_struct.thread_group] as number) - task_struct.thread_group;
    } while (t !== leader);
    node = words[node] as number;
  }
  return hung;
}

function lostSignal(words: Int32Array, t: number): LostSignal | null {
  const field = (offset: number): number => words[t + offset] as number;
  const state = field(task_struct.state);
  const anySignal = state === TASK_RUNNING || (state & TASK_INTERRUPTIBLE) !== 0;
  if (!anySignal && (state & TASK_WAKEKILL) === 0) return null;
  if (field(task_struct.exit_state) !== 0 || (field(task_struct.flags) & PF_EXITING) !== 0) return null;
  const shared = field(task_struct.signal) + signal_struct.shared_pending + sigpending.signal;
  const own = t + task_struct.pending + sigpending.signal;
  const blocked = t + task_struct.blocked;
  const own0 = words[own + sigset_t.lo] as number;
  for (const half of [sigset_t.lo, sigset_t.hi]) {
    const pending = (words[shared + half] as number) | (words[own + half] as number);
    let wanted = pending & ~(words[blocked + half] as number);
    if (wanted !== 0) wanted &= (words[own + half] as number) | ~chosenByOthers(words, t, half);
    if (!anySignal) wanted = half === sigset_t.lo ? own0 & SIGKILL_BIT : 0;
    if (wanted === 0) continue;
    const sig = 32 - Math.clz32(wanted & -wanted) + (half === sigset_t.hi ? 32 : 0);
    const told = (field(task_struct.thread_flags) & TIF_SIGPENDING) !== 0;
    const what = state === TASK_RUNNING ? 'stays in user mode' : 'sleeps';
    const why = told ? 'nobody woke it' : 'nobody told it';
    const message = `task ${field(task_struct.pid)} ${what}, though ${signalName(sig)} is pending and not blocked: ${why}`;
    return { task: t, message };
  }
  return null;
}

/** The signals of one half that other threads of the process have been told of, and can take when they wake. */
function chosenByOthers(words: Int32Array, t: number, half: number): number {
  let signals = 0;
  const next = (of: number): number => (words[of + task_struct.thread_group] as number) - task_struct.thread_group;
  for (let other = next(t); other !== t; other = next(other)) {
    const asleep = ((words[other + task_struct.state] as number) & TASK_UNINTERRUPTIBLE) !== 0;
    const told = ((words[other + task_struct.thread_flags] as number) & TIF_SIGPENDING) !== 0;
    if (asleep && told) signals |= ~(words[other + task_struct.blocked + half] as number);
  }
  return signals;
}
