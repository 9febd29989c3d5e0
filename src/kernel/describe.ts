/** What reports call an address: `task 101 sighand`, `siglock of process 101`, `tasklist_lock`. */

import { ALLOCATED, type Arena, type Cache, SLOT_HEADER_WORDS } from '../memory/arena.js';
import type { Cpu } from '../sync/cpu.js';
import {
  __TASK_STOPPED,
  __TASK_TRACED,
  EXIT_DEAD,
  EXIT_TRACE,
  EXIT_ZOMBIE,
  errorName,
  SIG_DFL,
  SIG_IGN,
  SYSCALL_NAMES,
  signalName,
  TASK_DEAD,
  TASK_INTERRUPTIBLE,
  TASK_KILLABLE,
  TASK_STOPPED,
  TASK_TRACED,
  TASK_UNINTERRUPTIBLE,
  TASK_WAKING,
  TIF_NEED_RESCHED,
  TIF_NOTIFY_RESUME,
  TIF_SIGPENDING,
  TIF_SINGLESTEP,
  TIF_SYSCALL_TRACE,
} from './constants.js';
import { pid, task_struct, upid } from './structs.js';
import {
  TRACE_HRTIMER_EXPIRE,
  TRACE_SCHED_PROCESS_EXEC,
  TRACE_SCHED_PROCESS_EXIT,
  TRACE_SCHED_PROCESS_FORK,
  TRACE_SCHED_PROCESS_FREE,
  TRACE_SCHED_SWITCH,
  TRACE_SCHED_WAKING,
  TRACE_SIGNAL_DELIVER,
  TRACE_SIGNAL_GENERATE,
  TRACE_SYS_EXIT,
  TRACE_USER_HANDLER,
} from './trace.js';
import type { ModelEvent } from './tracepoints.js';

type Words = Int32Array;

const PIDTYPE_NAMES = ['PID', 'TGID', 'PGID', 'SID'] as const;

/** Calls `visit` for each task in use. */
function forEachTask(arena: Arena, visit: (task: number) => void): void {
  const cache = arena.caches[arena.cacheNumber('task_struct')] as Cache;
  for (let slot = cache.base; slot < cache.end; slot += cache.slotWords) {
    if (arena.words[slot] === ALLOCATED) visit(slot + SLOT_HEADER_WORDS);
  }
}

/** What reports call a task. */
export function taskName(words: Words, task: number): string {
  const number = words[task + task_struct.pid] as number;
  if (number === 0) return `idle/${words[task + task_struct.cpu]}`;
  // A thread that has taken its leader's number in exec is still told apart from that leader.
  const born = words[task + task_struct.birth_pid] as number;
  return born === number ? `task ${number}` : `task ${born} (now ${number})`;
}

/** A pid's number in the initial namespace. */
function pidName(words: Words, p: number): number {
  return words[p + pid.nr + (words[p + pid.level] as number) * upid.$.words] as number;
}

/** The process whose tasks point to an object by a field; empty where none does any more. */
function ownerOf(arena: Arena, field: number, base: number): string {
  let tgid = -1;
  forEachTask(arena, (task) => {
    if (arena.words[task + field] === base) tgid = arena.words[task + task_struct.tgid] as number;
  });
  return tgid < 0 ? 'of nobody' : `of process ${tgid}`;
}

/** Replaces `Cpu.describe`: an object by what it belongs to and not by its place in a cache. */
export function describeAddress(this: Cpu, address: number): string {
  const { arena, words } = this;
  const object = arena.objectAt(address);
  if (object === null) return `address ${address}`;
  const { struct, base, index } = object;
  // A rwlock's first word stands for the lock.
  const field = object.field.replace(/\.state$/, '');
  switch (struct.name) {
    case 'globals':
    case 'user_memory':
      return field;
    case 'task_struct':
      return `${taskName(words, base)} ${field}`;
    case 'signal_struct':
      return `${field} ${ownerOf(arena, task_struct.signal, base)}`;
    case 'sighand_struct':
      return `${field} ${ownerOf(arena, task_struct.sighand, base)}`;
    case 'pid': {
      const nr = pidName(words, base);
      const list = address - base - pid.tasks;
      const name = PIDTYPE_NAMES[list];
      return name === undefined ? `pid ${nr} ${field}` : `pid ${nr} tasks[${name}]`;
    }
    case 'idr':
      return `pid table[${address - base}]`;
    case 'nested_idr':
      return `pid table of namespace #${index + 1}[${address - base}]`;
    case 'rq':
    case 'cpu_data':
      return `CPU ${index} ${field}`;
    default:
      return `${struct.name} #${index} ${field}`;
  }
}

/** An object of a slab cache. */
export function objectName({ words }: Arena, struct: string, base: number, index: number): string {
  if (struct === task_struct.$.name) return taskName(words, base);
  return struct === pid.$.name ? `pid ${pidName(words, base)}` : `${struct} #${index}`;
}

/** The object that a pointer leads to, without the field. */
function pointerName(cpu: Cpu, value: number): string {
  if (value === 0) return 'NULL';
  const object = cpu.arena.objectAt(value);
  if (object === null) return String(value);
  const { struct, base, index } = object;
  if (struct.name === 'sighand_struct') return `sighand ${ownerOf(cpu.arena, task_struct.sighand, base)}`;
  return objectName(cpu.arena, struct.name, base, index);
}

