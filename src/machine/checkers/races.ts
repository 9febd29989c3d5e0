/**
 * Data races, by vector clocks: two accesses to one word, at least one of them plain and at least one a write, that
 * nothing orders. After Flanagan and Freund, "FastTrack: efficient and precise dynamic race detection" (PLDI 2009),
 * with the kernel's marked accesses beside the plain ones.
 *
 * One CPU moves at a time, so one counter serves all clocks, and it goes on from one execution to the next: what is left
 * from an execution before is older than anything that a CPU has yet to see, and need not be cleared.
 */

import type { Arena } from '../../memory/arena.js';
import type { Cpu } from '../../sync/cpu.js';
import { Violation } from '../../sync/gate.js';
import { ACCESS_READ, ACCESS_WRITE, type AccessLog } from '../access-log.js';
import type { Model } from '../model.js';
import {
  type Exempt,
  KIND_MARKED_READ,
  KIND_MARKED_WRITE,
  KIND_READ,
  KIND_WRITE,
  NOT_RELEASED,
  Sharing,
} from './sharing.js';

/** A CPU, as the detector sees it. */
export interface RacingCpu extends Cpu {
  /** Its clock now, with its number in the low bits: what its plain accesses are stamped with. */
  epoch: number;
  /** Its accesses that are not looked at: `Sharing.passes`. */
  readonly passes: Uint8Array;
}

/** The machine whose accesses are watched. */
export interface RaceHost {
  readonly captureStacks: boolean;
  readonly cpus: readonly Cpu[];
  readonly keepsFootprints: boolean;
  readonly accesses: AccessLog;
}

/** What an access is called in a report. */
const PLAIN_READ = 'read';
const PLAIN_WRITE = 'write';
const MARKED_READ = 'read (marked)';
const MARKED_WRITE = 'write (marked)';

const CLOCK_LIMIT_SHIFT = 30;

/** The record of a word begins at its address, shifted. */
const RECORD_SHIFT = 2;
/** The stamp of the last plain write. */
const LAST_WRITE = 0;
/** The stamp of the last plain access or, negative, the place where the reads of several CPUs are kept. */
const LAST_ACCESS = 1;
/** Where its clocks are; 0 for none. */
const PLACE = 2;
/** What is known of it: which races are meant to be, and which of its clocks have been used. */
const KNOWN = 3;

/** An access whose place is kept. The text of a stack is made when it is asked for: that is what takes long. */
interface NotedAccess {
  readonly by: string;
  readonly here: Error;
  /** Where the CPU's operation was announced. */
  readonly announced: Error | null;
}

/** An operation is performed when the machine comes back to it; it was announced where the code stands. */
function stackOf({ here, announced }: NotedAccess): string {
  const stack = here.stack ?? '';
  return /\bcompletePoint\b/.test(stack) ? (announced?.stack ?? '') : stack;
}

/** Races are meant to be (`Model.racy`), or those of reads are (`Model.racyReads`). */
const ANY = 1;
const READS = 2;
const RACY = ANY | READS;
const MARKED_WRITES = 4;
const MARKED_READS = 8;
const RELEASED = 16;
const READERS_RELEASED = 32;
/** There can be races on it. Until there can, its accesses are told to `Sharing`. */
const SHARED = 64;

export class RaceDetector {
  /** By word, in one record, what is known of it: what is looked at together is near. */
  readonly records: Int32Array;
  /** Which accesses are looked at. */
  readonly sharing: Sharing;
  /** The first race of the execution, where it goes on after one. */
  found: Violation | null = null;
  /** Whether a race ends the execution at once. If not, what comes of it may be seen, and says more. */
  atOnce: boolean;
  private readonly count: number;
  private readonly bits: number;
  private readonly mask: number;
  /** By CPU (a row of a power of two), and then by CPU: how much of the other's past it has seen. */
  private readonly seen: Int32Array;
  /** For each word that has a place: clocks of several kinds, of each kind one for every CPU. */
  private clocks: Int32Array;
  private clocksUsed: number;
  /** Where the clocks of a kind begin, from the place of a word; those of plain reads come first. */
  private readonly markedWrites: number;
  private readonly markedReads: number;
  private readonly released: number;
  private readonly readersReleased: number;
  private readonly placeWords: number;
  private time = 1;
  /** Whether stacks are captured in this execution. */
  private capturing = false;
  private isPaused = true;
  /** Whether it is paused, or captures stacks. */
  private unusual = true;
  /** By word, CPU and kind: where it was accessed last. Kept while stacks are captured. */
  private readonly stacks = new Map<string, NotedAccess>();

