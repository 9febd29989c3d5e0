/** Events in plain words, for a reader who has never seen the kernel. What only the kernel's own workings need is left out. */

import type { Cpu } from '../sync/cpu.js';
import {
  EVENT_CONTENDED,
  OP_CMPXCHG,
  OP_LOCK,
  OP_READ,
  OP_SYSCALL_EXIT,
  OP_WRITE,
  RW_WAITING,
  RW_WRITER,
} from '../sync/gate.js';
import { spinOwner } from '../sync/spinlock.js';
import {
  EXIT_DEAD,
  EXIT_ZOMBIE,
  errorName,
  SIG_DFL,
  SIG_IGN,
  SIGCONT,
  SIGKILL,
  SIGNAL_GROUP_EXIT,
  signalName,
  TASK_DEAD,
  TASK_INTERRUPTIBLE,
  TASK_RUNNING,
  TASK_UNINTERRUPTIBLE,
  TIF_SIGPENDING,
} from './constants.js';
import { glossCall, glossDefault, glossExit, glossResult } from './gloss.js';
import { sigpending, sigset_t, task_struct, user_memory } from './structs.js';
import * as trace from './trace.js';
import { commOf, type ModelEvent, type Names } from './tracepoints.js';

/** Who does something, and what, as the end of a sentence that begins with them. */
export interface Narration {
  /** `process 100 (killer)`, `thread 102 of process 101 (execer)`, `CPU 1`. */
  readonly who: string;
  readonly what: string;
}

/** What a task is called: a process by its number if it has one thread, otherwise the thread. */
function nameOf(cpu: Cpu, task: number): string {
  const { words } = cpu;
  const pid = words[task + task_struct.pid] as number;
  const born = words[task + task_struct.birth_pid] as number;
  const tgid = words[task + task_struct.tgid] as number;
  if (pid === 0) return `CPU ${words[task + task_struct.cpu]}`;
  if (pid === 1) return 'init';
  const now = born === pid ? '' : ` (now ${pid})`;
  const alone = words[task + task_struct.thread_group] === task + task_struct.thread_group;
  if (alone && born === pid && tgid === pid) return `process ${pid}`;
  return born === tgid || born !== pid ? `thread ${born}${now}` : `thread ${pid} of process ${tgid}`;
}

/** What an event says; null for one that a plain account leaves out. */
export function narrate(cpu: Cpu, traced: ModelEvent, names: Names): Narration | null {
  const what =
    traced.event >= trace.TRACE_SIGNAL_GENERATE ? tellTracePoint(cpu, traced, names) : tellOperation(cpu, traced);
  if (what === null) return null;
  const who = nameOf(cpu, cpu.current);
  const comm = who.startsWith('CPU') ? '' : commOf(cpu, cpu.current, names.programs);
  return { who: comm === '' ? who : `${who}, running "${comm}",`, what };
}

function tellTracePoint(cpu: Cpu, { event, address, value, a, b }: ModelEvent, names: Names): string | null {
  const name = (task: number): string => (task === cpu.current ? 'itself' : nameOf(cpu, task));
  switch (event) {
    case trace.TRACE_SYS_ENTER:
      return glossCall(address, [value, a, b]);
    case trace.TRACE_SYS_EXIT:
      return glossResult(a, value);
    case trace.TRACE_SIGNAL_GENERATE:
      return sentText(cpu, address, value, a === 1, b & 0xff);
    case trace.TRACE_SIGNAL_DELIVER: {
      const sig = signalName(value & 0xff);
      if (a === SIG_IGN) return `takes ${sig} and ignores it`;
      return a === SIG_DFL ? `takes ${sig}: ${glossDefault(value & 0xff)}` : `takes ${sig}, for which it has a handler`;
    }
    case trace.TRACE_USER_HANDLER:
      return `runs its handler for ${signalName(value)}`;
    case trace.TRACE_SCHED_SWITCH:
      return switchText(cpu, address, value, a);
    case trace.TRACE_SCHED_WAKING:
      return `wakes ${name(address)}${toDie(cpu, address) ? ', for which SIGKILL waits: it is to die' : ''}`;
    case trace.TRACE_SCHED_PROCESS_FORK:
      return `makes ${nameOf(cpu, value)}`;
    case trace.TRACE_SCHED_PROCESS_EXEC: {
      const now = a === value ? '' : `: it was thread ${a}, and is process ${value} from now on`;
      return `begins to run its new program, "${commOf(cpu, address, names.programs)}"${now}`;
    }
    case trace.TRACE_SCHED_PROCESS_EXIT:
      return value === 0 ? 'begins to end' : `begins to end, ${glossExit(value)}`;
    case trace.TRACE_SCHED_PROCESS_FREE:
      return `frees the memory of task ${value}: nobody can still be looking at it`;
    case trace.TRACE_HRTIMER_EXPIRE:
      return 'is interrupted: time has passed, and a timer goes off';
    case trace.TRACE_USER_RESULT:
      return `notes ${names.results[address]} = ${errorName(value)}`;
    default:
      return null;
  }
}

/** Whether SIGKILL waits for a task itself. */
function toDie(cpu: Cpu, task: number): boolean {
  const own = cpu.words[task + task_struct.pending + sigpending.signal + sigset_t.lo] as number;
  return (own & (1 << (SIGKILL - 1))) !== 0;
}