const STATE_NAMES: Readonly<Record<number, string>> = {
  0: 'TASK_RUNNING',
  [TASK_INTERRUPTIBLE]: 'TASK_INTERRUPTIBLE',
  [TASK_UNINTERRUPTIBLE]: 'TASK_UNINTERRUPTIBLE',
  [TASK_KILLABLE]: 'TASK_KILLABLE',
  [TASK_STOPPED]: 'TASK_STOPPED',
  [TASK_TRACED]: 'TASK_TRACED',
  [__TASK_TRACED]: '__TASK_TRACED',
  [TASK_WAKING]: 'TASK_WAKING',
  [TASK_DEAD]: 'TASK_DEAD',
};

const EXIT_STATE_NAMES: Readonly<Record<number, string>> = {
  0: '0',
  [EXIT_ZOMBIE]: 'EXIT_ZOMBIE',
  [EXIT_DEAD]: 'EXIT_DEAD',
  [EXIT_TRACE]: 'EXIT_TRACE',
};

/** What the value of a word means, by the field it is in. */
export function describeValue(cpu: Cpu, address: number, value: number): string {
  const object = cpu.arena.objectAt(address);
  if (object === null) return String(value);
  const { struct, field: name, kind } = object;
  if (struct.name === 'idr' || struct.name === 'nested_idr') return value > 0 ? pointerName(cpu, value) : 'nothing';
  if (kind.startsWith('*')) return pointerName(cpu, value);
  if (name === 'state') return STATE_NAMES[value] ?? String(value);
  if (name === 'exit_state') return EXIT_STATE_NAMES[value] as string;
  if (name === 'thread_flags') {
    const names: string[] = [];
    if ((value & TIF_SIGPENDING) !== 0) names.push('TIF_SIGPENDING');
    if ((value & TIF_NEED_RESCHED) !== 0) names.push('TIF_NEED_RESCHED');
    if ((value & TIF_NOTIFY_RESUME) !== 0) names.push('TIF_NOTIFY_RESUME');
    if ((value & TIF_SYSCALL_TRACE) !== 0) names.push('TIF_SYSCALL_TRACE');
    if ((value & TIF_SINGLESTEP) !== 0) names.push('TIF_SINGLESTEP');
    return names.join('|') || 'nothing to do';
  }
  return String(value);
}

function switchText(from: string, to: string): string {
  if (from.startsWith('idle')) return `runs ${to}`;
  return to.startsWith('idle') ? 'sleeps; nothing else to run' : `gives its CPU to ${to}`;
}

const GENERATE_RESULTS = ['delivered', 'ignored', 'already pending', 'overflow: refused', 'information lost'] as const;

/** What a trace point of the kernel says, in words; null for one that a story need not show. */
export function describeEvent(cpu: Cpu, { event, address, value, a, b }: ModelEvent): string | null {
  const task = (t: number): string => taskName(cpu.words, t);
  switch (event) {
    case TRACE_SIGNAL_GENERATE:
      return `${signalName(value)} sent to ${a === 1 ? 'the process of ' : ''}${task(address)}: ${GENERATE_RESULTS[b & 0xff]}`;
    case TRACE_SIGNAL_DELIVER:
      return `takes ${signalName(value & 0xff)}: ${a === SIG_DFL ? 'default action' : a === SIG_IGN ? 'ignored' : 'handler'}`;
    case TRACE_SCHED_SWITCH:
      return switchText(task(address), task(value));
    case TRACE_SCHED_WAKING:
      return `wakes ${task(address)}`;
    case TRACE_SCHED_PROCESS_FORK:
      return `makes ${task(value)}`;
    case TRACE_SCHED_PROCESS_EXEC:
      return a === value ? 'runs its new program' : `runs its new program; was task ${a}, is task ${value}`;
    case TRACE_SCHED_PROCESS_EXIT:
      return `exits with code ${value}`;
    case TRACE_SCHED_PROCESS_FREE:
      return `frees task ${value}`;
    case TRACE_SYS_EXIT:
      return `${SYSCALL_NAMES[a]} returns ${errorName(value)}`;
    case TRACE_HRTIMER_EXPIRE:
      return 'time passes: a timer of this CPU expires';
    case TRACE_USER_HANDLER:
      return `runs its handler for ${signalName(value)}`;
    default:
      return null;
  }
}

/** A task's state as `ps` shows it, and what `ps` does not: whether it is on its way, and whether a signal waits. */
function stateName(state: number, exitState: number): string {
  if ((exitState & EXIT_ZOMBIE) !== 0) return 'zombie';
  if (exitState === EXIT_DEAD || (state & TASK_DEAD) !== 0) return 'dead';
  if ((state & TASK_WAKING) !== 0) return 'waking';
  if ((state & TASK_INTERRUPTIBLE) !== 0) return 'sleeping';
  if ((state & TASK_UNINTERRUPTIBLE) !== 0) return 'in uninterruptible sleep';
  if ((state & __TASK_STOPPED) !== 0) return 'stopped';
  if ((state & __TASK_TRACED) !== 0) return 'stopped for its tracer';
  return 'runnable';
}

/** All tasks but the idle ones and init, with their states, for a report. */
export function describeTasks(arena: Arena): string {
  const { words } = arena;
  const cache = arena.caches[arena.cacheNumber('task_struct')] as Cache;
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