  constructor(
    private readonly host: RaceHost,
    model: Pick<Model, 'cpus' | 'racy' | 'racyReads' | 'flat'>,
    arena: Arena,
    options: { readonly memory: boolean; readonly footprints: boolean },
  ) {
    const { cpus, racy = {}, racyReads = {} } = model;
    this.atOnce = model.flat === true;
    const words = arena.words.length;
    this.count = cpus;
    this.bits = Math.max(1, 32 - Math.clz32(cpus - 1));
    this.mask = (1 << this.bits) - 1;
    this.records = new Int32Array(words << RECORD_SHIFT);
    // An execution that a race ends at once cannot go on to where it is made again, and one whose footprints a strategy
    // has seen is not made again.
    const enabled = !this.atOnce && !options.footprints;
    this.sharing = new Sharing(options.memory ? arena.shadow : new Uint8Array(words), cpus, enabled);
    const shared = enabled ? 0 : SHARED;
    for (let at = KNOWN; at < this.records.length; at += 1 << RECORD_SHIFT) this.records[at] = shared;
    for (const [fields, what] of [[racyReads, READS] as const, [racy, ANY] as const]) {
      for (const [struct, offsets] of Object.entries(fields)) {
        for (const base of arena.addressesOf(struct)) {
          for (const offset of offsets) this.records[((base + offset) << RECORD_SHIFT) + KNOWN] = what | shared;
        }
      }
    }
    this.seen = new Int32Array(cpus << this.bits);
    this.markedWrites = cpus;
    this.markedReads = cpus * 2;
    this.released = cpus * 3;
    this.readersReleased = cpus * 4;
    this.placeWords = cpus * 5;
    this.clocks = new Int32Array(this.placeWords * 64);
    // Place 0 stands for none.
    this.clocksUsed = this.placeWords;
  }

  /** Set while something happens that is not what the CPUs do: the clock runs, or the execution has ended. */
  get paused(): boolean {
    return this.isPaused;
  }

  set paused(value: boolean) {
    this.isPaused = value;
    this.unusual = value || this.capturing;
  }

  /**
   * Begins an execution: every CPU has seen what all have done before.
   *
   * @param all whether everything is looked at, as it cannot be made again
   */
  begin(all: boolean): void {
    if (this.time >= 1 << (CLOCK_LIMIT_SHIFT - this.bits)) this.restart();
    const { seen } = this;
    this.time++;
    for (let at = 0; at < seen.length; at++) seen[at] = this.time;
    this.time++;
    for (const cpu of this.host.cpus) this.stamp(cpu as RacingCpu);
    this.sharing.begin(all);
    this.capturing = this.host.captureStacks;
    this.paused = false;
    this.found = null;
    if (this.stacks.size !== 0) this.stacks.clear();
  }

  private restart(): void {
    this.time = 1;
    this.clocks.fill(0);
    for (let at = 0; at < this.records.length; at += 1 << RECORD_SHIFT) {
      this.records[at + LAST_WRITE] = 0;
      this.records[at + LAST_ACCESS] = 0;
    }
  }

  private advance(cpu: RacingCpu): void {
    this.time++;
    this.stamp(cpu);
  }

  private stamp(cpu: RacingCpu): void {
    const { id } = cpu;
    this.seen[(id << this.bits) | id] = this.time;
    cpu.epoch = (this.time << this.bits) | id;
  }

  /** An access to a word on which there can be no race so far. */
  private meet(cpu: RacingCpu, address: number, access: number, known: number): void {
    const exempt: Exempt = (known & ANY) !== 0 ? 'any' : (known & READS) !== 0 ? 'reads' : 'none';
    if (!this.sharing.meet(cpu.id, address, access, exempt)) return;
    const at = (address << RECORD_SHIFT) + KNOWN;
    this.records[at] = (this.records[at] as number) | SHARED;
  }

