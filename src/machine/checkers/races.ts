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
import type { Model } from '../model.js';

/** A CPU, as the detector sees it. */
export interface RacingCpu extends Cpu {
  /** Its clock now, with its number in the low bits: what its plain accesses are stamped with. */
  epoch: number;
}

/** The machine whose accesses are watched. */
export interface RaceHost {
  readonly captureStacks: boolean;
  /** The clock runs, and no CPU, though one lends it its functions. */
  readonly ticking: boolean;
  readonly cpus: readonly Cpu[];
}

/** What an access is called in a report. */
const PLAIN_READ = 'read';
const PLAIN_WRITE = 'write';
const MARKED_READ = 'read (marked)';
const MARKED_WRITE = 'write (marked)';

/** Which races of a word are meant to be. */
const ANY = 1;
const READS = 2;

const CLOCK_LIMIT_SHIFT = 30;

export class RaceDetector {
  /** By word: the last plain write, and the last plain read or, negative, where those of several CPUs are kept. */
  readonly writes: Int32Array;
  readonly reads: Int32Array;
  /** By word: `ANY` where races are meant to be (`Model.racy`), `READS` where those of reads are (`Model.racyReads`). */
  readonly racy: Uint8Array;
  /** Off while something happens that is not an execution of the CPUs. */
  paused = true;
  /** The first race of the execution, where it goes on after one. */
  found: Violation | null = null;
  /** Whether a race ends the execution at once. If not, what comes of it may be seen, and says more. */
  atOnce: boolean;
  private readonly count: number;
  private readonly bits: number;
  private readonly mask: number;
  /** By CPU, and then by CPU: how much of the other's past it has seen. */
  private readonly seen: Int32Array;
  /** By word: places in `clocks`, each a clock for every CPU; 0 for none. */
  private readonly sharedReadsAt: Int32Array;
  private readonly markedWritesAt: Int32Array;
  private readonly markedReadsAt: Int32Array;
  private readonly releasedAt: Int32Array;
  private readonly readersReleasedAt: Int32Array;
  private clocks: Int32Array;
  private clocksUsed: number;
  private time = 1;
  /** Everything up to here belongs to executions before. */
  private base = 1;
  /** By word, CPU and kind: where it was accessed last. Kept while stacks are captured. */
  private readonly stacks = new Map<string, { readonly by: string; readonly stack: string }>();

  constructor(
    private readonly host: RaceHost,
    model: Pick<Model, 'cpus' | 'racy' | 'racyReads' | 'flat'>,
    arena: Arena,
  ) {
    const { cpus, racy = {}, racyReads = {} } = model;
    this.atOnce = model.flat === true;
    const words = arena.words.length;
    this.count = cpus;
    this.bits = Math.max(1, 32 - Math.clz32(cpus - 1));
    this.mask = (1 << this.bits) - 1;
    this.writes = new Int32Array(words);
    this.reads = new Int32Array(words);
    this.racy = new Uint8Array(words);
    for (const [fields, what] of [[racyReads, READS] as const, [racy, ANY] as const]) {
      for (const [struct, offsets] of Object.entries(fields)) {
        for (const base of arena.addressesOf(struct)) for (const offset of offsets) this.racy[base + offset] = what;
      }
    }
    this.seen = new Int32Array(cpus * cpus);
    this.sharedReadsAt = new Int32Array(words);
    this.markedWritesAt = new Int32Array(words);
    this.markedReadsAt = new Int32Array(words);
    this.releasedAt = new Int32Array(words);
    this.readersReleasedAt = new Int32Array(words);
    this.clocks = new Int32Array(cpus * 256);
    // Place 0 stands for none.
    this.clocksUsed = cpus;
  }

  /** Begins an execution: every CPU has seen what all have done before. */
  begin(): void {
    if (this.time >= 1 << (CLOCK_LIMIT_SHIFT - this.bits)) this.restart();
    this.base = ++this.time;
    this.time++;
    this.seen.fill(this.base);
    for (const cpu of this.host.cpus) this.advance(cpu as RacingCpu);
    this.paused = false;
    this.found = null;
    this.stacks.clear();
  }

