/** Who reads what from whom: the reads-from pairs of executions, in terms that are the same in each of them. */

import { ACCESS_READ, ACCESS_WORDS, ACCESS_WRITE, type AccessLog } from '../../machine/access-log.js';
import type { ControlledMachine } from '../../machine/controlled.js';
import { takesLock } from '../../machine/perform.js';
import { OP_ADD, OP_CMPXCHG, OP_LOCK, OP_XCHG } from '../../sync/gate.js';
import { mix } from './lots.js';

/** What stands for a place in the code: the operation that was announced, and its word. */
export type Site = number;

/** As the writer of a word: nobody yet. */
export const INITIAL: Site = -1;

/** Numbers of operations are below; the two last ones stand for a subtraction, and for the clock. */
const SITES_PER_WORD = 32;
const SUBTRACTION = 30;
const CLOCK = 31;
/** Addresses are below. */
const WORDS = 2 ** 24;

/** What executions have shown of a word. */
interface Word {
  /** Where a read can have its value from: the sites that write it, and its initial value. */
  readonly sources: Site[];
  /** By site: CPUs whose step there has written it. */
  readonly writers: Map<Site, number[]>;
  readonly reads: Map<Site, Read>;
  /** Its only user so far; −1 if there are several. */
  user: number;
  /** The site of its last writer, and in which execution that was. */
  last: Site;
  lastIn: number;
}

/** A read of a word at a site, in all executions. */
export interface Read {
  readonly site: Site;
  readonly address: number;
  readonly word: Word;
  /** CPUs that have made it. */
  readonly cpus: number[];
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

/** Watches the steps of executions. */
export class ReadsFrom {
  /** Reads that can have another source than they had: their words are shared, and somebody writes them. */
  readonly reads: Read[] = [];
  /** Of the present execution: equal for executions with the same set of pairs. */
  signature = 0;
  private readonly words = new Map<number, Word>();
  /** Those that are not among `reads` yet, in the order in which they were first made. */
  private others: Read[] = [];
  private execution = 0;

  begin(): void {
    this.execution++;
    this.signature = 0;
  }

  /** The write that a read would have its value from now. */
  sourceOf({ word }: Read): Site {
    return word.lastIn === this.execution ? word.last : INITIAL;
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

  private wordAt(address: number, id: number): Word {
    let word = this.words.get(address);
    if (word === undefined) {
      word = { sources: [INITIAL], writers: new Map(), reads: new Map(), user: id, last: INITIAL, lastIn: 0 };
      this.words.set(address, word);
    } else if (word.user !== id) word.user = -1;
    return word;
  }

  private read(id: number, site: Site, address: number): void {
    const word = this.wordAt(address, id);
    let read = word.reads.get(site);
    if (read === undefined) {
      read = { site, address, word, cpus: [], pairs: new Map() };
      word.reads.set(site, read);
      this.others.push(read);
    }
    if (!read.cpus.includes(id)) read.cpus.push(id);
    const source = this.sourceOf(read);
    if (read.pairs.get(source) === this.execution) return;
    read.pairs.set(source, this.execution);
    this.signature = (this.signature + mix((site * WORDS + address) ^ mix(site) ^ mix(source))) | 0;
  }

  private write(id: number, site: Site, address: number): void {
    const word = this.wordAt(address, id);
    const cpus = word.writers.get(site);
    if (cpus === undefined) {
      word.writers.set(site, [id]);
      word.sources.push(site);
    } else if (!cpus.includes(id)) cpus.push(id);
    word.last = site;
    word.lastIn = this.execution;
  }

  /** The execution has ended: what it has shown of a word decides which reads are worth another source. */
  end(): void {
    this.others = this.others.filter((read) => {
      const { site, address, word } = read;
      if (word.user !== -1) return true;
      const sources = word.sources.length;
      // What waits for the one who writes the word cannot read anything else.
      const waits = site % SITES_PER_WORD >= OP_LOCK && Math.floor(site / SITES_PER_WORD) === address;
      if (sources < 2 || (sources === 2 && waits)) return true;
      this.reads.push(read);
      return false;
    });
  }
}
