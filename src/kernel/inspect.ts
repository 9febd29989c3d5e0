/** What there is when an execution has ended: every process and thread, and what it does. */

import type { Arena } from '../memory/arena.js';
import { __TASK_STOPPED, __TASK_TRACED, SIGNAL_GROUP_EXIT } from './constants.js';
import type { SigMask } from './sigset.js';
import { globals, signal_struct, sigpending, sigset_t, task_struct } from './structs.js';

export interface TaskSummary {
  readonly pid: number;
  /** A leader whose other threads live is not dead: the process is not. */
  readonly state: 'alive' | 'stopped' | 'dead';
  /** Of one that is dead, as `wait4` would give it. */
  readonly exitCode: number;
  /** The signals that wait for it alone or for its process. */
  readonly pending: SigMask;
}

/**
 * Lists the tasks that have a pid, each process with its leader first.
 *
 * @param arena at the end of an execution, with every CPU at rest
 */
export function findTasks(arena: Arena): TaskSummary[] {
  const { words } = arena;
  const found: TaskSummary[] = [];
  const init_task = words[arena.static(globals) + globals.init_task] as number;
  for (let node = words[init_task + task_struct.tasks] as number; node !== init_task + task_struct.tasks; ) {
    const leader = node - task_struct.tasks;
    let t = leader;
    do {
      found.push(summaryOf(words, t));
      t = (words[t + task_struct.thread_group] as number) - task_struct.thread_group;
    } while (t !== leader);
    node = words[node] as number;
  }
  return found;
}

function summaryOf(words: Int32Array, t: number): TaskSummary {
  const field = (offset: number): number => words[t + offset] as number;
  const signal = field(task_struct.signal);
  const grouped = ((words[signal + signal_struct.flags] as number) & SIGNAL_GROUP_EXIT) !== 0;
  const alone = field(task_struct.thread_group) === t + task_struct.thread_group;
  const dead = field(task_struct.exit_state) !== 0 && alone;
  const stopped = (field(task_struct.state) & (__TASK_STOPPED | __TASK_TRACED)) !== 0;
  const pending = (half: number): number => {
    const shared = words[signal + signal_struct.shared_pending + sigpending.signal + half] as number;
    return shared | field(task_struct.pending + sigpending.signal + half);
  };
  return {
    pid: field(task_struct.pid),
    state: dead ? 'dead' : stopped ? 'stopped' : 'alive',
    exitCode: grouped ? (words[signal + signal_struct.group_exit_code] as number) : field(task_struct.exit_code),
    pending: { lo: pending(sigset_t.lo), hi: pending(sigset_t.hi) },
  };
}
