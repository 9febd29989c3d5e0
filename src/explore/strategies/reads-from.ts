/** Who reads what from whom: the reads-from pairs of executions, in terms that are the same in each of them. */

import { ACCESS_READ, ACCESS_WORDS, ACCESS_WRITE, type AccessLog } from '../../machine/access-log.js';
import type { ControlledMachine } from '../../machine/controlled.js';
import { takesLock } from '../../machine/perform.js';
import { OP_ADD, OP_CMPXCHG, OP_LOCK, OP_XCHG } from '../../sync/gate.js';
import { mix } from './lots.js';

/** What stands for a place in the code: the operation that was announced, and its word. */
export type Site = number;
/** A site and a word that its step accesses. */
type Key = number;

/** As the writer of a word: nobody yet. */
export const INITIAL: Site = -1;

/** Numbers of operations are below; the two last ones stand for a subtraction, and for the clock. */
const SITES_PER_WORD = 32;
const SUBTRACTION = 30;
const CLOCK = 31;
/** Addresses are below. */
const WORDS = 2 ** 24;

/** A read of a word at a site, in all executions. */
export interface Read {
  readonly site: Site;
  readonly address: number;
  /** CPUs that have made it. */
  readonly cpus: number[];
}

/** The same, and what the present execution has shown of it. */
interface KnownRead extends Read {
  /** By the site of the write that it has read from: the last execution in which it did. */
  readonly pairs: Map<Site, number>;
}

/** Where a CPU, or the clock, stands. */
export function siteOf(id: number, { cpus }: ControlledMachine): Site {
  const cpu = cpus[id];
  if (cpu === undefined) return CLOCK;
  const op = cpu.op === OP_ADD && cpu.opA < 0 ? SUBTRACTION : cpu.op;
  return cpu.opAddress * SITES_PER_WORD + op;
}

function keyOf(site: Site, address: number): Key {
  return site * WORDS + address;
}

/** Watches the steps of executions. */
export class ReadsFrom {
  /** Reads that can have another source than they had: their words are shared, and somebody writes them. */
  readonly reads: Read[] = [];
  /** By word: the site of its last writer in this execution. */
  private readonly lastWriter = new Map<number, Site>();
  /** Of the present execution: equal for executions with the same set of pairs. */
  signature = 0;
  private readonly writers = new Map<number, Site[]>();
  private readonly known = new Map<Key, KnownRead>();
  /** By site and word: CPUs whose step there has written it. */
  private readonly writes = new Map<Key, number[]>();
  private readonly offered = new Set<Read>();
  /** By word: its only user so far; −1 if there are several. */
  private readonly users = new Map<number, number>();
  private execution = 0;

  begin(): void {
    this.lastWriter.clear();
    this.execution++;
    this.signature = 0;
  }

  /** Where a read can have its value from: the sites that write the word, and its initial value. */
  sources({ address }: Read): readonly Site[] {
    return this.writers.get(address) ?? [INITIAL];
  }

  /** The write that a read of a word would have its value from now. */
  lastSource(address: number): Site {
    return this.lastWriter.get(address) ?? INITIAL;
  }

  /** Whether a CPU's step at a site has read a word before. */
  mayRead(id: number, site: Site, address: number): boolean {
    return this.known.get(keyOf(site, address))?.cpus.includes(id) === true;
  }

  /** Whether a CPU's step at a site has written a word before. */
  mayWrite(id: number, site: Site, address: number): boolean {
    return this.writes.get(keyOf(site, address))?.includes(id) === true;
  }

  /** A CPU has made a step that began at a site. */
  step(id: number, site: Site, log: AccessLog): void {
    const op = site % SITES_PER_WORD;
    const own = Math.floor(site / SITES_PER_WORD);
    for (let at = 0; at < log.count * ACCESS_WORDS; at += ACCESS_WORDS) {
      const address = log.words[at] as number;
      const kind = log.words[at + 1] as number;
      // That a lock is taken after it was released says nothing new.
      if (address === own && takesLock(op)) continue;
      const modifies = address === own && (op === OP_XCHG || op === OP_CMPXCHG || op === OP_ADD || op === SUBTRACTION);
      if (kind !== ACCESS_WRITE || modifies) this.read(id, site, address);
      if (kind !== ACCESS_READ) this.write(id, site, address);
    }
  }

  private read(id: number, site: Site, address: number): void {
    const key = keyOf(site, address);
    let read = this.known.get(key);
    if (read === undefined) {
      read = { site, address, cpus: [], pairs: new Map() };
      this.known.set(key, read);
    }
    if (!read.cpus.includes(id)) {
      read.cpus.push(id);
      this.use(id, address);
    }
    const source = this.lastSource(address);
    if (read.pairs.get(source) === this.execution) return;
    read.pairs.set(source, this.execution);
    this.signature = (this.signature + mix(key ^ mix(Math.floor(key / WORDS)) ^ mix(source))) | 0;
  }

  private write(id: number, site: Site, address: number): void {
    const key = keyOf(site, address);
    const cpus = this.writes.get(key);
    if (cpus === undefined) {
      this.writes.set(key, [id]);
      const sources = this.writers.get(address);
      if (sources === undefined) this.writers.set(address, [INITIAL, site]);
      else sources.push(site);
      this.use(id, address);
    } else if (!cpus.includes(id)) {
      cpus.push(id);
      this.use(id, address);
    }
    this.lastWriter.set(address, site);
  }

  private use(id: number, address: number): void {
    const user = this.users.get(address);
    if (user === undefined) this.users.set(address, id);
    else if (user !== id) this.users.set(address, -1);
  }

  /** The execution has ended: what it has shown of a word decides which reads are worth another source. */
  end(): void {
    for (const read of this.known.values()) {
      if (this.offered.has(read) || this.users.get(read.address) !== -1) continue;
      const sources = this.sources(read).length;
      // What waits for the one who writes the word cannot read anything else.
      const waits = read.site % SITES_PER_WORD >= OP_LOCK && Math.floor(read.site / SITES_PER_WORD) === read.address;
      if (sources < 2 || (sources === 2 && waits)) continue;
      this.offered.add(read);
      this.reads.push(read);
    }
  }
}
