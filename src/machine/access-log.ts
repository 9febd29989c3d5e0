/**
 * What a step has done to memory that others can see: its footprint. Kept only for a strategy that asks for it, to tell
 * which steps depend on each other.
 */

/** A load. */
export const ACCESS_READ = 0;
/** A store, a read-modify-write whose result decides something, taking or releasing a lock. */
export const ACCESS_WRITE = 1;
/** An addition of which only the sum of all matters. */
export const ACCESS_ADD = 2;
/** Sets bits. */
export const ACCESS_OR = 3;
/** Clears bits. */
export const ACCESS_AND = 4;
/** Counts references up. */
export const ACCESS_GET = 5;
/** Counts references down, and there are some left. Who drops the last one stores (`ACCESS_WRITE`): that is for one to do. */
export const ACCESS_PUT = 6;

/** Makes the change of an access to a value; `operand` is its fourth word. */
export function applyAccess(kind: number, value: number, operand: number): number {
  switch (kind) {
    case ACCESS_WRITE:
      return operand;
    case ACCESS_ADD:
    case ACCESS_GET:
    case ACCESS_PUT:
      return (value + operand) | 0;
    case ACCESS_OR:
      return value | operand;
    case ACCESS_AND:
      return value & ~operand;
    default:
      return value;
  }
}

/** Words that an access takes in the log. */
export const ACCESS_WORDS = 4;

/**
 * Whether two accesses to one word do not commute, one after the other. Where both are still to be made, two that count
 * references down do not if there are no more (`dropsLast`).
 */
export function accessesConflict(kind: number, operand: number, otherKind: number, otherOperand: number): boolean {
  if (kind === ACCESS_READ) return otherKind !== ACCESS_READ;
  if (otherKind === ACCESS_READ || kind === ACCESS_WRITE || otherKind === ACCESS_WRITE) return true;
  if (kind === otherKind) return false;
  // One sets bits, and the other one clears some.
  const areBits = (kind === ACCESS_OR || kind === ACCESS_AND) && (otherKind === ACCESS_OR || otherKind === ACCESS_AND);
  return !areBits || (operand & otherOperand) !== 0;
}

/** The accesses of the step that is under way. */
export class AccessLog {
  /** For each access its address, its kind, the value before it, and what it stores, adds, sets or clears. */
  words = new Int32Array(ACCESS_WORDS * 256);
  count = 0;
  /** How many of them, the first ones, are of the words that the step's operation waits for. */
  guards = 0;
  /** Off where the step's footprint is known already, and where no step is under way. */
  recording = true;
  /** How many of them came before the step's CPU was in a quiescent state of RCU; −1 if it was in none. */
  beforeQuiescence = -1;
  /** Whose step it is: a CPU, or the clock with the number after the last CPU's. Kept up to date by those who need it. */
  who = -1;
  /** Words that the step has counted down: where they are reference counts, their objects are not freed before it. */
  readonly countedDown: number[] = [];

  /** By word: the last step that made a plain load of it. */
  private readonly loaded: Int32Array;
  private stamp = 1;

  /** @param words words of the arena */
  constructor(words: number) {
    this.loaded = new Int32Array(words);
  }

  /** Begins a step. */
  clear(): void {
    this.count = 0;
    this.guards = 0;
    this.beforeQuiescence = -1;
    this.countedDown.length = 0;
    this.forgetLoads();
  }

  /** The step has taken an object from a slab cache. Nothing in a footprint: for those who keep everything. */
  noteAllocated(_object: number): void {}

  /** The step's CPU is in a quiescent state of RCU. */
  noteQuiescent(): void {
    if (!this.recording || this.beforeQuiescence >= 0) return;
    this.beforeQuiescence = this.count;
    this.forgetLoads();
  }

  /** The step has counted a word down. */
  noteCountedDown(address: number): void {
    if (this.recording) this.countedDown.push(address);
  }

  /** Keeps the next plain load of every word, even where it was loaded before. */
  forgetLoads(): void {
    this.stamp = (this.stamp + 1) | 0;
  }

  /** A plain load: only the first of a step of the same word is kept. */
  addLoad(address: number, value: number): void {
    if (!this.recording || this.loaded[address] === this.stamp) return;
    this.loaded[address] = this.stamp;
    this.add(address, ACCESS_READ, value, 0);
  }

  /**
   * @param address the word
   * @param kind one of `ACCESS_…`
   * @param before its value before
   * @param operand what it stores, adds, sets or clears; for a load that waits for a change, what it saw before
   */
  add(address: number, kind: number, before: number, operand: number): void {
    if (!this.recording) return;
    const at = this.count++ * ACCESS_WORDS;
    if (at + ACCESS_WORDS > this.words.length) {
      const grown = new Int32Array(this.words.length * 2);
      grown.set(this.words);
      this.words = grown;
    }
    const { words } = this;
    words[at] = address;
    words[at + 1] = kind;
    words[at + 2] = before;
    words[at + 3] = operand;
  }
}