  private restart(): void {
    this.time = 1;
    for (const words of [this.writes, this.reads, this.clocks]) words.fill(0);
  }

  private advance(cpu: RacingCpu): void {
    const { id } = cpu;
    this.seen[id * this.count + id] = this.time;
    cpu.epoch = (this.time << this.bits) | id;
  }

  /** A plain read whose stamp is not the CPU's epoch already. */
  read(cpu: RacingCpu, address: number): void {
    if (this.paused || this.host.ticking) return;
    if (this.racy[address] !== 0) {
      this.reads[address] = cpu.epoch;
      return;
    }
    this.checkStamp(cpu, address, this.writes[address] as number, PLAIN_READ, PLAIN_WRITE);
    this.checkClocks(cpu, address, this.markedWritesAt[address] as number, PLAIN_READ, MARKED_WRITE);
    this.noteStack(cpu, address, PLAIN_READ);
    const last = this.reads[address] as number;
    if (last >= 0) {
      if (last === 0 || this.isOrdered(cpu, last)) {
        this.reads[address] = cpu.epoch;
        return;
      }
      // Another CPU reads at the same time: from here on each has its own stamp.
      const place = this.placeIn(this.sharedReadsAt, address);
      this.clocks.fill(0, place, place + this.count);
      this.clocks[place + (last & this.mask)] = last >>> this.bits;
      this.reads[address] = -place;
    }
    this.clocks[-(this.reads[address] as number) + cpu.id] = cpu.epoch >>> this.bits;
  }

  /** A plain write whose stamp is not the CPU's epoch already. */
  write(cpu: RacingCpu, address: number): void {
    if (this.paused || this.host.ticking) return;
    const racy = this.racy[address] as number;
    if (racy !== ANY) this.checkStamp(cpu, address, this.writes[address] as number, PLAIN_WRITE, PLAIN_WRITE);
    if (racy !== 0) {
      if (racy === READS) {
        this.checkClocks(cpu, address, this.markedWritesAt[address] as number, PLAIN_WRITE, MARKED_WRITE);
        this.noteStack(cpu, address, PLAIN_WRITE);
      }
      this.writes[address] = cpu.epoch;
      this.reads[address] = 0;
      return;
    }
    this.checkPlainReads(cpu, address, PLAIN_WRITE);
    this.checkClocks(cpu, address, this.markedWritesAt[address] as number, PLAIN_WRITE, MARKED_WRITE);
    this.checkClocks(cpu, address, this.markedReadsAt[address] as number, PLAIN_WRITE, MARKED_READ);
    this.noteStack(cpu, address, PLAIN_WRITE);
    this.writes[address] = cpu.epoch;
    this.reads[address] = 0;
  }

  markedRead(cpu: RacingCpu, address: number): void {
    if (this.paused || this.host.ticking) return;
    if (this.racy[address] !== 0) {
      this.acquire(cpu, address);
      return;
    }
    this.checkStamp(cpu, address, this.writes[address] as number, MARKED_READ, PLAIN_WRITE);
    this.noteStack(cpu, address, MARKED_READ);
    this.clocks[this.placeIn(this.markedReadsAt, address) + cpu.id] = cpu.epoch >>> this.bits;
    this.acquire(cpu, address);
  }

  /** A marked write, or a read-modify-write. */
  markedWrite(cpu: RacingCpu, address: number): void {
    if (this.paused || this.host.ticking) return;
    const racy = this.racy[address] as number;
    if (racy === ANY) return;
    this.checkStamp(cpu, address, this.writes[address] as number, MARKED_WRITE, PLAIN_WRITE);
    if (racy === 0) this.checkPlainReads(cpu, address, MARKED_WRITE);
    this.noteStack(cpu, address, MARKED_WRITE);
    this.clocks[this.placeIn(this.markedWritesAt, address) + cpu.id] = cpu.epoch >>> this.bits;
  }

  /** What was released at a word happens before what this CPU does from now on. */
  acquire(cpu: RacingCpu, address: number): void {
    this.join(cpu, this.releasedAt[address] as number);
  }

