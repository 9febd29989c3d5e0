/** A run's events in memory, and the hash by which two runs are compared. */

import type { TraceSink } from '../sync/gate.js';

/** Words of an event: cpu, task, event, address, value, and two operands. */
export const EVENT_WORDS = 7;

export interface TraceEvent {
  readonly cpu: number;
  readonly task: number;
  readonly event: number;
  readonly address: number;
  readonly value: number;
  readonly a: number;
  readonly b: number;
}

/** An event of a run, read back. */
export function eventAt(words: Int32Array, index: number): TraceEvent {
  const at = index * EVENT_WORDS;
  return {
    cpu: words[at] as number,
    task: words[at + 1] as number,
    event: words[at + 2] as number,
    address: words[at + 3] as number,
    value: words[at + 4] as number,
    a: words[at + 5] as number,
    b: words[at + 6] as number,
  };
}

/** The hash of a run's events, as 16 hexadecimal digits. Equal for equal runs, on every machine. */
export function traceHash(words: Int32Array, events: number): string {
  // Two FNV-1a hashes over 32-bit words, with different primes.
  let first = 0x811c9dc5 | 0;
  let second = 0xcbf29ce4 | 0;
  for (let at = 0; at < events * EVENT_WORDS; at++) {
    const word = words[at] as number;
    first = Math.imul(first ^ word, 0x01000193);
    second = Math.imul(second ^ word ^ (first >>> 15), 0x01000197);
  }
  const hex = (word: number): string => (word >>> 0).toString(16).padStart(8, '0');
  return hex(first) + hex(second);
}

/** Collects events in this thread. */
export class TraceBuffer implements TraceSink {
  words = new Int32Array(EVENT_WORDS * 1024);
  count = 0;

  emit(cpu: number, task: number, event: number, address: number, value: number, a: number, b: number): void {
    const at = this.count * EVENT_WORDS;
    if (at + EVENT_WORDS > this.words.length) {
      const grown = new Int32Array(this.words.length * 2);
      grown.set(this.words);
      this.words = grown;
    }
    const { words } = this;
    words[at] = cpu;
    words[at + 1] = task;
    words[at + 2] = event;
    words[at + 3] = address;
    words[at + 4] = value;
    words[at + 5] = a;
    words[at + 6] = b;
    this.count++;
  }

  get hash(): string {
    return traceHash(this.words, this.count);
  }

  clear(): void {
    this.count = 0;
  }
}
