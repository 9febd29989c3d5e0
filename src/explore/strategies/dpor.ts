/**
 * Optimal dynamic partial-order reduction, after Abdulla, Aronis, Jonsson and Sagonas, "Optimal dynamic partial order
 * reduction" (POPL 2014): of executions that differ only in the order of steps that commute, one is made.
 *
 * When an execution has ended, each pair of steps that race in it is looked at: the steps that would make them happen
 * the other way round go into the wakeup tree of the state before the first of them, unless an execution from there
 * that was made before covers them. Steps explored from a state sleep there, until a step that conflicts with them
 * wakes them.
 *
 * Nothing can be made after a step that a violation ends. Where the search goes on, it sleeps in the state before it, and
 * others go on from there. It covers nothing but itself, and its races are reversed again after what the others do.
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
import {
  type Sleeper,
  type State,
  sequenceData,
  sleeperData,
  stateData,
  stateOf,
  wakes,
  whoIsLeft,
} from './dpor-states.js';
import { ExecutionGraph, OP_CLOCK } from './execution-graph.js';
import type { Footprint } from './footprint.js';
import { isFreedInTime } from './grace-periods.js';
import { Predictions } from './predictions.js';
import {
  type ReversalData,
  type StateData,
  type StepData,
  type Subtree,
  type SubtreeRest,
  wholeTree,
} from './subtree.js';
import { sizeBySearch } from './tree-size.js';
import { covers, insertSequence, type Planned, type PlannedStep, type Wakeup } from './wakeups.js';

/** A step that would have been possible before another one. */
interface Race {
  /** The number of the other one. */
  readonly first: number;
  readonly who: number;
  /** Its own number; −1 if it was not made. */
  readonly step: number;
  /** The step up to which the execution is looked at; −1: all of it. */
  readonly end: number;
}

/** A step of the present execution. */
class Made implements Planned {
  readonly who: number;

  constructor(
    private readonly steps: ExecutionGraph,
    readonly step: number,
  ) {
    this.who = steps.who[step] as number;
  }

  get footprint(): Footprint {
    return this.steps.footprint(this.step);
  }
}

/** The step that ends a sequence which reverses a race. What it accesses there is often not needed. */
class Racing implements Planned {
  readonly step = -1;
  private known: Footprint | null = null;

  constructor(
    readonly who: number,
    private readonly find: () => Footprint,
  ) {}

  get footprint(): Footprint {
    this.known ??= this.find();
    return this.known;
  }
}

export interface Dpor extends Strategy {
  /**
   * Executions that turned out to be the same as one made before, but for steps that commute; none but where a violation
   * ended one in the middle of a step, and others went on before that.
   */
  readonly redundant: number;
  /** Beginnings of executions made for nothing else than to see what a step does after others than before. */
  readonly tried: number;
  /** What there is after the executions made so far; null after none. */
  rest(): SubtreeRest | null;
}