  /** The same for a lock that is taken alone: what its readers have done happens before, too. */
  acquireAlone(cpu: RacingCpu, address: number): void {
    this.join(cpu, this.releasedAt[address] as number);
    this.join(cpu, this.readersReleasedAt[address] as number);
  }

  /** What this CPU has done happens before whatever acquires the word next. */
  release(cpu: RacingCpu, address: number): void {
    if (this.paused || this.host.ticking) return;
    const place = this.placeIn(this.releasedAt, address);
    const from = cpu.id * this.count;
    for (let at = 0; at < this.count; at++) this.clocks[place + at] = this.seen[from + at] as number;
    this.time++;
    this.advance(cpu);
  }

  /** The same, on top of what others have released there: by readers of a lock, or by senders of an interrupt. */
  releaseToo(cpu: RacingCpu, address: number, readers: boolean): void {
    if (this.paused || this.host.ticking) return;
    const place = this.placeIn(readers ? this.readersReleasedAt : this.releasedAt, address);
    const from = cpu.id * this.count;
    for (let at = 0; at < this.count; at++) {
      const seen = this.seen[from + at] as number;
      if (seen > (this.clocks[place + at] as number)) this.clocks[place + at] = seen;
    }
    this.time++;
    this.advance(cpu);
  }

  /** A store without order has replaced what was released. */
  forgetRelease(address: number): void {
    const place = this.releasedAt[address] as number;
    if (place !== 0) this.clocks.fill(0, place, place + this.count);
  }

  private join(cpu: RacingCpu, place: number): void {
    if (place === 0) return;
    const to = cpu.id * this.count;
    for (let at = 0; at < this.count; at++) {
      const clock = this.clocks[place + at] as number;
      if (clock > (this.seen[to + at] as number)) this.seen[to + at] = clock;
    }
  }

  private placeIn(places: Int32Array, address: number): number {
    const known = places[address] as number;
    if (known !== 0) return known;
    const place = this.clocksUsed;
    this.clocksUsed = place + this.count;
    if (this.clocksUsed > this.clocks.length) {
      const grown = new Int32Array(this.clocks.length * 2);
      grown.set(this.clocks);
      this.clocks = grown;
    }
    places[address] = place;
    return place;
  }

  private isOrdered(cpu: RacingCpu, stamp: number): boolean {
    const by = stamp & this.mask;
    return by === cpu.id || stamp >>> this.bits <= (this.seen[cpu.id * this.count + by] as number);
  }

  private checkStamp(cpu: RacingCpu, address: number, stamp: number, what: string, other: string): void {
    if (stamp !== 0 && !this.isOrdered(cpu, stamp)) this.report(cpu, address, what, stamp & this.mask, other);
  }

  private checkPlainReads(cpu: RacingCpu, address: number, what: string): void {
    const last = this.reads[address] as number;
    if (last >= 0) this.checkStamp(cpu, address, last, what, PLAIN_READ);
    else this.checkClocks(cpu, address, -last, what, PLAIN_READ);
  }

  private checkClocks(cpu: RacingCpu, address: number, place: number, what: string, other: string): void {
    if (place === 0) return;
    const from = cpu.id * this.count;
    for (let by = 0; by < this.count; by++) {
      if (by !== cpu.id && (this.clocks[place + by] as number) > (this.seen[from + by] as number)) {
        this.report(cpu, address, what, by, other);
      }
    }
  }

  private noteStack(cpu: RacingCpu, address: number, what: string): void {
    if (!this.host.captureStacks) return;
    const task = cpu.current === 0 ? '' : `, ${cpu.describe(cpu.current).replace(/ \S+$/, '')}`;
    const announced = (cpu as { announcedAt?: string }).announcedAt ?? '';
    const here = new Error().stack ?? '';
    const stack = /\bcompletePoint\b/.test(here) ? announced : here;
    this.stacks.set(`${address} ${cpu.id} ${what}`, { by: `${cpu.label(cpu.id)}${task}`, stack });
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
      seen === undefined ? [] : [{ what: `${other} by ${seen.by}`, stack: seen.stack }],
    );
    if (this.atOnce) throw this.found;
  }
}
