/**
 * The execution under way as a partial order: for each step its footprint and its vector clock, and for each word the
 * steps that accessed it. Steps that several executions begin with are kept from one to the next.
 */

import {
  ACCESS_READ,
  ACCESS_WORDS,
  ACCESS_WRITE,
  type AccessLog,
  accessesConflict,
  applyAccess,
} from '../../machine/access-log.js';
import { isEnabledAt } from '../../machine/enabled.js';
import { OP_IDLE, OP_RELAX } from '../../sync/gate.js';
import { AccessList, ADDRESS, BEFORE, ENTRY_SHIFT, ENTRY_WORDS, KIND, larger, OPERAND } from './access-list.js';
import { type Footprint, historyWith } from './footprint.js';

/** The operation that a step performs, as it was announced. */
const OP = 0;
const OP_A = 1;
/** How many of the step's accesses, the first ones, are of what the operation waits for. */
const GUARDS = 2;
/** Of a handler: the operation that its CPU would have performed if the interrupt had not come. `OP_A` is that one's too. */
const HELD_OP = 3;
const HELD_ADDRESS = 4;
const OP_WORDS = 5;

/** Stands for the handler of an interrupt, where an operation is expected. */
export const OP_HANDLER = -1;
/** Stands for the passing of time: like an idle CPU it waits for a word that is not 0. */
export const OP_CLOCK = OP_IDLE;

export class ExecutionGraph {
  /** Steps. */
  length = 0;
  /** Who made each step. */
  who: Uint8Array = new Uint8Array(256);
  private ops = new Int32Array(OP_WORDS * 256);
  private readonly accesses: AccessList;
  /** Where a step's accesses begin; they end where the next step's begin. */
  private firstAccess = new Int32Array(257);
  /** For each step and thread how many steps of the execution happen before it, as one more than the last one's number. */
  private clocks: Int32Array;
  /** By thread: its last step, plus one. */
  private readonly lastStep: Int32Array;
  /** By step: the step of its thread before it, plus one. */
  private previousStep = new Int32Array(256);
  /** By step: the last one of its thread, not later than it, in which that was in a quiescent state of RCU; −1 for none. */
  private quiescence = new Int32Array(256);
  /** By step: its first access that came after such a state in it. */
  private firstAfter = new Int32Array(256);
  /** By step: its footprint, where somebody has asked for it. */
  private readonly footprints: (Footprint | undefined)[] = [];
  /** By step: what its thread has seen after it, where somebody has asked. */
  private readonly histories: (number | undefined)[] = [];
  /** Steps that have counted a word down, and the words, by turns. */
  private readonly countedDown: number[] = [];
  /** The arena before the first step. */
  private initial: Int32Array | null = null;
  private readonly candidates: number[] = [];

  /**
   * @param threads CPUs, and the clock
   * @param words the arena
   */
  constructor(
    private readonly threads: number,
    private readonly words: Int32Array,
  ) {
    this.clocks = new Int32Array(threads * 256);
    this.accesses = new AccessList(words.length);
    this.lastStep = new Int32Array(threads);
  }

  /** Begins a step: its accesses come with `finishStep`. */
  beginStep(who: number, op: number, a: number): void {
    this.initial ??= this.words.slice();
    const at = this.length;
    if (at + 1 >= this.who.length) this.grow();
    this.who[at] = who;
    this.ops[at * OP_WORDS + OP] = op;
    this.ops[at * OP_WORDS + OP_A] = a;
  }

  /**
   * Begins the step of a CPU that takes an interrupt.
   *
   * @param op what it would perform otherwise
   * @param address the word of that
   * @param a its operand
   */
  beginHandler(who: number, op: number, address: number, a: number): void {
    this.beginStep(who, OP_HANDLER, a);
    this.ops[this.length * OP_WORDS + HELD_OP] = op;
    this.ops[this.length * OP_WORDS + HELD_ADDRESS] = address;
  }