  read(cpu: RacingCpu, address: number): void {
    // Most reads need no more than this.
    const { records, seen, bits, mask } = this;
    const at = address << RECORD_SHIFT;
    const written = records[at + LAST_WRITE] as number;
    const last = records[at + LAST_ACCESS] as number;
    const row = cpu.id << bits;
    // None of these is negative where the CPU has seen both, and one CPU alone has read.
    const order =
      ((seen[row | (written & mask)] as number) - (written >>> bits)) |
      ((seen[row | (last & mask)] as number) - (last >>> bits)) |
      last;
    if (order >= 0 && ((records[at + KNOWN] as number) & (RACY | MARKED_WRITES | SHARED)) === SHARED && !this.unusual)
      records[at + LAST_ACCESS] = cpu.epoch;
    else this.lookAtRead(cpu, address);
  }

  private lookAtRead(cpu: RacingCpu, address: number): void {
    if (this.isPaused) return;
    const { records } = this;
    const at = address << RECORD_SHIFT;
    const known = records[at + KNOWN] as number;
    if ((known & SHARED) === 0) this.meet(cpu, address, KIND_READ, known);
    const last = records[at + LAST_ACCESS] as number;
    if ((known & RACY) !== 0 || last === cpu.epoch) return;
    this.checkStamp(cpu, address, records[at + LAST_WRITE] as number, PLAIN_READ, PLAIN_WRITE);
    if ((known & MARKED_WRITES) !== 0) {
      this.checkClocks(cpu, address, this.markedWrites + (records[at + PLACE] as number), PLAIN_READ, MARKED_WRITE);
    }
    if (this.capturing) this.noteStack(cpu, address, PLAIN_READ);
    if (last < 0 || !this.isOrdered(cpu, last)) this.readTogether(cpu, address, last);
    else records[at + LAST_ACCESS] = cpu.epoch;
  }

  /** Several CPUs read at the same time: from here on each has its own stamp. */
  private readTogether(cpu: RacingCpu, address: number, last: number): void {
    let place = -last;
    if (last >= 0) {
      place = this.placeOf(address, 0);
      for (let by = 0; by < this.count; by++) this.clocks[place + by] = 0;
      this.clocks[place + (last & this.mask)] = last >>> this.bits;
      this.records[(address << RECORD_SHIFT) + LAST_ACCESS] = -place;
    }
    this.clocks[place + cpu.id] = cpu.epoch >>> this.bits;
  }

  write(cpu: RacingCpu, address: number): void {
    const { records, seen, bits, mask } = this;
    const at = address << RECORD_SHIFT;
    const written = records[at + LAST_WRITE] as number;
    const last = records[at + LAST_ACCESS] as number;
    const row = cpu.id << bits;
    const order =
      ((seen[row | (written & mask)] as number) - (written >>> bits)) |
      ((seen[row | (last & mask)] as number) - (last >>> bits)) |
      last;
    if (
      order >= 0 &&
      ((records[at + KNOWN] as number) & (ANY | MARKED_WRITES | MARKED_READS | SHARED)) === SHARED &&
      !this.unusual
    ) {
      records[at + LAST_WRITE] = cpu.epoch;
      records[at + LAST_ACCESS] = cpu.epoch;
    } else this.lookAtWrite(cpu, address);
  }

  private lookAtWrite(cpu: RacingCpu, address: number): void {
    if (this.isPaused) return;
    const { records } = this;
    const at = address << RECORD_SHIFT;
    const known = records[at + KNOWN] as number;
    const { epoch } = cpu;
    if (records[at + LAST_WRITE] === epoch && records[at + LAST_ACCESS] === epoch) return;
    if ((known & SHARED) === 0) this.meet(cpu, address, KIND_WRITE, known);
    if ((known & ANY) === 0) {
      this.checkStamp(cpu, address, records[at + LAST_WRITE] as number, PLAIN_WRITE, PLAIN_WRITE);
      if ((known & READS) === 0) this.checkPlainReads(cpu, address, PLAIN_WRITE);
      if ((known & MARKED_WRITES) !== 0) {
        this.checkClocks(cpu, address, this.markedWrites + (records[at + PLACE] as number), PLAIN_WRITE, MARKED_WRITE);
      }
      if ((known & (READS | MARKED_READS)) === MARKED_READS) {
        this.checkClocks(cpu, address, this.markedReads + (records[at + PLACE] as number), PLAIN_WRITE, MARKED_READ);
      }
      if (this.capturing) this.noteStack(cpu, address, PLAIN_WRITE);
    }
    records[at + LAST_WRITE] = epoch;
    // Whoever has not seen this has not seen what was read before, either.
    records[at + LAST_ACCESS] = epoch;
  }

