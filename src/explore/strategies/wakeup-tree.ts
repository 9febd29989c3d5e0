/** Wakeup trees and sleep sets: what is still to be explored from a state, and what need not be. */

import { type Footprint, footprintsConflict } from './execution-graph.js';

/** A thread's next step, which was made from a state before. */
export interface Sleeper {
  readonly who: number;
  readonly footprint: Footprint;
}

/** A step that is to be made from a state, and those that are to follow it. */
export interface Wakeup extends Sleeper {
  readonly next: Wakeup[];
  /**
   * Anything that begins with the steps up to here is covered by what will be explored from here. Not so where the last
   * footprint is that of the same step after something else: what it was to wake may sleep on in truth.
   */
  readonly isEnd: boolean;
}

/** A step of a sequence that is to be made possible; its number in the execution, or −1 for the racing one at the end. */
export interface Planned extends Sleeper {
  readonly step: number;
}

/** Whether the second of two steps of a sequence depends on the first. */
export type Dependence = (first: Planned, second: Planned) => boolean;

/** By footprints alone: for a sequence whose execution is not at hand. */
export const byFootprints: Dependence = (first, second) => footprintsConflict(first.footprint, second.footprint);

/** Whether a step can be the first of a sequence, or of one that the sequence can be made to follow it. */
function isWeakInitial(sleeper: Sleeper, sequence: readonly Planned[], dependent: Dependence): boolean {
  for (let at = 0; at < sequence.length; at++) {
    const planned = sequence[at] as Planned;
    if (planned.who === sleeper.who) {
      for (let before = 0; before < at; before++) {
        const earlier = sequence[before] as Planned;
        // Both what the step will do in the sequence, as far as it is known, and what it did from this state.
        if (dependent(earlier, planned) || footprintsConflict(earlier.footprint, sleeper.footprint)) return false;
      }
      return true;
    }
  }
  return sequence.every(({ footprint }) => !footprintsConflict(footprint, sleeper.footprint));
}

/** Whether something that sleeps can be the first of a sequence, so that it was explored already. */
export function isAsleep(sleeper: Sleeper, sequence: readonly Planned[]): boolean {
  for (const { who, footprint } of sequence) {
    // Those before it do not conflict with what it did from this state; and that is what it does here.
    if (who === sleeper.who) return true;
    if (footprintsConflict(footprint, sleeper.footprint)) return false;
  }
  return true;
}

/** Puts a sequence into a tree. @returns false if what is in it covers the sequence */
export function insertSequence(wakeups: Wakeup[], sequence: readonly Planned[], dependent: Dependence): boolean {
  let branches = wakeups;
  let rest = sequence;
  for (;;) {
    const branch = branches.find((wakeup) => isWeakInitial(wakeup, rest, dependent));
    if (branch === undefined) break;
    const own = rest.findIndex(({ who }) => who === branch.who);
    if (own >= 0) rest = rest.toSpliced(own, 1);
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
