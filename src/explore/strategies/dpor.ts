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
import {
  type EarlierData,
  earlierData,
  type SleeperData,
  type StateData,
  sleeperData,
  sleeperOf,
  type TreePart,
  type TreeRest,
  wakeupData,
  wakeupOf,
} from './tree-part.js';
import {
  byFootprints,
  type Dependence,
  insertSequence,
  type Planned,
  type Sleeper,
  type Wakeup,
} from './wakeup-tree.js';

/** A state on the path of the present execution. */
interface State {
  sleeping: Sleeper[];
  /** Branches that are still to be explored, in order. The present one is not among them. */
  wakeups: Wakeup[];
}

export interface Dpor extends Strategy {
  /** What is left to explore of its part, between two executions. */
  rest(): TreeRest;
  /** Executions that turned out to be the same as one made before, but for steps that commute. */
  readonly redundant: number;
}

/**
 * Needs a machine that keeps footprints.
 *
 * @param part what to explore; everything if not given
 */
export function dporStrategy(part: TreePart | null = null): Dpor {
  /** Steps of all executions of the part. */
  const root = part?.path.length ?? 0;
  const earlier: EarlierData[] = [];
  let again = false;
  let isDone = false;
  let graph: ExecutionGraph | null = null;
  let machine: ControlledMachine | null = null;
  const states: State[] = (part?.states ?? []).map(({ sleeping, wakeups }) => ({
    sleeping: sleeping.map(sleeperOf),
    wakeups: wakeups.map(wakeupOf),
  }));
  /** Steps of the present execution that the one before began with as well. */
  let fixed = root;
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
      if (part?.deferring === false) of.deferred.on = false;
      graph = new ExecutionGraph(of.cpus.length + 1, of.arena.words.length);
    }
    return graph;
  }

  function closeStep(steps: ExecutionGraph, of: ControlledMachine): void {
    if (!open) return;
    open = false;
    // A step made again is known already.
    if (depth > steps.length) {
      const at = steps.length;
      steps.finishStep(of.accesses);
      const state = states[at] as State;
      if (at < root) return;
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
      states[depth + 1] = { sleeping: [], wakeups: wakeup.next };
      return wakeup.who;
    }
    states[depth + 1] = { sleeping: [], wakeups: [] };
    const asleep = (who: number): boolean => state.sleeping.some((sleeper) => sleeper.who === who);
    if (!asleep(movers.byDefault)) return movers.byDefault;
    for (let at = 0; at < movers.count; at++) {
      const who = movers.ids[at] as number;
      if (!asleep(who)) return who;
    }
    return -1;
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
    const dependent: Dependence = (one, other) =>
      one.step >= 0 && other.step >= 0 ? steps.happensBefore(one.step, other.step) : byFootprints(one, other);
    const isNew = insertSequence(state.wakeups, sequence, dependent);
    if (isNew && first < root) earlier.push(earlierData(first, sequence));
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
    if (part !== null) {
      again = true;
      return;
    }
    redundant = executions;
    steps.truncate(0);
    states.length = 0;
    fixed = 0;
    started = false;
  }

  function stepData(steps: ExecutionGraph, at: number): SleeperData {
    return { who: steps.who[at] as number, footprint: [...steps.footprint(at)] };
  }

  return {
    name: 'dpor',
    everyStep: true,
    needsFootprints: true,
    bound: null,
    get redundant() {
      return redundant;
    },
    rest() {
      const steps = graph;
      let last = root;
      if (steps !== null && !isDone) {
        for (let at = steps.length - 1; at > root && last === root; at--) {
          if ((states[at] as State).wakeups.length > 0) last = at;
        }
      }
      const left: StateData[] = [];
      for (let at = root; at <= last; at++) {
        const { sleeping, wakeups } = states[at] as State;
        const present = steps === null || at >= steps.length ? [] : [stepData(steps, at)];
        left.push({ sleeping: [...sleeping.map(sleeperData), ...present], wakeups: wakeups.map(wakeupData) });
      }
      const path = steps === null ? [] : [...steps.who.subarray(root, last)];
      return { path, states: left, earlier, again };
    },
    begin() {
      depth = 0;
      open = false;
      if (again) return false;
      if (!started) {
        started = true;
        if (part === null) states.push({ sleeping: [], wakeups: [] });
        return true;
      }
      const steps = graph;
      if (steps === null) return false;
      for (let at = steps.length - 1; at >= root; at--) {
        const state = states[at] as State;
        if (state.wakeups.length === 0) continue;
        state.sleeping.push({ who: steps.who[at] as number, footprint: steps.footprint(at) });
        steps.truncate(at);
        states.length = at + 1;
        fixed = at;
        return true;
      }
      isDone = true;
      return false;
    },
    choose(movers, _current, of) {
      const steps = graphOf(of);
      closeStep(steps, of);
      of.accesses.clear();
      of.accesses.recording = depth >= fixed;
      let who: number;
      if (depth < fixed) {
        who = (depth < steps.length ? steps.who[depth] : part?.path[depth]) as number;
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
      }
      if (depth >= steps.length) {
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