  /** Ends the step begun last. */
  finishStep(log: AccessLog): void {
    const step = this.length++;
    const who = this.who[step] as number;
    const { accesses } = this;
    const first = accesses.length;
    this.firstAccess[step] = first;
    this.previousStep[step] = this.lastStep[who] as number;
    this.ops[step * OP_WORDS + GUARDS] = log.guards;
    const quiescent = log.beforeQuiescence >= 0;
    const divided = quiescent ? log.beforeQuiescence : log.count;
    for (let from = 0; from < divided; from++) accesses.add(log.words, from * ACCESS_WORDS, step, first);
    const after = accesses.length;
    this.firstAfter[step] = after;
    for (let from = divided; from < log.count; from++) accesses.add(log.words, from * ACCESS_WORDS, step, after);
    this.firstAccess[step + 1] = accesses.length;
    const before = this.previousStep[step] as number;
    this.quiescence[step] = quiescent ? step : before === 0 ? -1 : (this.quiescence[before - 1] as number);
    for (const address of log.countedDown) this.countedDown.push(step, address);
    this.lastStep[who] = step + 1;
    this.computeClock(step);
  }

  /** Forgets the steps from a number on. */
  truncate(length: number): void {
    if (length >= this.length) return;
    this.accesses.truncate(this.firstAccess[length] as number);
    for (let step = this.length - 1; step >= length; step--) {
      this.lastStep[this.who[step] as number] = this.previousStep[step] as number;
    }
    const { countedDown } = this;
    this.footprints.length = Math.min(this.footprints.length, length);
    this.histories.length = Math.min(this.histories.length, length);
    while (countedDown.length > 0 && (countedDown[countedDown.length - 2] as number) >= length) countedDown.length -= 2;
    this.length = length;
  }

  /** The steps that have counted down a word in a range. */
  stepsCountingDown(address: number, words: number): number[] {
    const steps: number[] = [];
    for (let at = 0; at < this.countedDown.length; at += 2) {
      const word = this.countedDown[at + 1] as number;
      if (word >= address && word < address + words) steps.push(this.countedDown[at] as number);
    }
    return steps;
  }

  /**
   * Whether all accesses to a word pass a test, which is given the step, and the last one of its thread before the access
   * in which that was in a quiescent state of RCU; −1 if there is none.
   */
  everyAccess(address: number, test: (step: number, since: number) => boolean): boolean {
    const { lastOf, stepOf, previousOf } = this.accesses;
    for (let known = lastOf[address] as number; known !== 0; known = previousOf[known - 1] as number) {
      const step = stepOf[known - 1] as number;
      const before = this.previousStep[step] as number;
      const quiet = known > (this.firstAfter[step] as number);
      const earlier = before === 0 ? -1 : (this.quiescence[before - 1] as number);
      if (!test(step, quiet ? step : earlier)) return false;
    }
    return true;
  }

  /** Whether a step happens before another, whichever was made first, or is that one. */
  comesBefore(step: number, other: number): boolean {
    return step <= other && this.happensBefore(step, other);
  }

  /** Whether a step happens before a later one, or is that one. */
  happensBefore(step: number, later: number): boolean {
    return (this.clocks[later * this.threads + (this.who[step] as number)] as number) > step;
  }

  /** What a step accessed, as a footprint of its own. */
  footprint(step: number): Footprint {
    let footprint = this.footprints[step];
    if (footprint === undefined) {
      footprint = this.accesses.slice(this.firstAccess[step] as number, this.firstAccess[step + 1] as number);
      this.footprints[step] = footprint;
    }
    return footprint;
  }

  /** A number that stands for all that a thread has seen before a step of its; −1: in all its steps. */
  history(who: number, step: number): number {
    let after = (step < 0 ? this.lastStep[who] : this.previousStep[step]) as number;
    const unknown: number[] = [];
    for (; after !== 0 && this.histories[after - 1] === undefined; after = this.previousStep[after - 1] as number) {
      unknown.push(after - 1);
    }
    let history = after === 0 ? who : (this.histories[after - 1] as number);
    for (const one of unknown.reverse()) {
      const [first, end] = [this.firstAccess[one] as number, this.firstAccess[one + 1] as number];
      history = historyWith(history, this.accesses.entries, first * ENTRY_WORDS, end * ENTRY_WORDS);
      this.histories[one] = history;
    }
    return history;
  }

