/** Random numbers for strategies: a function of the seed, the execution's number and how many were drawn before. */

/** Spreads a number's bits, so that neighbouring seeds give unrelated numbers (the finaliser of MurmurHash3). */
export function mix(value: number): number {
  let hash = value | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

/** Lots for one execution after another. */
export class Lots {
  private state = 1;

  constructor(private readonly seed: number) {}

  /** Begins with an execution's first lot. Not from the execution before it: any execution can be made alone. */
  begin(execution: number): void {
    this.state = mix(mix(this.seed) + Math.imul(execution, 0x9e3779b1)) || 1;
  }

  /** A number from 1 to 2³² − 1, each as likely as another (xorshift32). */
  draw(): number {
    let { state } = this;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.state = state;
    return state >>> 0;
  }

  /** A whole number from 0 to `count` − 1. */
  below(count: number): number {
    const lot = this.draw();
    // `lot % count`, but by integers that the engine need not take for floating point.
    return (((lot >>> 16) % count) * 0x10000 + (lot & 0xffff)) % count;
  }

  /** A number from 0 up to, but never, `limit`; not whole. */
  upTo(limit: number): number {
    return ((this.draw() - 1) / 0xffffffff) * limit;
  }
}
