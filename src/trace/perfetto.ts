/**
 * Events in the JSON trace event format, which https://ui.perfetto.dev and chrome://tracing read: a track for each CPU
 * with a slice for each function that it is in, trace points as instants, locks as asynchronous slices, and arrows from
 * a wake-up to the task that goes on and from a signal to the one who takes it. A microsecond stands for an event.
 */

import type { StoryEvent } from '../explore/replay.js';
import {
  EVENT_MODEL,
  EVENT_READ_UNLOCK,
  EVENT_UNLOCK,
  EVENT_WRITE_UNLOCK,
  OP_LOCK,
  OP_WRITE_LOCK,
} from '../sync/gate.js';
import { simulatedFrames } from './stack.js';

/** One entry of `traceEvents`. */
export interface TraceEntry {
  readonly ph: 'M' | 'X' | 'i' | 's' | 'f' | 'b' | 'e';
  readonly name: string;
  readonly pid: number;
  /** A CPU's number plus one: Perfetto takes 0 for the process. */
  readonly tid: number;
  readonly ts: number;
  readonly cat?: string;
  /** Microseconds, of a slice. */
  readonly dur?: number;
  /** Of arrows and asynchronous slices. A number: Perfetto reads a text as hexadecimal. */
  readonly id?: number;
  readonly s?: 't';
  readonly bp?: 'e';
  readonly args?: Readonly<Record<string, unknown>>;
}

export interface PerfettoTrace {
  readonly displayTimeUnit: 'ns';
  readonly otherData: Readonly<Record<string, unknown>>;
  readonly traceEvents: readonly TraceEntry[];
}

export interface PerfettoOptions {
  /** What the track of each CPU is called. */
  readonly tracks: readonly string[];
  /** The names of the model's trace points. */
  readonly eventNames: Readonly<Record<number, string>>;
  /** What is said of the trace as a whole. */
  readonly about: Readonly<Record<string, unknown>>;
}

const PROCESS = 1;
/** Event numbers are further apart than a slice that has only just begun, so that none is empty. */
const TICK = 2;

interface Slice {
  readonly name: string;
  readonly place: string;
  readonly start: number;
}

/** The slices that a CPU is in, the outermost first: its task, and the functions on its stack. */
class CpuTrack {
  private readonly open: Slice[] = [];

  constructor(
    private readonly tid: number,
    private readonly entries: TraceEntry[],
  ) {}

  /** Comes to a stack at a time: what is not on it any more ends, what is new begins. */
  moveTo(stack: readonly Omit<Slice, 'start'>[], now: number): void {
    let common = 0;
    while (common < this.open.length && this.open[common]?.name === stack[common]?.name) common++;
    this.close(common, now);
    for (const frame of stack.slice(common)) this.open.push({ ...frame, start: now });
  }

  /** Ends all slices deeper than so many. */
  close(depth: number, now: number): void {
    for (const { name, place, start } of this.open.splice(depth).reverse()) {
      const args = place === '' ? {} : { args: { place } };
      const dur = now - start;
      this.entries.push({ ph: 'X', name, cat: 'function', pid: PROCESS, tid: this.tid, ts: start, dur, ...args });
    }
  }
}

/** Arrows from one event to a later one. */
class Arrows {
  /** Those begun. One that leads nowhere is not drawn. */
  private readonly waiting: { readonly task: number; readonly sig: number; readonly start: TraceEntry }[] = [];
  private next = 1;

  constructor(private readonly entries: TraceEntry[]) {}

  begin(kind: string, task: number, sig: number, tid: number, ts: number): void {
    const start: TraceEntry = { ph: 's', name: kind, cat: kind, pid: PROCESS, tid, ts, id: this.next++ };
    this.waiting.push({ task, sig, start });
  }

  end(kind: string, task: number, sig: number, tid: number, ts: number): void {
    const at = this.waiting.findIndex(
      (one) => one.start.cat === kind && one.sig === sig && (one.task === task || one.task === ANY_THREAD),
    );
    const [found] = at < 0 ? [] : this.waiting.splice(at, 1);
    if (found !== undefined) this.entries.push(found.start, { ...found.start, ph: 'f', bp: 'e', tid, ts });
  }
}

/** A signal for a process: whichever thread takes it. */
const ANY_THREAD = -1;

