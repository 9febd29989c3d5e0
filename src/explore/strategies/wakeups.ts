/** Wakeup trees: the steps that are to be made from a state, because they reverse races that were found. */

import { ACCESS_WORDS, ACCESS_WRITE } from '../../machine/access-log.js';
import type { ExecutionGraph } from './execution-graph.js';
import { type Footprint, footprintsConflict, putsTo, type Values, valueAfter, wordsOfPuts } from './footprint.js';

/** A thread's next step. */
export interface PlannedStep {
  readonly who: number;
  /** What it accesses from the state that it is planned from. */
  readonly footprint: Footprint;
  /** If it was made and a violation ended the execution in it: the steps that it races with. */
  readonly cutAfter?: readonly number[] | null;
}

/** A step of a sequence that is to be made possible. */
export interface Planned extends PlannedStep {
  /** Its number in the execution that the sequence was found in; −1 for the racing one at the end, and where it is not known. */
  readonly step: number;
}

/** A step that is to be made from a state, and those that are to follow it. */
export interface Wakeup extends PlannedStep {
  readonly next: Wakeup[];
  /** What follows it is known elsewhere only: nothing that begins with the steps up to here is known to be covered. */
  readonly isElsewhere?: boolean | undefined;
}

/**
 * Whether a step can be the first of a sequence, or of one that the sequence can be made to follow it.
 *
 * @param steps the execution that the sequence is of; null if it is not at hand
 */
function isWeakInitial(
  steps: ExecutionGraph | null,
  one: PlannedStep,
  sequence: readonly Planned[],
  valueAt: Values,
): boolean {
  const own = sequence.findIndex(({ who }) => who === one.who);
  const end = own < 0 ? sequence.length : own;
  const step = own < 0 ? -1 : (sequence[own] as Planned).step;
  for (let at = 0; at < end; at++) {
    const earlier = sequence[at] as Planned;
    // After steps that it does not depend on it does what it does from this state.
    const known = steps !== null && earlier.step >= 0;
    if (known && step >= 0 ? steps.happensBefore(earlier.step, step) : conflicts(steps, earlier, one)) return false;
  }
  if (step >= 0 && steps !== null) return true;
  return wordsOfPuts(one.footprint).every((address) => {
    let earlier = 0;
    for (let at = 0; at < end; at++) earlier += putsTo((sequence[at] as Planned).footprint, address);
    return earlier === 0 || valueAt(address) + earlier + putsTo(one.footprint, address) > 0;
  });
}

/** Whether what begins with a step has all that begins with a sequence. What a violation ends has nothing more. */
export function covers(
  steps: ExecutionGraph | null,
  one: PlannedStep,
  sequence: readonly Planned[],
  valueAt: Values,
): boolean {
  if (one.cutAfter != null && !sequence.some(({ who }) => who === one.who)) return false;
  return isWeakInitial(steps, one, sequence, valueAt);
}

function conflicts(steps: ExecutionGraph | null, planned: Planned, { footprint }: PlannedStep): boolean {
  if (steps !== null && planned.step >= 0) return steps.conflictsWith(planned.step, footprint);
  return footprintsConflict(planned.footprint, footprint);
}

/** The values of words after some steps. */
export function valuesAfter(steps: readonly PlannedStep[], valueAt: Values): Values {
  return (address) => {
    let value = valueAt(address);
    for (const { footprint } of steps) value = valueAfter(footprint, address, value);
    return value;
  };
}

/** Where a sequence goes on that begins with steps of a tree. */
interface Place<T> {
  /** These steps, one below the other. */
  readonly passed: readonly T[];
  /** The steps that are left. */
  readonly rest: readonly Planned[];
}

/**
 * Follows a sequence in a tree of steps.
 *
 * @param steps the execution that the sequence is of; null if it is not at hand
 * @param below what comes after a step; null if all that begins with the steps up to it is covered
 * @returns null if the sequence is covered
 */
export function follow<T extends PlannedStep>(
  steps: ExecutionGraph | null,
  branches: readonly T[],
  sequence: readonly Planned[],
  valueAt: Values,
  below: (one: T) => readonly T[] | null,
): Place<T> | null {
  const passed: T[] = [];
  const values = valuesAfter(passed, valueAt);
  const rest = [...sequence];
  let candidates: readonly T[] | null = branches;
  for (;;) {
    const one: T | undefined = candidates.find((branch) => covers(steps, branch, rest, values));
    if (one === undefined) return { passed, rest };
    const own = rest.findIndex(({ who }) => who === one.who);
    if (own >= 0) rest.splice(own, 1);
    passed.push(one);
    candidates = below(one);
    if (rest.length === 0 || candidates === null) return null;
  }
}

/** Puts a sequence into a wakeup tree. @returns false if what is in it covers the sequence */
export function insertSequence(
  steps: ExecutionGraph,
  wakeups: Wakeup[],
  sequence: readonly Planned[],
  valueAt: Values,
): boolean {
  // Anything can follow a sequence that is planned.
  const place = follow(steps, wakeups, sequence, valueAt, ({ next, isElsewhere }) =>
    next.length > 0 || isElsewhere === true ? next : null,
  );
  if (place === null) return false;
  (place.passed.at(-1)?.next ?? wakeups).push(...branchOf(place.rest));
  return true;
}

/** A footprint with what its sums find: by them alone steps that commute can tell their order. */
export function withValues(footprint: Footprint, valueAt: Values): Footprint {
  const exact = footprint.slice();
  for (let at = 0; at < exact.length; at += ACCESS_WORDS) {
    if ((exact[at + 1] as number) <= ACCESS_WRITE) continue;
    exact[at + 2] = valueAfter(footprint, footprint[at] as number, valueAt(footprint[at] as number), at);
  }
  return exact;
}

function branchOf(sequence: readonly Planned[]): Wakeup[] {
  let branch: Wakeup[] = [];
  for (const { who, footprint } of sequence.toReversed()) branch = [{ who, footprint, next: branch }];
  return branch;
}
