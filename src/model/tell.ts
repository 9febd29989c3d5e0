/** What happens in a model of one's own, in words: the events of its threads, and the values of what they share. */

import type { TraceEvent } from '../machine/trace-buffer.js';
import {
  EVENT_CONTENDED,
  EVENT_MODEL,
  EVENT_READ_UNLOCK,
  EVENT_UNLOCK,
  EVENT_WRITE_UNLOCK,
  OP_ADD,
  OP_AWAIT,
  OP_AWAIT_ABOVE,
  OP_CMPXCHG,
  OP_LOCK,
  OP_READ,
  OP_READ_LOCK,
  OP_RELAX,
  OP_WRITE,
  OP_WRITE_LOCK,
  OP_XCHG,
  RW_WRITER,
} from '../sync/gate.js';

/** A thread reads a plain variable. */
export const EVENT_PLAIN_READ = EVENT_MODEL;
/** A thread writes a plain variable. */
export const EVENT_PLAIN_WRITE = EVENT_MODEL + 1;
/** A thread wakes so many (the value) of those that wait for a condition. */
export const EVENT_WAKE = EVENT_MODEL + 2;
/** A thread leaves a read-side section. */
export const EVENT_LEAVE = EVENT_MODEL + 3;

/** What the trace points are called in traces. */
export const EVENT_NAMES: Readonly<Record<number, string>> = {
  [EVENT_PLAIN_READ]: 'plain_read',
  [EVENT_PLAIN_WRITE]: 'plain_write',
  [EVENT_WAKE]: 'wake',
  [EVENT_LEAVE]: 'rcu_read_unlock',
};

/** What is declared, each with words of its own. */
export type Kind = 'cell' | 'plain' | 'mutex' | 'rwlock' | 'condition' | 'semaphore' | 'rcu' | 'barrier' | 'thread';

/** What a word of a model's is. */
export interface Word {
  readonly kind: Kind;
  /** What it is a part of, as declared. */
  readonly of: string;
  /** Which of its words, from 0. */
  readonly part: number;
  /** What reports call the word itself: `changed.woken`. */
  readonly name: string;
}

/** What a model's threads and words are. */
export interface Told {
  wordAt(address: number): Word | undefined;
  label(thread: number): string;
}

/** What an event of one of a model's threads is, in words; null for one that a story need not show. */
export function tellEvent({ event, address, value, a, b }: TraceEvent, { wordAt, label }: Told): string | null {
  const word = wordAt(address);
  if (word === undefined) return null;
  const { kind, of, part, name } = word;
  switch (event) {
    case OP_READ:
      if (kind === 'condition') return `looks who waits for ${of}`;
      return kind === 'rcu' ? `enters a read-side section of ${of}` : `reads ${name}: ${value}`;
    case OP_WRITE:
      return kind === 'thread' ? `starts thread ${of}` : `writes ${name} = ${value}`;
    case OP_XCHG:
      return `exchanges ${name} for ${a}: was ${value}`;
    case OP_CMPXCHG:
      if (kind === 'mutex')
        return value === 0 ? `takes ${of}, which was free` : `finds ${of} held by ${label(value - 1)}`;
      return value === a ? `changes ${name} from ${a} to ${b}` : `finds that ${name} is ${value}, and not ${a}`;
    case OP_ADD:
      if (kind === 'condition') return `goes to sleep, to wait for ${of}`;
      if (kind === 'barrier') return `comes to ${of}`;
      if (kind === 'semaphore') return `releases ${of}: now ${value}`;
      return `adds ${a} to ${name}: now ${value}`;
    case OP_AWAIT:
      if (kind === 'thread') return part === 0 ? 'is started' : `has waited for the end of thread ${of}`;
      return kind === 'rcu' ? `sees the grace period of ${of} end` : `has waited until ${name} is ${a}`;
    case OP_AWAIT_ABOVE:
      if (kind === 'condition') return `is woken, having waited for ${of}`;
      if (kind === 'barrier') return `goes on from ${of}`;
      return kind === 'semaphore' ? `acquires ${of}` : `has waited until ${name} is above ${a}`;
    case OP_LOCK:
      return kind === 'rcu' ? `begins a grace period of ${of}` : `takes ${of}`;
    case OP_READ_LOCK:
      return `takes ${of} for reading`;
    case OP_WRITE_LOCK:
      return `takes ${of} for writing`;
    case EVENT_UNLOCK:
    case EVENT_READ_UNLOCK:
    case EVENT_WRITE_UNLOCK:
      return `releases ${of}`;
    case EVENT_CONTENDED:
      return `waits for ${of}`;
    case EVENT_PLAIN_READ:
      return `reads ${name}: ${value}`;
    case EVENT_PLAIN_WRITE:
      return `writes ${name} = ${value}`;
    case EVENT_WAKE:
      return value === 0 ? `finds nobody who waits for ${of}` : `wakes ${value} of those that wait for ${of}`;
    case EVENT_LEAVE:
      return `leaves its read-side section of ${of}`;
    default:
      return null;
  }
}