/** The locks held, as asynchronous slices: they need not end in the order in which they began. */
class Locks {
  private readonly held = new Map<number, TraceEntry>();
  private next = 1;

  constructor(private readonly entries: TraceEntry[]) {}

  take(lock: number, name: string, tid: number, ts: number): void {
    const entry: TraceEntry = { ph: 'b', name, cat: 'lock', pid: PROCESS, tid, ts, id: this.next++ };
    this.held.set(lock * MAX_TIDS + tid, entry);
    this.entries.push(entry);
  }

  release(lock: number, tid: number, ts: number): void {
    const key = lock * MAX_TIDS + tid;
    const taken = this.held.get(key);
    if (taken === undefined) return;
    this.held.delete(key);
    this.entries.push({ ...taken, ph: 'e', ts });
  }

  releaseAll(ts: number): void {
    for (const taken of this.held.values()) this.entries.push({ ...taken, ph: 'e', ts });
    this.held.clear();
  }
}

const MAX_TIDS = 1024;

/**
 * Makes the trace of an execution.
 *
 * @param events of a replay with stacks
 * @see the format: "Trace Event Format", Google, 2016
 */
export function perfettoTrace(
  events: readonly StoryEvent[],
  { tracks: trackNames, eventNames, about }: PerfettoOptions,
): PerfettoTrace {
  const entries: TraceEntry[] = [];
  const name = (tid: number, kind: string, text: string): TraceEntry => {
    return { ph: 'M', name: kind, pid: PROCESS, tid, ts: 0, args: { name: text } };
  };
  const names = [
    name(1, 'process_name', 'siglab'),
    ...trackNames.map((track, cpu) => name(cpu + 1, 'thread_name', track)),
  ];
  const tracks = trackNames.map((_, cpu) => new CpuTrack(cpu + 1, entries));
  const arrows = new Arrows(entries);
  const locks = new Locks(entries);
  events.forEach((event, index) => {
    const ts = (index + 1) * TICK;
    const tid = event.cpu + 1;
    const frames = [...simulatedFrames(event.stack)].reverse();
    const stack = frames.map(({ function: called, file, line }) => ({ name: called, place: `${file}:${line}` }));
    // A model's thread is its track.
    const task = event.task === 0 ? [] : [{ name: event.taskName, place: '' }];
    tracks[event.cpu]?.moveTo([...task, ...stack], ts);
    const traced = eventNames[event.event];
    if (event.task === 0 && event.told !== null) {
      entries.push({ ph: 'i', s: 't', name: event.told.what, cat: 'event', pid: PROCESS, tid, ts: ts + 1 });
    }
    if (event.event >= OP_LOCK && event.event <= OP_WRITE_LOCK) locks.take(event.address, event.name, tid, ts + 1);
    else if (isRelease(event.event)) locks.release(event.address, tid, ts + 1);
    if (event.event < EVENT_MODEL || event.task === 0 || traced === undefined) return;
    const args = event.fields ?? {};
    entries.push({ ph: 'i', s: 't', name: traced, cat: 'tracepoint', pid: PROCESS, tid, ts: ts + 1, args });
    const group = event.fields?.grp === 1;
    if (traced === 'sched_waking') arrows.begin('wake-up', event.address, 0, tid, ts + 1);
    else if (traced === 'sched_switch') arrows.end('wake-up', event.value, 0, tid, ts + 1);
    else if (traced === 'signal_generate') {
      arrows.begin('signal', group ? ANY_THREAD : event.address, event.value, tid, ts + 1);
    } else if (traced === 'signal_deliver') {
      arrows.end('signal', event.address, Number(event.fields?.sig ?? 0), tid, ts + 1);
    }
  });
  const end = (events.length + 1) * TICK;
  for (const track of tracks) track.close(0, end);
  locks.releaseAll(end);
  // In the order of time; at the same time what encloses comes first.
  entries.sort((a, b) => a.ts - b.ts || (b.dur ?? 0) - (a.dur ?? 0));
  return { displayTimeUnit: 'ns', otherData: about, traceEvents: [...names, ...entries] };
}

function isRelease(event: number): boolean {
  return event === EVENT_UNLOCK || event === EVENT_READ_UNLOCK || event === EVENT_WRITE_UNLOCK;
}
