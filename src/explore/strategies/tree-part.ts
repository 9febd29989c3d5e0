/** A part of a tree of executions as plain data, so that it can be explored elsewhere, or another day. */

import type { Planned, Sleeper, Wakeup } from './wakeup-tree.js';

export interface SleeperData {
  readonly who: number;
  /** The words of an `AccessLog`. */
  readonly footprint: readonly number[];
}

export interface WakeupData extends SleeperData {
  readonly next: readonly WakeupData[];
  readonly isEnd: boolean;
}

/** A state: what sleeps there, and the branches that are still to be explored. */
export interface StateData {
  readonly sleeping: readonly SleeperData[];
  readonly wakeups: readonly WakeupData[];
}

/** What is to be explored from a state, the last of `states`. Those before it are the states on the way to it. */
export interface TreePart {
  /** Who moves at each step up to that state. */
  readonly path: readonly number[];
  /** One more than steps. */
  readonly states: readonly StateData[];
  /** Grace periods are in no footprint (`machine/deferred-rcu.ts`). */
  readonly deferring: boolean;
}

/** A sequence of steps that is to be made possible from a state above the part. */
export interface EarlierData {
  /** Steps before that state. */
  readonly depth: number;
  /** The racing step is the last one, and its footprint is not sure: `isExact` is false. */
  readonly sequence: readonly (SleeperData & { readonly isExact: boolean })[];
}

/** What a part came to. */
export interface TreeRest {
  /** Further steps, from the part's state to the last one that something is left to explore from. */
  readonly path: readonly number[];
  /** The states from the part's own to that one. */
  readonly states: readonly StateData[];
  readonly earlier: readonly EarlierData[];
  /** Grace periods matter after all: the whole tree is to be explored again, with them in the footprints. */
  readonly again: boolean;
}

export function sleeperData({ who, footprint }: Sleeper): SleeperData {
  return { who, footprint: [...footprint] };
}

export function sleeperOf({ who, footprint }: SleeperData): Sleeper {
  return { who, footprint: Int32Array.from(footprint) };
}

export function wakeupData({ who, footprint, next, isEnd }: Wakeup): WakeupData {
  return { who, footprint: [...footprint], next: next.map(wakeupData), isEnd };
}

export function wakeupOf({ who, footprint, next, isEnd }: WakeupData): Wakeup {
  return { who, footprint: Int32Array.from(footprint), next: next.map(wakeupOf), isEnd };
}

export function earlierData(depth: number, sequence: readonly Planned[]): EarlierData {
  return { depth, sequence: sequence.map((planned) => ({ ...sleeperData(planned), isExact: planned.step >= 0 })) };
}

/** A sequence again. Its steps have the numbers that they have in it. */
export function plannedOf({ sequence }: EarlierData): readonly Planned[] {
  return sequence.map((planned, at) => ({ ...sleeperOf(planned), step: planned.isExact ? at : -1 }));
}