  /** Whether a step accessed something that a footprint conflicts with. */
  conflictsWith(step: number, footprint: Footprint): boolean {
    const [first, end] = [this.firstAccess[step] as number, this.firstAccess[step + 1] as number];
    return this.accesses.conflictWith(first, end, footprint);
  }

  /** Whether a footprint is of what a step accessed. */
  accessed(step: number, footprint: Footprint): boolean {
    return this.accesses.are(this.firstAccess[step] as number, this.firstAccess[step + 1] as number, footprint);
  }

  /** The clock: of the step of its thread before it, and of every step whose accesses it conflicts with. */
  private computeClock(step: number): void {
    const { threads, clocks, who, accesses } = this;
    const { entries, stepOf, previousOf } = accesses;
    const own = step * threads;
    const before = this.previousStep[step] as number;
    if (before === 0) clocks.fill(0, own, own + threads);
    else clocks.copyWithin(own, (before - 1) * threads, before * threads);
    const end = this.firstAccess[step + 1] as number;
    for (let access = this.firstAccess[step] as number; access < end; access++) {
      const at = access * ENTRY_WORDS;
      const kind = entries[at + KIND] as number;
      const operand = entries[at + OPERAND] as number;
      let conflicting = -1;
      for (let known = previousOf[at >> ENTRY_SHIFT] as number; known !== 0; ) {
        const from = (known - 1) * ENTRY_WORDS;
        const earlier = stepOf[from >> ENTRY_SHIFT] as number;
        const earlierKind = entries[from + KIND] as number;
        if (earlier !== step && accessesConflict(kind, operand, earlierKind, entries[from + OPERAND] as number)) {
          if (conflicting < 0) conflicting = from;
          const whose = who[earlier] as number;
          if ((clocks[own + whose] as number) <= earlier) {
            const other = earlier * threads;
            for (let thread = 0; thread < threads; thread++) {
              if ((clocks[other + thread] as number) > (clocks[own + thread] as number)) {
                clocks[own + thread] = clocks[other + thread] as number;
              }
            }
          }
        }
        // Everything before a store happens before the store.
        if (earlierKind === ACCESS_WRITE && earlier !== step) break;
        if (conflicting >= 0 && accesses.isOrderedUpTo(conflicting, from)) break;
        known = accesses.nextToLook(kind, from);
      }
    }
    clocks[own + (who[step] as number)] = step + 1;
  }

  /**
   * The steps that race with a step: they conflict with it, nothing orders the two but that, and it could have been made
   * before them. Where a step waited for something, that is the step which made it wait, not the one that ended the wait.
   */
  racesOf(step: number): readonly number[] {
    const { candidates, who, accesses } = this;
    const { entries, stepOf, previousOf } = accesses;
    candidates.length = 0;
    const before = this.previousStep[step] as number;
    const first = this.firstAccess[step] as number;
    const guards = this.ops[step * OP_WORDS + GUARDS] as number;
    const end = this.firstAccess[step + 1] as number;
    for (let access = first + guards; access < end; access++) {
      const at = access * ENTRY_WORDS;
      if (guards !== 0 && this.isGuard(first, guards, entries[at + ADDRESS] as number)) continue;
      const kind = entries[at + KIND] as number;
      const operand = entries[at + OPERAND] as number;
      let conflicting = -1;
      for (let known = previousOf[at >> ENTRY_SHIFT] as number; known !== 0; ) {
        const from = (known - 1) * ENTRY_WORDS;
        const earlier = stepOf[from >> ENTRY_SHIFT] as number;
        const earlierKind = entries[from + KIND] as number;
        if (earlier !== step && accessesConflict(kind, operand, earlierKind, entries[from + OPERAND] as number)) {
          if (conflicting < 0) conflicting = from;
          this.addCandidate(earlier, who[step] as number, before);
        }
        if (earlierKind === ACCESS_WRITE && earlier !== step) break;
        if (conflicting >= 0 && accesses.isOrderedUpTo(conflicting, from)) break;
        known = accesses.nextToLook(kind, from);
      }
    }
    this.dropOrdered();
    if (this.ops[step * OP_WORDS + OP] === OP_HANDLER) this.dropNecessaryTicks(step);
    if (guards !== 0) {
      const op = this.ops[step * OP_WORDS + OP] as number;
      const a = this.ops[step * OP_WORDS + OP_A] as number;
      const waitedFor = this.footprint(step).subarray(0, guards * ACCESS_WORDS);
      // One that ended the wait cannot come after it, whatever else the two have to do with each other.
      let kept = 0;
      for (const candidate of candidates) {
        if (this.isOpenWithout(candidate, op, a, waitedFor, step)) candidates[kept++] = candidate;
      }
      candidates.length = kept;
      this.addGuardRaces(who[step] as number, before, op, a, waitedFor, step);
    }
    return candidates;
  }

