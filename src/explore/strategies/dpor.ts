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
  type ReversalData,
  type SleeperData,
  type StateData,
  type StepData,
  type Subtree,
  type SubtreeRest,
  type WakeupData,
  wholeTree,
} from './subtree.js';
import { sizeBySearch, type TreeNode } from './tree-size.js';
import { followFootprint, insertSequence, type Planned, type PlannedStep, type Wakeup } from './wakeups.js';

/** A step that was made from a state before. */
interface Sleeper extends PlannedStep {
  /** All that begins with it is explored. Always so, but for steps that are explored elsewhere. */
  readonly done: boolean;
}

/** A state on the path of the present execution. */
interface State extends TreeNode {
  sleeping: Sleeper[];
  /** How many of them, the first ones, slept in the state before. */
  inherited: number;
  /** Branches that are still to be explored, in order. The present one is not among them. */
  wakeups: Wakeup[];
}

export interface Dpor extends Strategy {
  /** Executions that turned out to be the same as one made before, but for steps that commute. */
  readonly redundant: number;
  /** What there is after the executions made so far; null after none. */
  rest(): SubtreeRest | null;
}

/**
 * Makes one of all executions that differ only in the order of steps that commute. The machine must keep footprints, as
 * those of `explore` do for a strategy that needs them.
 *
 * @param subtree what to explore, as plain data; everything if not given
 * @example
 * const model = defineModel('additions', (m) => {
 *   const cell = m.cell('cell');
 *   for (const name of ['one', 'other']) {
 *     m.thread(name, function* (t) {
 *       yield t.fetchAdd(cell, 1);
 *     });
 *   }
 * });
 * const { executions, redundant, exhausted } = explore(model, { strategy: dporStrategy() });
 * executions; // 2
 */
