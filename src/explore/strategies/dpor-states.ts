/** The states on the path of a partial-order reduction, what sleeps in them, and both as plain data. */

import type { Movers } from '../../machine/movers.js';
import type { ExecutionGraph } from './execution-graph.js';
import { dropsLast, type Footprint, type Values, wordsOfPuts } from './footprint.js';
import type { SleeperData, StateData, StepData, WakeupData } from './subtree.js';
import type { TreeNode } from './tree-size.js';
import { type Planned, type PlannedStep, valuesAfter, type Wakeup, withValues } from './wakeups.js';

/** A step that was made from a state before. */
export interface Sleeper extends PlannedStep {
  /** All that begins with it is explored. Always so, but for steps that are explored elsewhere. */
  readonly done: boolean;
  /** The steps that it races with, if a violation ended the execution in it, so that it covers no others; null if none did. */
  readonly cutAfter: readonly number[] | null;
}

/** A state on the path of the present execution. */
export interface State extends TreeNode {
  sleeping: Sleeper[];
  /** How many of them, the first ones, slept in the state before. */
  inherited: number;
  /** Branches that are still to be explored, in order. The present one is not among them. */
  wakeups: Wakeup[];
}

/**
 * Of those who can move, the sleepers that a violation ends; null if one of them does not sleep.
 *
 * @param present has moved, and does not count
 */
export function whoIsLeft({ sleeping }: State, movers: Movers, present = -1): readonly Sleeper[] | null {
  const asleep = sleeping.filter(({ who }) => movers.has(who));
  return asleep.length < movers.count - (present < 0 ? 0 : 1)
    ? null
    : asleep.filter(({ cutAfter }) => cutAfter !== null);
}

/** Whether a step wakes one that sleeps, and would have been made from the same state. */
export function wakes(steps: ExecutionGraph, step: number, sleeping: Footprint): boolean {
  if (steps.conflictsWith(step, sleeping)) return true;
  return wordsOfPuts(sleeping).length > 0 && dropsLast(steps.footprint(step), sleeping);
}

export function stateOf({ sleeping, wakeups, ...counts }: StateData): State {
  return { ...counts, sleeping: sleeping.map(sleeperOf), inherited: 0, wakeups: wakeups.map(wakeupOf) };
}

function sleeperOf({ who, footprint, done, cutAfter }: SleeperData): Sleeper {
  return { who, footprint: Int32Array.from(footprint), done, cutAfter };
}

function wakeupOf({ who, footprint, next, isElsewhere }: WakeupData): Wakeup {
  return { who, footprint: Int32Array.from(footprint), next: next.map(wakeupOf), isElsewhere };
}

export function stateData(state: State, executions: number, valueAt: Values): StateData {
  const { sleeping, inherited, wakeups, born, branchBorn, explored } = state;
  return {
    sleeping: sleeping.slice(inherited).map(sleeperData),
    wakeups: wakeups.map((wakeup) => wakeupData(wakeup, valueAt)),
    born: born - executions,
    branchBorn: branchBorn - executions,
    explored,
  };
}

export function sleeperData({ who, footprint, done, cutAfter }: Sleeper): SleeperData {
  return { who, footprint: Array.from(footprint), done, cutAfter };
}

/** @param path the planned steps before it, from the state in which words have the values */
function wakeupData(wakeup: Wakeup, valueAt: Values, path: readonly PlannedStep[] = []): WakeupData {
  const { who, footprint, next, isElsewhere } = wakeup;
  const further = [...path, wakeup];
  return {
    who,
    footprint: Array.from(withValues(footprint, valuesAfter(path, valueAt))),
    next: next.map((one) => wakeupData(one, valueAt, further)),
    isElsewhere,
  };
}

export function sequenceData(sequence: readonly Planned[], valueAt: Values): StepData[] {
  return sequence.map(({ who, footprint }, at) =>
    stepData({ who, footprint: withValues(footprint, valuesAfter(sequence.slice(0, at), valueAt)) }),
  );
}

function stepData({ who, footprint }: PlannedStep): StepData {
  return { who, footprint: Array.from(footprint) };
}
