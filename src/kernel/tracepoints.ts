/** The kernel's trace points with the kernel's own fields, as `include/trace/events/` declares and prints them. */

import type { Cpu } from '../sync/cpu.js';
import {
  __TASK_STOPPED,
  __TASK_TRACED,
  EXIT_DEAD,
  EXIT_ZOMBIE,
  TASK_INTERRUPTIBLE,
  TASK_UNINTERRUPTIBLE,
} from './constants.js';
import { pid, task_struct } from './structs.js';
import {
  EXIT_RESOURCES,
  TRACE_RCU_GRACE_PERIOD,
  TRACE_RESOURCE,
  TRACE_SCHED_PROCESS_EXEC,
  TRACE_SCHED_PROCESS_EXIT,
  TRACE_SCHED_PROCESS_FORK,
  TRACE_SCHED_PROCESS_FREE,
  TRACE_SCHED_PROCESS_WAIT,
  TRACE_SCHED_SWITCH,
  TRACE_SCHED_WAKEUP,
  TRACE_SCHED_WAKEUP_NEW,
  TRACE_SCHED_WAKING,
  TRACE_SIGNAL_DELIVER,
  TRACE_SIGNAL_GENERATE,
  TRACE_SYS_ENTER,
  TRACE_SYS_EXIT,
  TRACE_USER_HANDLER,
  TRACE_USER_RESULT,
} from './trace.js';

/** An event as the trace emits it. */
export interface ModelEvent {
  readonly event: number;
  readonly address: number;
  readonly value: number;
  readonly a: number;
  readonly b: number;
}

/** A trace point's fields, by the kernel's names, in its order. */
export type TraceFields = Readonly<Record<string, number | string>>;

/** What a scenario calls its programs and results, in order. */
export interface Names {
  readonly programs: readonly string[];
  readonly results: readonly string[];
}

/** `TASK_COMM_LEN`, without the byte that ends it. */
const COMM_LENGTH = 15;
/** Everybody has the default priority, `MAX_RT_PRIO` + 20. Left out: priorities. */
const DEFAULT_PRIO = 120;

/** The letters of the bits of a state that `sched_switch` prints; a dead task's are those of its `exit_state`. */
const STATE_LETTERS = [
  [EXIT_ZOMBIE, 'Z'],
  [EXIT_DEAD, 'X'],
  [__TASK_TRACED, 't'],
  [__TASK_STOPPED, 'T'],
  [TASK_UNINTERRUPTIBLE, 'D'],
  [TASK_INTERRUPTIBLE, 'S'],
] as const;

/** A task's state in one letter: the highest of its bits, as `task_state_index` has it. */
function stateLetter(state: number): string {
  return STATE_LETTERS.find(([bit]) => (state & bit) !== 0)?.[1] ?? 'R';
}

/**
 * What a task is called. The model has no file names: it is the name of the program that the task runs.
 *
 * @param programs the scenario's programs, in order
 */
export function commOf(cpu: Cpu, task: number, programs: readonly string[]): string {
  const { words } = cpu;
  const number = words[task + task_struct.pid] as number;
  if (number === 0) return `swapper/${words[task + task_struct.cpu]}`;
  if (number === 1) return 'init';
  return (programs[words[task + task_struct.program] as number] as string).slice(0, COMM_LENGTH);
}

/**
 * The fields of a trace point, read at the moment of the event; null for an event that the kernel does not have.
 *
 * @param cpu where it happened
 */
export function traceFields(cpu: Cpu, traced: ModelEvent, { programs, results }: Names): TraceFields | null {
  const { event, address, value, a, b } = traced;
  const { words } = cpu;
  const pidOf = (task: number): number => words[task + task_struct.pid] as number;
  const comm = (task: number): string => commOf(cpu, task, programs);
  const who = (task: number): TraceFields => ({ comm: comm(task), pid: pidOf(task), prio: DEFAULT_PRIO });
  switch (event) {
    case TRACE_SIGNAL_GENERATE:
      return { sig: value, errno: 0, code: b >> 8, comm: comm(address), pid: pidOf(address), grp: a, res: b & 0xff };
    case TRACE_SIGNAL_DELIVER:
      return { sig: value & 0xff, errno: 0, code: value >> 8, sa_handler: hex(a), sa_flags: hex(b) };
    case TRACE_SCHED_SWITCH:
      return {
        prev_comm: comm(address),
        prev_pid: pidOf(address),
        prev_prio: DEFAULT_PRIO,
        prev_state: stateLetter(a | (words[address + task_struct.exit_state] as number)),
        next_comm: comm(value),
        next_pid: pidOf(value),
        next_prio: DEFAULT_PRIO,
      };
    case TRACE_SCHED_WAKING:
    case TRACE_SCHED_WAKEUP:
    case TRACE_SCHED_WAKEUP_NEW:
      return { ...who(address), target_cpu: String(value).padStart(3, '0') };
    case TRACE_SCHED_PROCESS_FORK:
      return {
        comm: comm(address),
        pid: pidOf(address),
        child_comm: comm(value),
        child_pid: pidOf(value),
      };
    case TRACE_SCHED_PROCESS_EXEC:
      return { filename: comm(address), pid: value, old_pid: a };
    case TRACE_SCHED_PROCESS_EXIT:
    case TRACE_SCHED_PROCESS_FREE:
      return who(address);
    case TRACE_SCHED_PROCESS_WAIT: {
      const waited = address === 0 ? 0 : (words[address + pid.nr] as number);
      return { comm: comm(cpu.current), pid: waited, prio: DEFAULT_PRIO };
    }
    case TRACE_RCU_GRACE_PERIOD:
      // As `gp_seq` counts: the low two bits say whether one is under way.
      return {
        rcuname: 'rcu_sched',
        gpseq: a === 0 ? (value << 2) - 3 : value << 2,
        gpevent: a === 0 ? 'start' : 'end',
      };
    case TRACE_SYS_ENTER:
      return { id: address, args: `${hex(value)}, ${hex(a)}, ${hex(b)}` };
    case TRACE_SYS_EXIT:
      return { id: a, ret: value };
    case TRACE_RESOURCE:
      return { name: EXIT_RESOURCES[value] as string };
    case TRACE_USER_HANDLER:
      return { sig: value };
    case TRACE_USER_RESULT:
      return { name: results[address] as string, value };
    default:
      return null;
  }
}

function hex(value: number): string {
  return (value >>> 0).toString(16);
}

/** A trace point's fields as the kernel prints them (`TP_printk`). */
export function traceText(event: number, fields: TraceFields): string {
  switch (event) {
    case TRACE_SYS_ENTER:
      return `NR ${fields.id} (${fields.args})`;
    case TRACE_SYS_EXIT:
      return `NR ${fields.id} = ${fields.ret}`;
    case TRACE_RCU_GRACE_PERIOD:
      return `${fields.rcuname} ${fields.gpseq} ${fields.gpevent}`;
    case TRACE_RESOURCE:
      return String(fields.name);
    default: {
      const pairs = Object.entries(fields).map(([name, value]) => `${name}=${value}`);
      if (event === TRACE_SCHED_SWITCH) pairs.splice(4, 0, '==>');
      return pairs.join(' ');
    }
  }
}