export function dporStrategy(subtree: Subtree = wholeTree(false)): Dpor {
  const { schedule, base, from } = subtree;
  let graph: ExecutionGraph | null = null;
  let machine: ControlledMachine | null = null;
  const states: State[] = subtree.states.map(stateOf);
  const reversals: ReversalData[] = [];
  /** By step of the present execution: those before it that it races with, and what it is where it comes before them. */
  const races: { readonly first: number; readonly racing: Planned }[][] = [];
  /** Steps of the present execution that an execution before began with as well. */
  let fixed = schedule.length;
  /** Steps made. */
  let depth = 0;
  let started = false;
  /** A step is under way, and its footprint is still to be taken. */
  let open = false;
  /** The plan of that step, where others are planned from the same state. */
  let guided: Wakeup | null = null;
  let redundant = 0;
  let executions = 0;
  let impossible = false;
  let again = false;
  let openTo = 0;

  function graphOf(of: ControlledMachine): ExecutionGraph {
    if (graph === null) {
      if (!of.keepsFootprints) throw new Error('dpor needs a machine that keeps footprints');
      machine = of;
      graph = new ExecutionGraph(of.cpus.length + 1, of.arena.words.length);
    }
    return graph;
  }

  function stateWith(wakeups: Wakeup[]): State {
    return { sleeping: [], inherited: 0, wakeups, born: executions, branchBorn: executions, explored: 0 };
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
      // A state that was given has some of its own.
      const own = next.sleeping;
      if (own.length > 0) next.sleeping = [];
      for (const sleeper of state.sleeping)
        if (!steps.conflictsWith(at, sleeper.footprint)) next.sleeping.push(sleeper);
      next.inherited = next.sleeping.length;
      if (own !== next.sleeping) next.sleeping.push(...own);
      if (guided !== null) followFootprint(steps, at, state.wakeups, guided);
    }
  }

  /** Who moves from a state that no execution was in before. */
  function pick(state: State, movers: Movers): number {
    guided = null;
    for (let wakeup = state.wakeups.shift(); wakeup !== undefined; wakeup = state.wakeups.shift()) {
      // A sequence that was planned from an execution where something else came before may turn out impossible.
      if (!movers.has(wakeup.who) || state.sleeping.some(({ who }) => who === wakeup?.who)) {
        if (depth >= base) continue;
        impossible = true;
        return -1;
      }
      states[depth + 1] = stateWith(wakeup.next);
      if (state.wakeups.length > 0) guided = wakeup;
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
    if (insertSequence(steps, state.wakeups, sequence) && first < base) {
      reversals.push({ level: first, sequence: sequence.map(plannedData) });
    }
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
    races.length = Math.min(races.length, fixed);
    for (let step = races.length; step < steps.length; step++) {
      const who = steps.who[step] as number;
      const firsts = [...steps.racesOf(step)].sort((a, b) => a - b);
      races.push(
        firsts.map((first) => ({ first, racing: { who, footprint: steps.footprintBefore(step, first), step: -1 } })),
      );
    }
    // Those of steps made before as well: what they can be made after is more now.
    for (const { first, racing } of races.flat()) reverse(steps, first, racing);
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
    again = true;
    if (base > 0) return;
    steps.truncate(0);
    states.length = 0;
    states.push(stateWith([]));
    fixed = 0;
    started = false;
  }

  /** The last state with something planned, from which to go on; −1 if there is none. */
  function lastPlanned(steps: ExecutionGraph): number {
    for (let at = steps.length - 1; at >= base; at--) if ((states[at] as State).wakeups.length > 0) return at;
    return -1;
  }

  /** Where steps that are explored elsewhere sleep in the first state, up to which one they do. */
  function findOpenStates(steps: ExecutionGraph): void {
    const isOpen = (at: number): boolean => states[at]?.sleeping.some(({ done }) => !done) === true;
    if (steps.length < base || !isOpen(base)) return;
    for (let at = base; at <= steps.length; at++) if (isOpen(at)) openTo = at + 1;
  }

  function rest(): SubtreeRest | null {
    const steps = graph;
    if (steps === null || (executions === 0 && !impossible)) return null;
    const ends = impossible || (again && base > 0);
    const last = ends ? -1 : started ? lastPlanned(steps) : 0;
    const first = Math.max(base, openTo);
    const finished = last < first;
    const end = impossible ? steps.length : Math.min(finished ? first : last, steps.length);
    const way: StepData[] = [];
    const data: StateData[] = [];
    for (let at = from; at < end; at++) {
      way.push({ who: steps.who[at] as number, footprint: Array.from(steps.footprint(at)) });
      data.push(stateData(states[at] as State, executions));
    }
    if (!finished) {
      const state = states[last] as State;
      const now = stateData(state, executions);
      // The branch made last is explored. There is none where everything begins again.
      const made = last < steps.length ? [sleeperData({ ...stepOf(steps, last), done: true })] : [];
      const counts = { branchBorn: 0, explored: state.explored + made.length };
      data.push({ ...now, ...counts, sleeping: [...now.sleeping, ...made] });
    }
    const blocked = openTo > steps.length && machine?.ended === false;
    return { steps: way, states: data, finished, openTo, blocked, reversals, impossible, again };
  }

  return {
    name: 'dpor',
    everyStep: true,
    needsFootprints: true,
    bound: null,
    get redundant() {
      return redundant;
    },
    rest,
    estimate: () => sizeBySearch(states, ({ wakeups }) => wakeups.length),
    begin() {
      depth = 0;
      open = false;
      if (!started) {
        started = true;
        return true;
      }
      const steps = graph;
      if (steps === null || impossible || openTo > 0 || (again && base > 0)) return false;
      const at = lastPlanned(steps);
      if (at < 0) return false;
      const state = states[at] as State;
      state.sleeping.push({ ...stepOf(steps, at), done: true });
      state.explored++;
      state.branchBorn = executions;
      steps.truncate(at);
      states.length = at + 1;
      fixed = at;
      return true;
    },
    choose(movers, _current, of) {
      const steps = graphOf(of);
      closeStep(steps, of);
      of.accesses.clear();
      of.accesses.recording = depth >= steps.length;
      let who: number;
      if (depth < fixed) {
        who = (depth < steps.length ? steps.who[depth] : schedule[depth]) as number;
        if (!movers.has(who)) {
          throw new NondeterminismError(
            `step ${depth + 1} of an execution made again: CPU ${who} moved before, and cannot move now`,
          );
        }
      } else {
        who = pick(states[depth] as State, movers);
        if (who < 0) {
          if (!impossible) redundant++;
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
      if (!impossible) executions++;
      const { deferred } = machine;
      if (machine.ended && (deferred.shortOfMemory || !deferred.objects().every((o) => isFreedInTime(steps, o)))) {
        beginAgain(steps, machine);
      } else {
        findRaces(steps, machine);
        if (executions === 1 && base > 0) findOpenStates(steps);
      }
    },
  };
}

function stepOf(steps: ExecutionGraph, at: number): PlannedStep {
  return { who: steps.who[at] as number, footprint: steps.footprint(at) };
}

function stateOf({ sleeping, wakeups, ...counts }: StateData): State {
  return { ...counts, sleeping: sleeping.map(sleeperOf), inherited: 0, wakeups: wakeups.map(wakeupOf) };
}

function sleeperOf({ who, footprint, done }: SleeperData): Sleeper {
  return { who, footprint: Int32Array.from(footprint), done };
}

function wakeupOf({ who, footprint, next, isEnd }: WakeupData): Wakeup {
  return { who, footprint: Int32Array.from(footprint), next: next.map(wakeupOf), isEnd };
}

function stateData({ sleeping, inherited, wakeups, born, branchBorn, explored }: State, executions: number): StateData {
  return {
    sleeping: sleeping.slice(inherited).map(sleeperData),
    wakeups: wakeups.map(wakeupData),
    born: born - executions,
    branchBorn: branchBorn - executions,
    explored,
  };
}

function sleeperData({ who, footprint, done }: Sleeper): SleeperData {
  return { who, footprint: Array.from(footprint), done };
}

function wakeupData({ who, footprint, next, isEnd }: Wakeup): WakeupData {
  return { who, footprint: Array.from(footprint), next: next.map(wakeupData), isEnd };
}

function plannedData({ who, footprint, step }: Planned): ReversalData['sequence'][number] {
  return { who, footprint: Array.from(footprint), racing: step < 0 };
}
