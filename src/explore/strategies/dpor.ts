/**
 * Optimal dynamic partial-order reduction, after Abdulla, Aronis, Jonsson and Sagonas, "Optimal dynamic partial order
 * reduction" (POPL 2014): of executions that differ only in the order of steps that commute, one is made.
 *
 * When an execution has ended, each pair of steps that race in it is looked at: the steps that would make them happen
 * the other way round go into the wakeup tree of the state before the first of them, unless an execution from there
 * that was made before covers them. Steps explored from a state sleep there, until a step that conflicts with them
 * wakes them.
 *
 * What commutes is decided by footprints (`machine/logged.ts`). Two that take the same lock race as they take it; a step
 * that waited for a value races with the one that made it wait.
 */

import { ACCESS_READ } from '../../machine/access-log.js';
import type { ControlledMachine } from '../../machine/controlled.js';
import { isAtRest } from '../../machine/enabled.js';
import { guardsOf } from '../../machine/logged.js';
import type { Movers } from '../../machine/movers.js';
import type { Strategy } from '../strategy.js';
import { NondeterminismError } from './dfs.js';
import { ExecutionGraph, type Footprint, footprintsConflict, OP_CLOCK } from './execution-graph.js';
import { isFreedInTime } from './grace-periods.js';
import { sizeBySearch, type TreeNode } from './tree-size.js';

/** A thread's next step, which was made from a state before. */
interface Sleeper {
  readonly who: number;
  readonly footprint: Footprint;
}

/** A step that is to be made from a state, and those that are to follow it. */
interface Wakeup extends Sleeper {
  readonly next: Wakeup[];
  /**
   * Anything that begins with the steps up to here is covered by what will be explored from here. Not so where the last
   * footprint is that of the same step after something else: what it was to wake may sleep on in truth.
   */
  readonly isEnd: boolean;
}

/** A state on the path of the present execution. */
interface State extends TreeNode {
  sleeping: Sleeper[];
  /** Branches that are still to be explored, in order. The present one is not among them. */
  wakeups: Wakeup[];
}

/** A step of a sequence that is to be made possible; its number in the execution, or −1 for the racing one at the end. */
interface Planned extends Sleeper {
  readonly step: number;
}

export interface Dpor extends Strategy {
  /** Executions that turned out to be the same as one made before, but for steps that commute. */
  readonly redundant: number;
}

