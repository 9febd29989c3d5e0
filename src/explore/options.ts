/** What an exploration can be told, and what of it makes no sense. */

import type { StrategyOptions } from './strategies/index.js';

/** How long an exploration goes on. */
export interface Limits {
  readonly schedules?: number;
  readonly seconds?: number;
}

/** Whole numbers, each with the least that it can be and the most. */
const WHOLE = {
  schedules: [0, Number.POSITIVE_INFINITY],
  seed: [0, 0xffffffff],
  first: [0, Number.MAX_SAFE_INTEGER],
  preemptions: [0, Number.POSITIVE_INFINITY],
  delays: [0, Number.POSITIVE_INFINITY],
} as const satisfies Partial<Record<keyof (Limits & StrategyOptions), readonly [number, number]>>;

/**
 * Looks at the numbers among an exploration's options.
 *
 * @throws RangeError for one that cannot be
 */
export function checkOptions(options: Limits & StrategyOptions): void {
  for (const name of Object.keys(WHOLE) as (keyof typeof WHOLE)[]) {
    const [least, most] = WHOLE[name];
    const value: unknown = options[name];
    if (value === undefined || (value === Number.POSITIVE_INFINITY && most === value)) continue;
    if (Number.isInteger(value) && Number(value) >= least && Number(value) <= most) continue;
    const range = Number.isSafeInteger(most) ? `from ${least} to ${most}` : `from ${least}`;
    throw new RangeError(`${name} is a whole number ${range}, not ${shown(value)}`);
  }
  const seconds: unknown = options.seconds;
  if (seconds === undefined || (typeof seconds === 'number' && seconds >= 0)) return;
  throw new RangeError(`seconds is a number from 0, not ${shown(seconds)}`);
}

function shown(value: unknown): string {
  return typeof value === 'string' ? `"${value}"` : String(value);
}
