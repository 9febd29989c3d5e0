/** What a thread has read since it last relaxed: the words whose change ends its spinning. */

/** Entries that are kept before older ones of the same words are dropped. */
const CAPACITY = 32;

export class WatchList {
  /** Address and value by turns. */
  private words = new Int32Array(2 * CAPACITY);
  private length = 0;
  /** A word was read twice, and found to be another: it has changed, whatever it is now. */
  private differed = false;

  clear(): void {
    this.length = 0;
    this.differed = false;
  }

  /** Notes what a word was when it was read. */
  add(address: number, value: number): void {
    if (this.length === this.words.length) this.makeRoom();
    this.words[this.length] = address;
    this.words[this.length + 1] = value;
    this.length += 2;
  }

  /** Whether a word was found to be another than before. */
  get hasDiffered(): boolean {
    this.dropOlder();
    return this.differed;
  }

  /** Whether one of the words is not what it was each time that it was read. */
  hasChanged(memory: Int32Array): boolean {
    this.dropOlder();
    const { words } = this;
    if (this.differed) return true;
    for (let at = 0; at < this.length; at += 2) if (memory[words[at] as number] !== words[at + 1]) return true;
    return false;
  }

  /**
   * Address and value by turns, each address once, in the order in which they were first read. Nothing where one of them
   * has changed in between: then no word's value matters any more.
   */
  entries(): Int32Array {
    this.dropOlder();
    return this.words.subarray(0, this.differed ? 0 : this.length);
  }

  private makeRoom(): void {
    this.dropOlder();
    if (this.length * 2 <= this.words.length) return;
    const larger = new Int32Array(this.words.length * 2);
    larger.set(this.words);
    this.words = larger;
  }

  private dropOlder(): void {
    const { words } = this;
    let kept = 0;
    for (let at = 0; at < this.length; at += 2) {
      let place = 0;
      while (place < kept && words[place] !== words[at]) place += 2;
      if (place < kept && words[place + 1] !== words[at + 1]) this.differed = true;
      words[place] = words[at] as number;
      words[place + 1] = words[at + 1] as number;
      if (place === kept) kept += 2;
    }
    this.length = kept;
  }
}
