/** A partial-order reduction in shares, made one after another, with everything that is handed over as JSON. */

import { DporShares, type DporSharesState } from '../../src/explore/shards/dpor-shares.js';
import type { ShardResult } from '../../src/explore/shards/shard.js';
import type { SharesOptions } from '../../src/explore/shards/shares.js';
import type { Subtree } from '../../src/explore/strategies/subtree.js';

/** What is needed of a share's result. */
export type MadeShare = Pick<ShardResult, 'executions' | 'rest'> & Partial<ShardResult>;

const NOTHING = { redundant: 0, steps: 0, outcomes: {}, witnesses: {}, violations: 0, found: null };

function asJson<T>(data: T): T {
  return JSON.parse(JSON.stringify(data)) as T;
}

/**
 * Makes all shares of a reduction.
 *
 * @param make makes some executions of a share
 * @param order draws which share is made next, and how many executions of it: the first one at a stretch if not given
 */
export function makeInShares(
  make: (subtree: Subtree, executions: number) => MadeShare,
  options: SharesOptions,
  order: () => number = () => 0,
): void {
  let shares = new DporShares(null, options);
  shares.fill();
  while (shares.slots.length > 0) {
    const open = shares.slots.filter(({ left }) => left > 0);
    const slot = open[order() % open.length];
    if (slot === undefined) throw new Error('what was explored as far as it is to be is not taken in');
    const result = make(asJson(slot.subtree), Math.max(1, slot.left - (order() % 3)));
    shares.advance(slot, asJson({ ...NOTHING, ...result }) as ShardResult);
    shares = new DporShares(asJson(shares.state()) as DporSharesState, options);
    while (shares.takeFirst() !== null);
  }
}