  /** Before the tick that sent its interrupt a CPU would have gone on; where it could not, there is nothing to reverse. */
  private dropNecessaryTicks(step: number): void {
    const { candidates, ops } = this;
    const held = Int32Array.of(ops[step * OP_WORDS + HELD_ADDRESS] as number, ACCESS_READ, 0, 0);
    const op = ops[step * OP_WORDS + HELD_OP] as number;
    const a = ops[step * OP_WORDS + OP_A] as number;
    let kept = 0;
    for (const candidate of candidates) {
      const isTick = this.who[candidate] === this.threads - 1;
      if (!isTick || this.isOpenWithout(candidate, op, a, held, step)) candidates[kept++] = candidate;
    }
    candidates.length = kept;
  }

  private isGuard(first: number, guards: number, address: number): boolean {
    for (let access = first; access < first + guards; access++) {
      if (this.accesses.entries[access * ENTRY_WORDS + ADDRESS] === address) return true;
    }
    return false;
  }

  /**
   * The same for an operation that a thread waits with when the execution ends.
   *
   * @param who the thread
   * @param guards what it would access
   */
  racesOfWaiting(who: number, op: number, a: number, guards: Footprint): readonly number[] {
    this.candidates.length = 0;
    this.addGuardRaces(who, this.lastStep[who] as number, op, a, guards, this.length);
    return this.candidates;
  }

  private addCandidate(earlier: number, who: number, before: number): void {
    if (this.who[earlier] === who) return;
    if (before !== 0 && this.happensBefore(earlier, before - 1)) return;
    if (!this.candidates.includes(earlier)) this.candidates.push(earlier);
  }

  /** Drops the candidates that another one happens after: they are ordered by more than the conflict. */
  private dropOrdered(): void {
    const { candidates } = this;
    let kept = 0;
    for (const candidate of candidates) {
      if (!candidates.some((other) => other !== candidate && this.happensBefore(candidate, other))) {
        candidates[kept++] = candidate;
      }
    }
    candidates.length = kept;
  }

  /**
   * Of those who accessed the words that an operation waits for, the ones without which it need not have waited.
   *
   * @param before the step of its thread before it, plus one
   * @param end the operation's own step
   */
  private addGuardRaces(who: number, before: number, op: number, a: number, guards: Footprint, end: number): void {
    const { candidates, accesses } = this;
    const { entries, stepOf } = accesses;
    for (let guard = 0; guard < guards.length; guard += ACCESS_WORDS) {
      const kind = this.kindOf(end, guards[guard] as number, guards[guard + 1] as number);
      const operand = guards[guard + 3] as number;
      for (let known = this.lastBefore(end, guard, guards[guard] as number); known !== 0; ) {
        const from = (known - 1) * ENTRY_WORDS;
        known = accesses.nextToLook(kind, from);
        const earlier = stepOf[from >> ENTRY_SHIFT] as number;
        if (this.who[earlier] === who) {
          // What comes before a store of its own thread does so anyhow.
          if (entries[from + KIND] === ACCESS_WRITE) break;
          continue;
        }
        if (!accessesConflict(kind, operand, entries[from + KIND] as number, entries[from + OPERAND] as number))
          continue;
        if (before !== 0 && this.happensBefore(earlier, before - 1)) {
          // And so does everything before a store.
          if (entries[from + KIND] === ACCESS_WRITE) break;
          continue;
        }
        if (candidates.includes(earlier) || !this.isOpenWithout(earlier, op, a, guards, end)) continue;
        candidates.push(earlier);
        if (entries[from + KIND] === ACCESS_WRITE) break;
      }
    }
    this.dropOrdered();
  }