/**
 * Makes one of all executions that differ only in the order of steps that commute. The machine must keep footprints, as
 * those of `explore` do for a strategy that needs them.
 *
 * @param subtree what to explore, as plain data; everything if not given
 * @param predictions what is known of the model's threads, if it was explored before
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
export function dporStrategy(subtree: Subtree = wholeTree(false), predictions = new Predictions()): Dpor {
  const { schedule, base, from } = subtree;
  let graph: ExecutionGraph | null = null;
  let machine: ControlledMachine | null = null;
  const states: State[] = subtree.states.map(stateOf);
  const reversals: ReversalData[] = [];
  /** Steps of the present execution, where somebody has asked for them. */
  const madeSteps: (Made | undefined)[] = [];
  /** By step of the present execution: those before it that it races with. */
  const races: (readonly Race[])[] = [];
  /** Those of the execution made last that are still to be looked at. */
  let found: readonly Race[] = [];
  /** Steps of the present execution that an execution before began with as well. */
  let fixed = schedule.length;
  /** Steps made. */
  let depth = 0;
  let started = false;
  /** A step is under way, and its footprint is still to be taken. */
  let open = false;
  /** The plan of that step, where there is one. */
  let guided: Wakeup | null = null;
  let redundant = 0;
  let executions = 0;
  let again = false;
  /** The execution made last came to its end. */
  let ended = false;
  /** The step of that execution in which a violation ended it; −1 if none did. */
  let cut = -1;
  /** That execution did not come to an end, and nobody was asked any more. */
  let byTurns = false;
  /** Others are to go on from the state before that step. */
  let goesOn = false;
  /** Who could move at the last step of that execution. */
  let able: Movers | null = null;
  /** Those of them who slept and whose steps a violation ends; null if somebody could move who did not sleep. */
  let left: readonly Sleeper[] | null = null;
  /** Some execution was ended by a violation in the middle of a step. */
  let isCutAnywhere = states.some(({ sleeping }) => sleeping.some(({ cutAfter }) => cutAfter !== null));
  let openTo = 0;

  function graphOf(of: ControlledMachine): ExecutionGraph {
    if (graph === null) {
      if (!of.keepsFootprints) throw new Error('dpor needs a machine that keeps footprints');
      machine = of;
      graph = new ExecutionGraph(of.cpus.length + 1, of.arena.words);
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
      for (const sleeper of state.sleeping) {
        if (!wakes(steps, at, sleeper.footprint)) next.sleeping.push(sleeper);
      }
      next.inherited = next.sleeping.length;
      if (own !== next.sleeping) next.sleeping.push(...own);
      if (guided !== null && cut < 0 && !steps.accessed(at, guided.footprint)) {
        throw new NondeterminismError(
          `step ${at + 1}: CPU ${guided.who} accesses something else than where it was planned`,
        );
      }
    }
  }

  /** Who moves from a state that no execution was in before. */
  function pick(state: State, movers: Movers): number {
    guided = null;
    let wakeup = state.wakeups.shift();
    // It was planned where it was not known that a violation would end it.
    const isCut = (one: Wakeup): boolean =>
      state.sleeping.some(({ who, cutAfter }) => cutAfter !== null && who === one.who);
    while (wakeup !== undefined && isCut(wakeup)) wakeup = state.wakeups.shift();
    if (wakeup !== undefined) {
      if (!movers.has(wakeup.who) || state.sleeping.some(({ who }) => who === wakeup.who)) {
        throw new NondeterminismError(`step ${depth + 1}: CPU ${wakeup.who} was to make it, and cannot move`);
      }
      states[depth + 1] = stateWith(wakeup.next);
      guided = wakeup;
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

  function madeAt(steps: ExecutionGraph, step: number): Made {
    let one = madeSteps[step];
    if (one === undefined) {
      one = new Made(steps, step);
      madeSteps[step] = one;
    }
    return one;
  }

  /** Steps of the execution made last but for one that a violation ended: nothing can be made after that. */
  function wholeSteps(steps: ExecutionGraph): number {
    return cut < 0 ? steps.length : cut;
  }

  /** Plans the steps that reverse a race. */
  function reverse(steps: ExecutionGraph, of: ControlledMachine, { first, who, step, end: upTo }: Race): void {
    const end = upTo < 0 ? wholeSteps(steps) : upTo;
    const state = states[first] as State;
    const sequence: Planned[] = [];
    for (let other = first + 1; other < end; other++) {
      if (!steps.happensBefore(first, other)) sequence.push(madeAt(steps, other));
    }
    sequence.push(new Racing(who, () => predictions.footprintOf(steps, of, who, step, first, end)));
    const valueAt = steps.valuesBefore(first);
    // Then what begins with the sequence was explored already.
    if (state.sleeping.some((sleeper) => covers(steps, sleeper, sequence, valueAt))) return;
    if (insertSequence(steps, state.wakeups, sequence, valueAt) && first < base) {
      reversals.push({ level: first, sequence: sequenceData(sequence, valueAt) });
    }
  }

  function findRaces(steps: ExecutionGraph, of: ControlledMachine): void {
    races.length = Math.min(races.length, fixed);
    for (let step = races.length; step < steps.length; step++) {
      const who = steps.who[step] as number;
      const firsts = [...steps.racesOf(step)].sort((a, b) => a - b);
      races.push(firsts.map((first) => ({ first, who, step, end: -1 })));
    }
    // Those of steps made before as well: what they can be made after is more now.
    const all = races.flat();
    const waits = (who: number, op: number, a: number, footprint: Footprint): void => {
      for (const first of steps.racesOfWaiting(who, op, a, footprint)) all.push({ first, who, step: -1, end: -1 });
    };
    const isAble = (who: number): boolean => !of.ended && able?.has(who) === true;
    // Nobody goes on whose step no violation ends: who waits now would do so for ever.
    if (of.ended || (left !== null && (left.length > 0 || cut >= 0))) {
      for (const cpu of of.cpus) {
        if (!isAtRest(cpu.op) && !isAble(cpu.id)) waits(cpu.id, cpu.op, cpu.opA, guardsOf(cpu));
      }
      // A timer that somebody stopped might have expired before.
      const clock = of.cpus.length;
      if (of.clockWord !== 0 && !isAble(clock)) {
        waits(clock, OP_CLOCK, 0, Int32Array.of(of.clockWord, ACCESS_READ, 0, 0));
      }
    }
    if (isCutAnywhere) addRacesOfSleepers(steps, all);
    found = all;
  }

  /**
   * The races of steps that a violation ended, where others went on from the states before them: what such a step can be
   * made after is more now, up to the first step that it would conflict with.
   */
  function addRacesOfSleepers(steps: ExecutionGraph, all: Race[]): void {
    const length = wholeSteps(steps);
    for (let level = 0; level <= length; level++) {
      const { sleeping, inherited } = states[level] as State;
      for (let at = inherited; at < sleeping.length; at++) {
        const { who, footprint, cutAfter } = sleeping[at] as Sleeper;
        if (cutAfter === null) continue;
        let end = level;
        while (end < length && !wakes(steps, end, footprint)) end++;
        let step = end;
        while (step < steps.length && steps.who[step] !== who) step++;
        for (const first of cutAfter) all.push({ first, who, step: step < steps.length ? step : -1, end });
      }
    }
  }

  /** Plans what the execution made last has shown. It may make beginnings of executions. */
  function settle(): void {
    if (graph !== null && machine !== null) for (const race of found) reverse(graph, machine, race);
    found = [];
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
    madeSteps.length = 0;
    states.length = 0;
    states.push(stateWith([]));
    fixed = 0;
    started = false;
  }

  /** The last state from which to go on: with something planned, or before a violation; −1 if there is none. */
  function lastPlanned(steps: ExecutionGraph): number {
    if (goesOn && cut >= base) return cut;
    for (let at = steps.length - 1; at >= base; at--) if ((states[at] as State).wakeups.length > 0) return at;
    return -1;
  }

  /** Where steps that are explored elsewhere sleep in the first state, up to which one they do. */
  function findOpenStates(steps: ExecutionGraph): void {
    const isOpen = (at: number): boolean => states[at]?.sleeping.some(({ done }) => !done) === true;
    if (steps.length < base || !isOpen(base)) return;
    for (let at = base; at <= steps.length; at++) if (isOpen(at)) openTo = at + 1;
  }

  /** As of `Sleeper`, for a step of the execution made last. */
  function cutAfterAt(step: number): readonly number[] | null {
    return cut >= 0 && step === cut && !byTurns ? (races[step] ?? []).map(({ first }) => first) : null;
  }

  function sleeperAt(steps: ExecutionGraph, at: number): Sleeper {
    return { ...stepOf(steps, at), done: true, cutAfter: cutAfterAt(at) };
  }

  function rest(): SubtreeRest | null {
    const steps = graph;
    if (executions === 0) return null;
    // Nobody can make a step from the initial state.
    if (steps === null) {
      const none = { openTo: 0, blocked: false, cutAfter: null, isLeft: false };
      return { steps: [], states: [], finished: true, ...none, reversals, again };
    }
    settle();
    const ends = again && base > 0;
    const last = ends ? -1 : started ? lastPlanned(steps) : 0;
    const first = Math.max(base, openTo);
    const finished = last < first;
    const end = Math.min(finished ? first : last, steps.length);
    const way: StepData[] = [];
    const data: StateData[] = [];
    for (let at = from; at < end; at++) {
      way.push({ who: steps.who[at] as number, footprint: Array.from(steps.footprint(at)) });
      data.push(stateData(states[at] as State, executions, steps.valuesBefore(at)));
    }
    if (!finished) {
      const state = states[last] as State;
      const now = stateData(state, executions, steps.valuesBefore(last));
      // The branch made last is explored. There is none where everything begins again.
      const made = last < steps.length ? [sleeperData(sleeperAt(steps, last))] : [];
      const counts = { branchBorn: 0, explored: state.explored + made.length };
      data.push({ ...now, ...counts, sleeping: [...now.sleeping, ...made] });
    }
    const blocked = openTo > steps.length && !ended && cut < 0;
    const cutAfter = finished ? cutAfterAt(end - 1) : null;
    const isLeft = cutAfter !== null && goesOn;
    return { steps: way, states: data, finished, openTo, blocked, cutAfter, isLeft, reversals, again };
  }

  return {
    name: 'dpor',
    everyStep: true,
    needsFootprints: true,
    bound: null,
    get redundant() {
      return redundant;
    },
    get tried() {
      return predictions.tried;
    },
    rest,
    estimate() {
      settle();
      return sizeBySearch(states, ({ wakeups }) => wakeups.length);
    },
    begin() {
      settle();
      depth = 0;
      open = false;
      if (!started) {
        started = true;
        return true;
      }
      const steps = graph;
      if (steps === null || openTo > 0 || (again && base > 0)) return false;
      const at = lastPlanned(steps);
      if (at < 0) return false;
      const state = states[at] as State;
      state.sleeping.push(sleeperAt(steps, at));
      cut = -1;
      goesOn = false;
      state.explored++;
      state.branchBorn = executions;
      steps.truncate(at);
      madeSteps.length = Math.min(madeSteps.length, at);
      states.length = at + 1;
      fixed = at;
      return true;
    },
    choose(movers, _current, of) {
      const steps = graphOf(of);
      closeStep(steps, of);
      of.accesses.clear();
      of.accesses.recording = depth >= steps.length;
      able = movers;
      left = null;
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
          redundant++;
          left = whoIsLeft(states[depth] as State, movers);
          return -1;
        }
      }
      if (depth >= steps.length) beginStep(steps, of, who);
      depth++;
      open = true;
      return who;
    },
    end({ violation }) {
      const steps = graph;
      if (steps === null || machine === null) {
        executions++;
        return;
      }
      cut = violation !== null && !machine.ended ? depth - 1 : -1;
      byTurns = machine.inTurnFrom >= 0;
      if (cut >= 0 && able !== null && !byTurns) {
        const state = states[cut] as State;
        isCutAnywhere = true;
        left = whoIsLeft(state, able, steps.who[cut]);
        goesOn = left === null && state.wakeups.length === 0;
      }
      closeStep(steps, machine);
      executions++;
      const { deferred } = machine;
      ended = machine.ended;
      if (ended && (deferred.shortOfMemory || !deferred.objects().every((o) => isFreedInTime(steps, o)))) {
        beginAgain(steps, machine);
      } else {
        findRaces(steps, machine);
        if (executions === 1 && base > 0) findOpenStates(steps);
      }
    },
  };
}

/** A CPU, or the clock, begins its next step. */
function beginStep(steps: ExecutionGraph, { cpus }: ControlledMachine, who: number): void {
  const cpu = cpus[who];
  if (cpu === undefined) steps.beginStep(who, OP_CLOCK, 0);
  else if (cpu.takesInterrupt()) steps.beginHandler(who, cpu.op, cpu.opAddress, cpu.opA);
  else steps.beginStep(who, cpu.op, cpu.opA);
}

function stepOf(steps: ExecutionGraph, at: number): PlannedStep {
  return { who: steps.who[at] as number, footprint: steps.footprint(at) };
}