  markedRead(cpu: RacingCpu, address: number): void {
    if (this.isPaused) return;
    const passes = cpu.passes[address] as number;
    if ((passes & KIND_MARKED_READ) === 0) this.lookAtMarkedRead(cpu, address);
    if ((passes & NOT_RELEASED) === 0) this.acquire(cpu, address);
  }

  private lookAtMarkedRead(cpu: RacingCpu, address: number): void {
    const { records } = this;
    const at = address << RECORD_SHIFT;
    const known = records[at + KNOWN] as number;
    if ((known & SHARED) === 0) this.meet(cpu, address, KIND_MARKED_READ, known);
    if ((known & RACY) !== 0) return;
    this.checkStamp(cpu, address, records[at + LAST_WRITE] as number, MARKED_READ, PLAIN_WRITE);
    if (this.capturing) this.noteStack(cpu, address, MARKED_READ);
    const place = (known & MARKED_READS) !== 0 ? (records[at + PLACE] as number) : this.placeOf(address, MARKED_READS);
    this.clocks[place + this.markedReads + cpu.id] = cpu.epoch >>> this.bits;
  }

  /** A marked write, or a read-modify-write that does not order. */
  markedWrite(cpu: RacingCpu, address: number): void {
    if (this.isPaused) return;
    const { records } = this;
    const at = address << RECORD_SHIFT;
    const known = records[at + KNOWN] as number;
    if ((known & SHARED) === 0) this.meet(cpu, address, KIND_MARKED_WRITE, known);
    if ((known & ANY) !== 0) return;
    this.checkStamp(cpu, address, records[at + LAST_WRITE] as number, MARKED_WRITE, PLAIN_WRITE);
    if ((known & READS) === 0) this.checkPlainReads(cpu, address, MARKED_WRITE);
    if (this.capturing) this.noteStack(cpu, address, MARKED_WRITE);
    const place =
      (known & MARKED_WRITES) !== 0 ? (records[at + PLACE] as number) : this.placeOf(address, MARKED_WRITES);
    this.clocks[place + this.markedWrites + cpu.id] = cpu.epoch >>> this.bits;
  }

  /** A read-modify-write that orders. */
  modify(cpu: RacingCpu, address: number): void {
    if (this.isPaused) {
      this.acquire(cpu, address);
      return;
    }
    if (((cpu.passes[address] as number) & KIND_MARKED_WRITE) === 0) this.markedWrite(cpu, address);
    const place = this.placeOf(address, RELEASED);
    const { seen, clocks, count } = this;
    const row = cpu.id << this.bits;
    const released = place + this.released;
    for (let by = 0; by < count; by++) {
      const clock = clocks[released + by] as number;
      if (clock > (seen[row + by] as number)) seen[row + by] = clock;
      else clocks[released + by] = seen[row + by] as number;
    }
    this.advance(cpu);
  }

  /** What was released at a word happens before what this CPU does from now on. */
  acquire(cpu: RacingCpu, address: number): void {
    const { records } = this;
    const at = address << RECORD_SHIFT;
    if (((records[at + KNOWN] as number) & RELEASED) !== 0)
      this.join(cpu, this.released + (records[at + PLACE] as number));
  }

  /** The same for a lock that is taken alone: what its readers have done happens before, too. */
  acquireAlone(cpu: RacingCpu, address: number): void {
    this.acquire(cpu, address);
    const { records } = this;
    const at = address << RECORD_SHIFT;
    if (((records[at + KNOWN] as number) & READERS_RELEASED) !== 0) {
      this.join(cpu, this.readersReleased + (records[at + PLACE] as number));
    }
  }

  /** What this CPU has done happens before whatever acquires the word next. */
  release(cpu: RacingCpu, address: number): void {
    if (this.isPaused) return;
    const place = this.placeOf(address, RELEASED) + this.released;
    const { seen, clocks, count } = this;
    const row = cpu.id << this.bits;
    for (let by = 0; by < count; by++) clocks[place + by] = seen[row + by] as number;
    this.advance(cpu);
  }

  /** The same, on top of what others have released there: by readers of a lock, or by senders of an interrupt. */
  releaseToo(cpu: RacingCpu, address: number, readers: boolean): void {
    if (this.isPaused) return;
    const place = readers
      ? this.placeOf(address, READERS_RELEASED) + this.readersReleased
      : this.placeOf(address, RELEASED) + this.released;
    const from = cpu.id << this.bits;
    for (let at = 0; at < this.count; at++) {
      const seen = this.seen[from + at] as number;
      if (seen > (this.clocks[place + at] as number)) this.clocks[place + at] = seen;
    }
    this.advance(cpu);
  }

