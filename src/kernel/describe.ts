/** What reports call an address: `task 101 sighand`, `siglock of process 101`, `tasklist_lock`. */

import { ALLOCATED, type Arena, SLOT_HEADER_WORDS } from '../memory/arena.js';
import type { Cpu } from '../sync/cpu.js';
import {
  __TASK_STOPPED,
  __TASK_TRACED,
  EXIT_DEAD,
  EXIT_ZOMBIE,
  TASK_DEAD,
  TASK_INTERRUPTIBLE,
  TASK_UNINTERRUPTIBLE,
  TASK_WAKING,
  TIF_SIGPENDING,
} from './constants.js';
import { task_struct } from './structs.js';

/** Structs of which there is one, or one for each CPU, and that need no name of their own in a report. */
const BARE = new Set(['globals', 'user_memory']);

/** Replaces `Cpu.describe`: objects by what they belong to and not by their place in a cache. */
export function describeAddress(this: Cpu, address: number): string {
  const object = this.arena.objectAt(address);
  if (object === null) return address === 0 ? 'NULL' : `address ${address}`;
  const { struct, base, index, field } = object;
  if (BARE.has(struct.name)) return field;
  if (struct.name === 'task_struct') {
    const pid = this.words[base + task_struct.pid] as number;
    const name = pid === 0 ? `idle/${this.words[base + task_struct.cpu]}` : `task ${pid}`;
    return `${name} ${field}`;
  }
  if (struct.name === 'idr') return `pid table[${address - base}]`;
  const owner = struct.name === 'rq' || struct.name === 'cpu_data' ? `CPU ${index}` : `#${index}`;
  return `${struct.name} ${owner} ${field}`;
}

/** A task's state as `ps` shows it, and what `ps` does not: whether it is on its way, and whether a signal waits. */
function stateName(state: number, exitState: number): string {
  if ((exitState & EXIT_ZOMBIE) !== 0) return 'zombie';
  if (exitState === EXIT_DEAD || (state & TASK_DEAD) !== 0) return 'dead';
  if ((state & TASK_WAKING) !== 0) return 'waking';
  if ((state & TASK_INTERRUPTIBLE) !== 0) return 'sleeping';
  if ((state & TASK_UNINTERRUPTIBLE) !== 0) return 'in uninterruptible sleep';
  if ((state & (__TASK_STOPPED | __TASK_TRACED)) !== 0) return 'stopped';
  return 'runnable';
}

/** All tasks but the idle ones and init, with their states, for a report. */
export function describeTasks(arena: Arena): string {
  const { words } = arena;
  const cache = arena.caches[arena.cacheNumber('task_struct')];
  if (cache === undefined) return '';
  const lines: string[] = [];
  for (let slot = cache.base; slot < cache.end; slot += cache.slotWords) {
    if (words[slot] !== ALLOCATED) continue;
    const t = slot + SLOT_HEADER_WORDS;
    const field = (offset: number): number => words[t + offset] as number;
    const pid = field(task_struct.pid);
    if (pid <= 1) continue;
    const pending = (field(task_struct.thread_flags) & TIF_SIGPENDING) !== 0 ? ', signal pending' : '';
    const group = field(task_struct.tgid) === pid ? '' : ` of ${field(task_struct.tgid)}`;
    lines.push(
      `task ${pid}${group} is ${stateName(field(task_struct.state), field(task_struct.exit_state))}${pending}`,
    );
  }
  return lines.join(', ');
}
