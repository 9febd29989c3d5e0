/** Wakeup trees: the steps that are to be made from a state, because they reverse races that were found. */

import { ACCESS_WORDS } from '../../machine/access-log.js';
import { type ExecutionGraph, type Footprint, footprintsConflict } from './execution-graph.js';

/** A thread's next step. */
export interface PlannedStep {
  readonly who: number;
  readonly footprint: Footprint;
}

/** A step of a sequence that is to be made possible. */
export interface Planned extends PlannedStep {
  /** Its number in the execution; −1 for the racing one at the end, which will be made after something else. */
  readonly step: number;
}

/** A step that is to be made from a state, and those that are to follow it. */
export interface Wakeup extends PlannedStep {
  readonly next: Wakeup[];
  /**
   * Anything that begins with the steps up to here is covered by what will be explored from here. Not so where the last
   * footprint is that of the same step after something else: what it was to wake may sleep on in truth.
   */
  readonly isEnd: boolean;
}

/**
 * Whether a step can be the first of a sequence, or of one that the sequence can be made to follow it.
 *
 * @param steps the execution that the sequence is of; null if it is not at hand, and footprints must do
 */
export function isWeakInitial(steps: ExecutionGraph | null, one: PlannedStep, sequence: readonly Planned[]): boolean {
  for (let at = 0; at < sequence.length; at++) {
    const planned = sequence[at] as Planned;
    if (planned.who === one.who) {
      for (let before = 0; before < at; before++) {
        const earlier = sequence[before] as Planned;
        // Both what the step will do in the sequence, as far as it is known, and what it did from this state.
        if (isDependent(steps, earlier, planned) || footprintsConflict(earlier.footprint, one.footprint)) return false;
      }
      return true;
    }
  }
  return sequence.every(({ footprint }) => !footprintsConflict(footprint, one.footprint));
}

function isDependent(steps: ExecutionGraph | null, first: Planned, second: Planned): boolean {
  if (steps !== null && first.step >= 0 && second.step >= 0) return steps.happensBefore(first.step, second.step);
  return footprintsConflict(first.footprint, second.footprint);
}

/** A sequence without the first step of a thread. */
export function withoutStep(sequence: Planned[], who: number): Planned[] {
  const own = sequence.findIndex((planned) => planned.who === who);
  return own < 0 ? sequence : sequence.toSpliced(own, 1);
}

/** Puts a sequence into a wakeup tree. @returns false if what is in it covers the sequence */
export function insertSequence(steps: ExecutionGraph | null, wakeups: Wakeup[], sequence: Planned[]): boolean {
  let branches = wakeups;
  let rest = sequence;
  for (;;) {
    const branch = branches.find((wakeup) => isWeakInitial(steps, wakeup, rest));
    if (branch === undefined) break;
    rest = withoutStep(rest, branch.who);
    if (rest.length === 0 || branch.isEnd) return false;
    branches = branch.next;
  }
  branches.push(...branchOf(rest));
  return true;
}

function branchOf(sequence: readonly Planned[]): Wakeup[] {
  let branch: Wakeup[] = [];
  for (const { who, footprint, step } of sequence.toReversed()) {
    branch = [{ who, footprint, next: branch, isEnd: branch.length === 0 && step >= 0 }];
  }
  return branch;
}

/**
 * A planned step was made, and may have turned out to access something else than was planned. Sequences planned from the
 * same state that it can be the first of after all belong below it.
 *
 * @param step its number
 * @param others what else is planned from the state
 * @param made its plan
 */
export function followFootprint(steps: ExecutionGraph, step: number, others: Wakeup[], made: Wakeup): void {
  const mayBelong = ({ who, footprint, next }: Wakeup): boolean =>
    who === made.who || (!steps.conflictsWith(step, footprint) && (next.length === 0 || next.some(mayBelong)));
  if (!others.some(mayBelong)) return;
  const footprint = steps.footprint(step);
  if (accessesSame(made.footprint, footprint)) return;
  const one = { who: made.who, footprint };
  const belongs = (sequence: readonly Planned[]): boolean => isWeakInitial(null, one, sequence);
  const moved: Planned[][] = [];
  for (let at = 0; at < others.length; at++) {
    const sequences = sequencesOf([others[at] as Wakeup]);
    if (!sequences.some(belongs)) continue;
    const kept: Wakeup[] = [];
    for (const sequence of sequences) {
      if (belongs(sequence)) moved.push(withoutStep(sequence, made.who));
      else insertSequence(null, kept, sequence);
    }
    others.splice(at, 1, ...kept);
    at += kept.length - 1;
  }
  for (const rest of moved) if (rest.length > 0) insertSequence(null, made.next, rest);
}

/** Whether two footprints conflict with the same. */
export function accessesSame(one: Footprint, other: Footprint): boolean {
  if (one.length !== other.length) return false;
  for (let at = 0; at < one.length; at += ACCESS_WORDS) {
    if (one[at] !== other[at] || one[at + 1] !== other[at + 1]) return false;
  }
  return true;
}

/** The sequences of a wakeup tree, in its order. */
function sequencesOf(wakeups: readonly Wakeup[]): Planned[][] {
  return wakeups.flatMap(({ who, footprint, next, isEnd }) => {
    const own = { who, footprint, step: next.length === 0 && !isEnd ? -1 : 0 };
    return next.length === 0 ? [[own]] : sequencesOf(next).map((sequence) => [own, ...sequence]);
  });
}