  /** A store without order has replaced what was released. */
  forgetRelease(address: number): void {
    const { records } = this;
    const at = address << RECORD_SHIFT;
    if (((records[at + KNOWN] as number) & RELEASED) === 0) return;
    const place = this.released + (records[at + PLACE] as number);
    for (let by = 0; by < this.count; by++) this.clocks[place + by] = 0;
  }

  private join(cpu: RacingCpu, place: number): void {
    const { seen, clocks, count } = this;
    const to = cpu.id << this.bits;
    for (let at = 0; at < count; at++) {
      const clock = clocks[place + at] as number;
      if (clock > (seen[to + at] as number)) seen[to + at] = clock;
    }
  }

  /** The place of a word's clocks, of which those of a kind are used from now on. */
  private placeOf(address: number, kind: number): number {
    const { records } = this;
    const at = address << RECORD_SHIFT;
    const known = records[at + KNOWN] as number;
    if ((known & kind) !== kind) {
      records[at + KNOWN] = known | kind;
      if (kind === RELEASED) this.sharing.released(address);
    }
    const place = records[at + PLACE] as number;
    return place !== 0 ? place : this.newPlace(address);
  }

  private newPlace(address: number): number {
    const place = this.clocksUsed;
    this.clocksUsed = place + this.placeWords;
    if (this.clocksUsed > this.clocks.length) {
      const grown = new Int32Array(this.clocks.length * 2);
      grown.set(this.clocks);
      this.clocks = grown;
    }
    this.records[(address << RECORD_SHIFT) + PLACE] = place;
    return place;
  }

  private isOrdered(cpu: RacingCpu, stamp: number): boolean {
    return stamp >>> this.bits <= (this.seen[(cpu.id << this.bits) | (stamp & this.mask)] as number);
  }

  private checkStamp(cpu: RacingCpu, address: number, stamp: number, what: string, other: string): void {
    if (!this.isOrdered(cpu, stamp)) this.report(cpu, address, what, stamp & this.mask, other);
  }

  private checkPlainReads(cpu: RacingCpu, address: number, what: string): void {
    const last = this.records[(address << RECORD_SHIFT) + LAST_ACCESS] as number;
    if (last >= 0) this.checkStamp(cpu, address, last, what, PLAIN_READ);
    else this.checkClocks(cpu, address, -last, what, PLAIN_READ);
  }

  private checkClocks(cpu: RacingCpu, address: number, place: number, what: string, other: string): void {
    const { seen, clocks, count } = this;
    const from = cpu.id << this.bits;
    for (let by = 0; by < count; by++) {
      if ((clocks[place + by] as number) > (seen[from + by] as number)) this.report(cpu, address, what, by, other);
    }
  }

  private noteStack(cpu: RacingCpu, address: number, what: string): void {
    const task = cpu.current === 0 ? '' : `, ${cpu.describe(cpu.current).replace(/ \S+$/, '')}`;
    const { announced = null } = cpu as { announced?: Error | null };
    const by = `${cpu.label(cpu.id)}${task}`;
    this.stacks.set(`${address} ${cpu.id} ${what}`, { by, here: new Error(), announced });
  }

  private report(cpu: RacingCpu, address: number, what: string, by: number, other: string): void {
    if (this.found !== null) return;
    const seen = this.stacks.get(`${address} ${by} ${other}`);
    this.found = new Violation(
      'data-race',
      `BUG: KCSAN: data-race on ${cpu.describe(address)}: ${what} by ${cpu.label(cpu.id)}, and ${other} by ` +
        `${cpu.label(by)} before it, with nothing that orders them`,
      cpu.id,
      cpu.current,
      seen === undefined ? [] : [{ what: `${other} by ${seen.by}`, stack: stackOf(seen) }],
    );
    if (!this.atOnce) return;
    const { host } = this;
    // The access is not made, but that it would have been is what this step has to do with the other.
    if (host.keepsFootprints) {
      const kind = what === PLAIN_READ || what === MARKED_READ ? ACCESS_READ : ACCESS_WRITE;
      const value = cpu.words[address] as number;
      host.accesses.add(address, kind, value, value);
    }
    throw this.found;
  }
}