  /**
   * The kind of all that a step does to a word that it has waited for: two kinds together commute with nothing.
   *
   * @param guard the kind of the first access
   */
  private kindOf(step: number, address: number, guard: number): number {
    if (step === this.length) return guard;
    const { entries } = this.accesses;
    const end = this.firstAccess[step + 1] as number;
    for (let access = this.firstAccess[step] as number; access < end; access++) {
      const at = access * ENTRY_WORDS;
      if (entries[at + ADDRESS] === address && entries[at + KIND] !== guard) return ACCESS_WRITE;
    }
    return guard;
  }

  /** Whether an operation could be made before a step, after everything that does not happen after that step. */
  private isOpenWithout(step: number, op: number, a: number, guards: Footprint, end: number): boolean {
    const value = (guard: number): number => {
      const address = guards[guard] as number;
      return this.valueWithout(address, step, end, this.lastBefore(end, guard, address));
    };
    if (op !== OP_RELAX) return isEnabledAt(op, value(0), a);
    for (let guard = 0; guard < guards.length; guard += ACCESS_WORDS)
      if (value(guard) !== guards[guard + 3]) return true;
    return false;
  }

  /**
   * The last access to a word that an operation waits for before the operation's own step, plus one; 0 if there is none. A later
   * one where the word is not what is at that place of the step's footprint.
   *
   * @param end the operation's own step
   * @param guard where the word is in the step's footprint
   */
  private lastBefore(end: number, guard: number, address: number): number {
    const { entries, previousOf, lastOf } = this.accesses;
    if (end < this.length) {
      const access = (this.firstAccess[end] as number) + guard / ACCESS_WORDS;
      const isOwn = access < (this.firstAccess[end + 1] as number);
      if (isOwn && entries[access * ENTRY_WORDS + ADDRESS] === address) return previousOf[access] as number;
    }
    return lastOf[address] as number;
  }

  /** The values of words before a step. */
  valuesBefore(step: number): (address: number) => number {
    return (address) => this.valueWithout(address, step, step);
  }

  /**
   * A word's value after all steps before `end` but for a step and those that happen after it.
   *
   * @param last an access to the word with none after it before `end`, plus one
   */
  valueWithout(address: number, step: number, end: number, last = this.accesses.lastOf[address] as number): number {
    const { accesses } = this;
    const { entries, stepOf, previousOf } = accesses;
    const kept: number[] = [];
    let value = this.initial?.[address] ?? 0;
    for (let known = last; known !== 0; ) {
      const from = (known - 1) * ENTRY_WORDS;
      const accessing = stepOf[from >> ENTRY_SHIFT] as number;
      if (accessing < step) {
        value = accesses.valueAfter(from);
        break;
      }
      value = entries[from + BEFORE] as number;
      if (accessing < end && !this.happensBefore(step, accessing)) kept.push(from);
      known = previousOf[from >> ENTRY_SHIFT] as number;
    }
    for (const from of kept.reverse()) {
      value = applyAccess(entries[from + KIND] as number, value, entries[from + OPERAND] as number);
    }
    return value;
  }

  /** How many steps of the execution happen before a step, up to the last one of a thread that does. */
  clock(step: number, thread: number): number {
    return this.clocks[step * this.threads + thread] as number;
  }

  private grow(): void {
    const steps = this.who.length * 2;
    this.who = larger(this.who, new Uint8Array(steps));
    this.ops = larger(this.ops, new Int32Array(steps * OP_WORDS));
    this.firstAccess = larger(this.firstAccess, new Int32Array(steps + 1));
    this.previousStep = larger(this.previousStep, new Int32Array(steps));
    this.quiescence = larger(this.quiescence, new Int32Array(steps));
    this.firstAfter = larger(this.firstAfter, new Int32Array(steps));
    this.clocks = larger(this.clocks, new Int32Array(steps * this.threads));
  }
}