/** What a word's value means. */
export function tellValue(address: number, value: number, { wordAt, label }: Told): string {
  const { kind, part } = wordAt(address) ?? {};
  if (kind === 'mutex' || (kind === 'rcu' && part === 0)) return value === 0 ? 'free' : `held by ${label(value - 1)}`;
  if (kind !== 'rwlock') return String(value);
  if (value === 0) return 'free';
  if ((value & RW_WRITER) !== 0) return `held by ${label((value & ~RW_WRITER) - 1)} for writing`;
  return `held by ${value} for reading`;
}

/** What `Thread` calls the operations on what is no cell, by kind and operation. */
const CALLS: Partial<Readonly<Record<Kind, Readonly<Record<number, string>>>>> = {
  condition: { [OP_ADD]: 'wait', [OP_AWAIT_ABOVE]: 'wait', [OP_READ]: 'signal' },
  semaphore: { [OP_AWAIT_ABOVE]: 'acquire', [OP_ADD]: 'release' },
  barrier: { [OP_ADD]: 'arrive', [OP_AWAIT_ABOVE]: 'arrive' },
  thread: { [OP_WRITE]: 'start', [OP_AWAIT]: 'join' },
  rcu: { [OP_READ]: 'rcuReadLock', [OP_LOCK]: 'synchronizeRcu', [OP_AWAIT]: 'synchronizeRcu' },
  mutex: { [OP_CMPXCHG]: 'tryLock' },
};
/** What it calls those on cells. */
const CELL_CALLS: Readonly<Record<number, string>> = {
  [OP_READ]: 'load',
  [OP_WRITE]: 'store',
  [OP_XCHG]: 'exchange',
  [OP_CMPXCHG]: 'compareExchange',
  [OP_ADD]: 'fetchAdd',
  [OP_AWAIT]: 'until',
  [OP_AWAIT_ABOVE]: 'untilAbove',
  [OP_LOCK]: 'lock',
  [OP_READ_LOCK]: 'readLock',
  [OP_WRITE_LOCK]: 'writeLock',
};

/** An operation as the body of a thread calls it: `wait(changed)`; null for one that it does not name. */
export function tellOperation(op: number, address: number, { wordAt }: Told): string | null {
  const word = wordAt(address);
  if (word === undefined) return op === OP_RELAX ? 'relax()' : null;
  // Of its own first word a thread that has not been started waits for the start.
  if (word.kind === 'thread' && word.part === 0 && op === OP_AWAIT) return `start(${word.of})`;
  const own = CALLS[word.kind]?.[op];
  if (own !== undefined) return `${own}(${word.of})`;
  const call = CELL_CALLS[op];
  return call === undefined ? null : `${call}(${word.name})`;
}