/** @param machine made with `footprints` */
export function dporStrategy(): Dpor {
  let graph: ExecutionGraph | null = null;
  let machine: ControlledMachine | null = null;
  const states: State[] = [];
  /** Steps of the present execution that the one before began with as well. */
  let fixed = 0;
  /** Steps made. */
  let depth = 0;
  let started = false;
  /** A step is under way, and its footprint is still to be taken. */
  let open = false;
  let redundant = 0;
  let executions = 0;

  function graphOf(of: ControlledMachine): ExecutionGraph {
    if (graph === null) {
      if (!of.keepsFootprints) throw new Error('dpor needs a machine that keeps footprints');
      machine = of;
      graph = new ExecutionGraph(of.cpus.length + 1, of.arena.words.length);
    }
    return graph;
  }

  function stateWith(wakeups: Wakeup[]): State {
    return { sleeping: [], wakeups, born: executions, branchBorn: executions, explored: 0 };
  }

  function closeStep(steps: ExecutionGraph, of: ControlledMachine): void {
    if (!open) return;
    open = false;
    // A step made again is known already.
    if (depth > steps.length) {
      const at = steps.length;
      steps.finishStep(of.accesses);
      const state = states[at] as State;
      const next = states[at + 1] as State;
      for (const sleeper of state.sleeping)
        if (!steps.conflictsWith(at, sleeper.footprint)) next.sleeping.push(sleeper);
    }
  }

  /** Who moves from a state that no execution was in before. */
  function pick(state: State, movers: Movers): number {
    for (let wakeup = state.wakeups.shift(); wakeup !== undefined; wakeup = state.wakeups.shift()) {
      // A sequence that was planned from an execution where something else came before may turn out impossible.
      if (!movers.has(wakeup.who) || state.sleeping.some(({ who }) => who === wakeup?.who)) continue;
      states[depth + 1] = stateWith(wakeup.next);
      return wakeup.who;
    }
    states[depth + 1] = stateWith([]);
    const asleep = (who: number): boolean => state.sleeping.some((sleeper) => sleeper.who === who);
    if (!asleep(movers.byDefault)) return movers.byDefault;
    for (let at = 0; at < movers.count; at++) {
      const who = movers.ids[at] as number;
      if (!asleep(who)) return who;
    }
    return -1;
  }

  /** Whether a step can be the first of a sequence, or of one that the sequence can be made to follow it. */
  function isWeakInitial(steps: ExecutionGraph, sleeper: Sleeper, sequence: readonly Planned[]): boolean {
    for (let at = 0; at < sequence.length; at++) {
      const planned = sequence[at] as Planned;
      if (planned.who === sleeper.who) {
        for (let before = 0; before < at; before++) {
          const earlier = sequence[before] as Planned;
          // Both what the step will do in the sequence, as far as it is known, and what it did from this state.
          if (isDependent(steps, earlier, planned) || footprintsConflict(earlier.footprint, sleeper.footprint)) {
            return false;
          }
        }
        return true;
      }
    }
    return sequence.every(({ footprint }) => !footprintsConflict(footprint, sleeper.footprint));
  }

  function isDependent(steps: ExecutionGraph, first: Planned, second: Planned): boolean {
    if (first.step >= 0 && second.step >= 0) return steps.happensBefore(first.step, second.step);
    return footprintsConflict(first.footprint, second.footprint);
  }

  /** Plans the steps that reverse a race. @param racing the second of its steps */
  function reverse(steps: ExecutionGraph, first: number, racing: Planned): void {
    const state = states[first] as State;
    for (const sleeper of state.sleeping) if (isCovered(steps, first, racing, sleeper)) return;
    const sequence: Planned[] = [];
    for (let step = first + 1; step < steps.length; step++) {
      if (steps.happensBefore(first, step)) continue;
      sequence.push({ who: steps.who[step] as number, footprint: steps.footprint(step), step });
    }
    sequence.push(racing);
    insert(steps, state.wakeups, sequence);
  }

  /** Whether a sleeper can be the first of the steps that reverse a race, so that they were explored already. */
  function isCovered(steps: ExecutionGraph, first: number, racing: Planned, sleeper: Sleeper): boolean {
    for (let step = first + 1; step < steps.length; step++) {
      if (steps.happensBefore(first, step)) continue;
      // Those before it do not conflict with what it did from this state; and that is what it does here.
      if (steps.who[step] === sleeper.who) return true;
      if (steps.conflictsWith(step, sleeper.footprint)) return false;
    }
    return racing.who === sleeper.who || !footprintsConflict(racing.footprint, sleeper.footprint);
  }

  function insert(steps: ExecutionGraph, wakeups: Wakeup[], sequence: Planned[]): void {
    let branches = wakeups;
    let rest = sequence;
    for (;;) {
      const branch = branches.find((wakeup) => isWeakInitial(steps, wakeup, rest));
      if (branch === undefined) break;
      const own = rest.findIndex(({ who }) => who === branch.who);
      if (own >= 0) rest = rest.toSpliced(own, 1);
      if (rest.length === 0) return;
      if (branch.isEnd) return;
      branches = branch.next;
    }
    branches.push(...branchOf(rest));
  }

  function branchOf(sequence: readonly Planned[]): Wakeup[] {
    let branch: Wakeup[] = [];
    for (const { who, footprint, step } of sequence.toReversed()) {
      branch = [{ who, footprint, next: branch, isEnd: branch.length === 0 && step >= 0 }];
    }
    return branch;
  }

  function findRaces(steps: ExecutionGraph, of: ControlledMachine): void {
    for (let step = fixed; step < steps.length; step++) {
      const races = steps.racesOf(step);
      if (races.length === 0) continue;
      const racing = { who: steps.who[step] as number, footprint: steps.footprint(step), step: -1 };
      for (const first of races.toSorted((a, b) => a - b)) reverse(steps, first, racing);
    }
    if (!of.ended) return;
    const waits = (who: number, op: number, a: number, footprint: Footprint): void => {
      for (const first of [...steps.racesOfWaiting(who, op, a, footprint)]) {
        reverse(steps, first, { who, footprint, step: -1 });
      }
    };
    for (const cpu of of.cpus) if (!isAtRest(cpu.op)) waits(cpu.id, cpu.op, cpu.opA, guardsOf(cpu));
    // A timer that somebody stopped might have expired before.
    if (of.clockWord !== 0) waits(of.cpus.length, OP_CLOCK, 0, Int32Array.of(of.clockWord, ACCESS_READ, 0, 0));
  }

  /**
   * Begins again, with the state of grace periods in the footprints: somebody may use what RCU has freed, and when it is
   * freed matters after all.
   */
  function beginAgain(steps: ExecutionGraph, of: ControlledMachine): void {
    of.deferred.on = false;
    redundant = executions;
    steps.truncate(0);
    states.length = 0;
    fixed = 0;
    started = false;
  }

  return {
    name: 'dpor',
    everyStep: true,
    needsFootprints: true,
    bound: null,
    get redundant() {
      return redundant;
    },
    estimate: () => sizeBySearch(states, ({ wakeups }) => wakeups.length),
    begin() {
      depth = 0;
      open = false;
      if (!started) {
        started = true;
        states.push(stateWith([]));
        return true;
      }
      const steps = graph;
      if (steps === null) return false;
      for (let at = steps.length - 1; at >= 0; at--) {
        const state = states[at] as State;
        if (state.wakeups.length === 0) continue;
        state.sleeping.push({ who: steps.who[at] as number, footprint: steps.footprint(at) });
        state.explored++;
        state.branchBorn = executions;
        steps.truncate(at);
        states.length = at + 1;
        fixed = at;
        return true;
      }
      return false;
    },
    choose(movers, _current, of) {
      const steps = graphOf(of);
      closeStep(steps, of);
      of.accesses.clear();
      of.accesses.recording = depth >= steps.length;
      let who: number;
      if (depth < fixed) {
        who = steps.who[depth] as number;
        if (!movers.has(who)) {
          throw new NondeterminismError(
            `step ${depth + 1} of an execution made again: CPU ${who} moved before, and cannot move now`,
          );
        }
      } else {
        who = pick(states[depth] as State, movers);
        if (who < 0) {
          redundant++;
          return -1;
        }
        const cpu = of.cpus[who];
        if (cpu === undefined) steps.beginStep(who, OP_CLOCK, 0);
        else if (cpu.takesInterrupt()) steps.beginHandler(who, cpu.op, cpu.opAddress, cpu.opA);
        else steps.beginStep(who, cpu.op, cpu.opA);
      }
      depth++;
      open = true;
      return who;
    },
    end() {
      const steps = graph;
      if (steps === null || machine === null) return;
      closeStep(steps, machine);
      executions++;
      const { deferred } = machine;
      if (machine.ended && (deferred.shortOfMemory || !deferred.objects().every((o) => isFreedInTime(steps, o)))) {
        beginAgain(steps, machine);
      } else {
        findRaces(steps, machine);
      }
    },
  };
}
