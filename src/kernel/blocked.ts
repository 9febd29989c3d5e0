/** What a task sleeps for that a wait list shows, and who has it. After `kernel/hung_task.c`. */

import type { Arena } from '../memory/arena.js';
import { list_head } from '../memory/layout.js';
import type { Cpu } from '../sync/cpu.js';
import { mutex, mutex_waiter } from '../sync/mutex.js';
import { wait_queue_entry } from '../sync/wait.js';
import { taskName } from './describe.js';
import { task_struct } from './structs.js';

export interface Blocked {
  /** What reports call it. */
  readonly what: string;
  /** The word that says who has it; 0 where nothing does. */
  readonly ownerWord: number;
  /** The task that has it; 0 for none. */
  readonly holder: number;
}

/** The head of the list that a node is in: the only place that is in no task; 0 if the node is in no list. */
function headOf(arena: Arena, node: number): number {
  const { words } = arena;
  const first = words[node + list_head.next] as number;
  for (let at = first; at !== 0 && at !== node; at = words[at + list_head.next] as number) {
    if (arena.objectAt(at)?.struct.name !== 'task_struct') return at;
  }
  return 0;
}

/** What a sleeping task waits for, as the list that it is in shows; null if it is in none. */
export function blockedOn(cpu: Cpu, task: number): Blocked | null {
  const { arena, words } = cpu;
  const waitList = headOf(arena, task + task_struct.mutex_waiter + mutex_waiter.list);
  if (waitList !== 0) {
    const ownerWord = waitList - mutex.wait_list + mutex.owner;
    return { what: nameOf(cpu, waitList), ownerWord, holder: words[ownerWord] as number };
  }
  const queue = headOf(arena, task + task_struct.child_wait + wait_queue_entry.entry);
  return queue === 0 ? null : { what: nameOf(cpu, queue), ownerWord: 0, holder: 0 };
}

/** The lock or queue that a list's head belongs to: `cred_guard_mutex of process 101`. */
function nameOf(cpu: Cpu, head: number): string {
  return cpu.describe(head).replace(/(?:\.wait)?\.(?:wait_list|head)\.next/, '');
}

/** Of a task in a sleep that nothing but its wake-up ends: what khungtaskd would say, of one that will not wake. */
export function hungTaskText(cpu: Cpu, task: number): string {
  const { words } = cpu;
  return `INFO: ${taskName(words, task)} blocked for ever in uninterruptible sleep${forText(words, blockedOn(cpu, task))}`;
}

function forText(words: Int32Array, blocked: Blocked | null): string {
  if (blocked === null) return '';
  const { what, holder } = blocked;
  return `: it waits for ${what}${holder === 0 ? '' : `, which ${taskName(words, holder)} holds`}`;
}
