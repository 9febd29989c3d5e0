/** The constants that a litmus file may name, and how values read. */

import * as kernel from '../kernel/constants.js';
import { errorName, SIGRTMIN, signalName } from '../kernel/constants.js';

const SORTS = [
  /^SIG(?!NAL_|EV_|QUEUE_|STKSZ)[A-Z0-9]+$/,
  /^SIG_(?:DFL|IGN|BLOCK|UNBLOCK|SETMASK)$/,
  /^E(?!RESTART)[A-Z]+$/,
  /^(?:SA|SI|CLD|P|PR|RLIMIT|SFD)_[A-Z_]+$/,
  /^PTRACE_(?!EVENT|MODE)[A-Z_]+$/,
  /^(?:__)?W[A-Z]+$/,
];

/** By their names in C. The values are those of x86-64. */
export const CONSTANTS: ReadonlyMap<string, number> = new Map(
  Object.entries(kernel).filter(
    (entry): entry is [string, number] => typeof entry[1] === 'number' && SORTS.some((sort) => sort.test(entry[0])),
  ),
);

/** What a value stands for, and so how it reads. */
export type ValueKind = 'int' | 'pid' | 'signal' | 'status' | 'code' | 'descriptor';

/** The pid that the first process of a container has there. */
const NAMESPACE_INIT = 1;

/** How a value of a kind reads that is not a number: of a pid, the name of its process. */
export type PidNames = (pid: number) => string | null;

const CODES = new Map(
  [...CONSTANTS].filter(([name]) => /^(?:SI|CLD)_/.test(name)).map(([name, value]) => [value, name]),
);

/** Words for `state(…)`, as numbers above any status. */
export const STATE_ALIVE = 0x1_0000;
export const STATE_STOPPED = 0x1_0001;
export const STATE_GONE = 0x1_0002;

/** A status as `wait` gives it. Whether a core was written is not a matter of signals: it is left out. */
export function statusText(status: number): string {
  if (status === STATE_ALIVE) return 'alive';
  if (status === STATE_STOPPED) return 'stopped';
  if (status === STATE_GONE) return 'gone';
  if (status === 0xffff) return 'continued';
  if ((status & 0xff) === 0x7f) {
    const event = status >> 16 === 0 ? '' : `, event ${status >> 16}`;
    return `stopped(${stopName((status >> 8) & 0xff)}${event})`;
  }
  return (status & 0x7f) === 0 ? `exited(${(status >> 8) & 0xff})` : `killed(${signalName(status & 0x7f)})`;
}

/** The signal of a stop; a stop at a system call has the bit 0x80. */
function stopName(sig: number): string {
  return (sig & 0x80) === 0 ? signalName(sig) : `${signalName(sig & 0x7f)}|0x80`;
}

/** A value in words: `0`, `-ESRCH`, `SIGTERM`, `exited(3)`, `B`. */
export function valueText(kind: ValueKind, value: number, pidName: PidNames): string {
  if (value < 0 && kind !== 'status' && kind !== 'code') return errorName(value);
  switch (kind) {
    case 'int':
      return String(value);
    case 'pid':
      if (value === 0) return '0';
      return value === NAMESPACE_INIT ? 'init' : (pidName(value) ?? 'unknown');
    case 'signal':
      return value === 0 ? '0' : signalName(value);
    case 'status':
      return statusText(value);
    // Which number is free depends on what a program was started with.
    case 'descriptor':
      return 'descriptor';
    case 'code':
      return CODES.get(value) ?? String(value);
  }
}

/** A set of signals, as words of 32 bits each, in words: `{SIGUSR1, SIGRTMIN}`. */
export function setText(lo: number, hi: number): string {
  const names: string[] = [];
  for (let sig = 1; sig <= 64; sig++) {
    const half = sig <= SIGRTMIN ? lo : hi;
    if ((half & (1 << ((sig - 1) % 32))) !== 0) names.push(signalName(sig));
  }
  return `{${names.join(', ')}}`;
}
