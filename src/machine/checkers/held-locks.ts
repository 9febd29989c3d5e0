/** The locks that a CPU, or a task, holds, in the order in which it took them. */

/** Locks held at once that are kept track of. */
const MAX_HELD = 64;

export class HeldLocks {
  count = 0;
  readonly addresses = new Int32Array(MAX_HELD);
  readonly classes = new Int32Array(MAX_HELD);
  /** `TAKEN_…` */
  readonly modes = new Uint8Array(MAX_HELD);
  /** 1 for those taken by the handler of an interrupt. */
  readonly inInterrupt = new Uint8Array(MAX_HELD);
  /** Where each was taken, if the machine captures stacks. */
  readonly stacks: string[] = [];

  clear(): void {
    this.count = 0;
  }

  push(address: number, lockClass: number, mode: number, inInterrupt: number, stack: string): void {
    const at = this.count;
    if (at === MAX_HELD) return;
    this.count = at + 1;
    this.addresses[at] = address;
    this.classes[at] = lockClass;
    this.modes[at] = mode;
    this.inInterrupt[at] = inInterrupt;
    this.stacks[at] = stack;
  }

  /** Strikes a lock out; one that is not held is none of ours. */
  remove(address: number): void {
    const { addresses } = this;
    for (let at = this.count - 1; at >= 0; at--) {
      if (addresses[at] !== address) continue;
      const { classes, modes, inInterrupt, stacks } = this;
      for (let next = at + 1; next < this.count; next++) {
        addresses[next - 1] = addresses[next] as number;
        classes[next - 1] = classes[next] as number;
        modes[next - 1] = modes[next] as number;
        inInterrupt[next - 1] = inInterrupt[next] as number;
        stacks[next - 1] = stacks[next] as string;
      }
      this.count--;
      return;
    }
  }

  has(address: number): boolean {
    for (let at = 0; at < this.count; at++) if (this.addresses[at] === address) return true;
    return false;
  }

  /** Where a lock was taken; empty if it is not held, or nobody captures stacks. */
  stackOf(address: number): string {
    for (let at = this.count - 1; at >= 0; at--) if (this.addresses[at] === address) return this.stacks[at] as string;
    return '';
  }
}