/** `TRACE_SIGNAL_IGNORED`. */
const IGNORED = 1;

/** What became of a signal that was sent: as the results of `signal_generate`. */
const SENT = [
  '',
  ', which has no use for it: it is dropped',
  ', for which one waits already: the two count as one',
  ': refused, too many wait already',
  ': it is noted, but what comes with it is lost',
] as const;

function sentText(cpu: Cpu, task: number, sig: number, group: boolean, result: number): string {
  const tgid = cpu.words[task + task_struct.tgid] as number;
  const to = group ? `process ${tgid}` : nameOf(cpu, task);
  const done = sig === SIGCONT ? ': it goes on if it was stopped, and a stop that was to come is called off' : '';
  const became = sig === SIGCONT && result === IGNORED ? '' : SENT[result];
  return `sends ${signalName(sig)} to ${to}${done}${became}`;
}

function switchText(cpu: Cpu, prev: number, next: number, state: number): string | null {
  const idle = (task: number): boolean => cpu.words[task + task_struct.pid] === 0;
  if (idle(prev)) return `has something to do again: ${nameOf(cpu, next)} goes on`;
  const others = idle(next) ? '' : `; ${nameOf(cpu, next)} goes on in its place`;
  if ((state & TASK_DEAD) !== 0) return `is off its CPU for good${others}`;
  if ((state & (TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE)) !== 0) return `falls asleep${others}`;
  return state === TASK_RUNNING ? `gives up its CPU${others}` : `stops${others}`;
}

/** Who has a lock, from its word. @param op the operation that waits for it */
function holderOf(word: number, op: number): string {
  if (op === OP_LOCK) return `CPU ${spinOwner(word)} holds`;
  if ((word & RW_WRITER) !== 0) return `CPU ${(word & ~RW_WRITER & ~RW_WAITING) - 1} holds`;
  return 'somebody reads under';
}

/** A visible operation, by the field that it is on. */
function tellOperation(cpu: Cpu, { event, address, value, a }: ModelEvent): string | null {
  if (event === EVENT_CONTENDED) return `has to wait: ${holderOf(value, a)} ${cpu.describe(address)}`;
  if (event === OP_SYSCALL_EXIT) {
    return (value & TIF_SIGPENDING) === 0
      ? null
      : 'is on its way back to its program, and sees that a signal waits for it';
  }
  const object = cpu.arena.objectAt(address);
  if (object === null) return null;
  const { struct, base, field } = object;
  const reads = event === OP_READ;
  switch (struct.name) {
    case 'task_struct':
      return event === OP_CMPXCHG && field === 'exit_state'
        ? tellClaim(cpu, base, value)
        : tellTask(cpu, base, field, value, reads);
    case 'pid':
      return /^tasks\[\d\]/.test(field) ? tellNumber(cpu, address, field, value, reads) : null;
    case 'idr':
      return event === OP_WRITE && value === 0
        ? `gives the number ${address - base} back: a new process may get it`
        : null;
    case 'signal_struct':
      return event === OP_WRITE && field === 'flags' && (value & SIGNAL_GROUP_EXIT) !== 0
        ? 'marks the whole process as dying'
        : null;
    case 'user_memory': {
      const cell = address - base - user_memory.cells;
      return reads ? `looks at its variable ${cell}: it is ${value}` : `sets its variable ${cell} to ${value}`;
    }
    default:
      return null;
  }
}

/** What a parent finds in `exit_state` when it claims a dead child by a compare and exchange. */
function tellClaim(cpu: Cpu, task: number, found: number): string {
  const dead = nameOf(cpu, task);
  return found === EXIT_ZOMBIE
    ? `claims the dead ${dead} for itself: it has been waited for`
    : `finds that somebody else has claimed ${dead}`;
}

function tellTask(cpu: Cpu, task: number, field: string, value: number, reads: boolean): string | null {
  const own = task === cpu.current;
  const name = own ? 'it' : nameOf(cpu, task);
  if (reads) {
    if (field === 'sighand' && value === 0) return `finds that ${name} is gone: no signal can be sent to it any more`;
    if (field !== 'thread_flags' || !own) return null;
    return (value & TIF_SIGPENDING) === 0
      ? 'looks whether a signal waits for it: none does'
      : 'looks whether a signal waits for it: one does';
  }
  if (field === 'sighand' && value === 0) return `cuts ${name} off: from now on no signal can be sent to it`;
  if (field === 'exit_state' && value === EXIT_ZOMBIE) return 'is a zombie now: dead, until somebody takes note of it';
  if (field === 'exit_state' && value === EXIT_DEAD) {
    return `releases ${name}: its death has been taken note of`;
  }
  if (field === 'state' && own && (value & (TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE)) !== 0) {
    return 'says that it is about to fall asleep';
  }
  return null;
}

/** The first entry of a pid's list of tasks: whom the number leads to. */
function tellNumber(cpu: Cpu, address: number, field: string, value: number, reads: boolean): string | null {
  // As a process: what else a number can stand for changes along with it.
  if (!field.startsWith('tasks[0]')) return null;
  const number = cpu.describe(address).replace(/^\D*(\d+).*$/, '$1');
  const leads = value === 0 ? 'nobody' : nameOf(cpu, value - task_struct.pid_links);
  if (reads) return `looks up number ${number}: it leads to ${leads}`;
  return `makes the number ${number} lead to ${leads}`;
}
