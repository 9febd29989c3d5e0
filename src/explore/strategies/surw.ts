/**
 * Selectively uniform random walk: the order of the steps that matter is drawn uniformly from all their orders, by
 * weighting each CPU with how many of them it has left. After "Selectively Uniform Concurrency Testing" (Zhao, Wolff,
 * Mathur, Roychoudhury, ASPLOS 2025).
 */

import type { ControlledMachine } from '../../machine/controlled.js';
import { MAX_CPUS, type Movers } from '../../machine/movers.js';
import type { Strategy } from '../strategy.js';
import { Lots } from './lots.js';
import { Profile } from './profile.js';

/** What `surwStrategy` can be told. */
export interface SurwOptions {
  readonly seed?: number;
  readonly first?: number;
  /**
   * Whether each execution chooses a shared word and makes only the order of the steps that take it uniform; otherwise
   * all steps count (the uniform random walk). True if not given.
   */
  readonly select?: boolean;
}

/** Executions that are counted, at the beginning; their average is what later ones expect. */
const PROFILED = 5;

/**
 * A random walk that is uniform over orders, not over decisions.
 *
 * Without selection, in a model whose CPUs make the same number of steps whatever their order and never wait, each
 * order of all steps is as likely as another. With it, each order of the steps that take the chosen word. The first
 * executions count the steps; so an execution depends on those before it.
 *
 * @example
 * const strategy = surwStrategy({ seed: 1, select: false });
 * const { phases } = explore(model, { strategy, schedules: 100, keepGoing: true });
 * phases[0]?.executions; // 100
 * @see "Selectively Uniform Concurrency Testing" (Zhao, Wolff, Mathur, Roychoudhury; ASPLOS 2025)
 */
export function surwStrategy({ seed = 1, first = 0, select = true }: SurwOptions = {}): Strategy {
  const lots = new Lots(seed);
  let execution = first;
  let profile: Profile | null = null;
  /** Of the steps that count, how many each CPU has left in this execution, by what the profile expects. */
  let left = new Float64Array(0);
  /** The same, and one for each whose announced step counts. */
  let expected = new Float64Array(0);
  /** Whether it could move already, by CPU. */
  let started = new Uint8Array(0);
  /** Of those that can move now, in their order. */
  const weights = new Float64Array(MAX_CPUS + 1);
  /** The word whose steps count; 0 for all. */
  let chosen = 0;
  /** Who is to make the next step that counts; −1 if that is open. */
  let intended = -1;
  let moved = -1;
  let fresh = true;
  let profiling = true;

  function open(machine: ControlledMachine): Profile {
    const size = machine.cpus.length + 1;
    profile ??= new Profile(size);
    if (left.length !== size) {
      left = new Float64Array(size);
      expected = new Float64Array(size);
      started = new Uint8Array(size);
    }
    profiling = profile.executions < PROFILED;
    if (profiling) profile.begin();
    started.fill(0);
    moved = -1;
    intended = -1;
    chosen = 0;
    const use = select && profile.shared.length > 0 ? profile.shared[lots.below(profile.shared.length)] : undefined;
    if (use !== undefined) chosen = use.address;
    const steps = use?.steps ?? profile.steps;
    for (let id = 0; id < size; id++)
      left[id] = profile.executions === 0 ? 0 : (steps[id] as number) / profile.executions;
    return profile;
  }

  /** Notes who can move for the first time, and who has made it possible. */
  function noteStarts({ ids, count }: Movers, { starter }: Profile): void {
    for (let at = 0; at < count; at++) {
      const id = ids[at] as number;
      if (started[id] === 1) continue;
      started[id] = 1;
      if (profiling) starter[id] = moved;
    }
  }

  /** The steps that are left to a CPU and to those that it is still to start. One that is announced is left for sure. */
  function weight(id: number, starter: Int32Array, least: number, depth = 0): number {
    let sum = Math.max(left[id] as number, least);
    if (depth > left.length) return sum;
    for (let other = 0; other < left.length; other++) {
      if (started[other] === 0 && starter[other] === id) sum += weight(other, starter, 0, depth + 1);
    }
    return sum;
  }

  /** Draws one of those that can move, by weight; where nothing is expected of any, all are alike. */
  function drawWeighted({ ids, count }: Movers, { starter }: Profile, machine: ControlledMachine): number {
    let sum = 0;
    for (let at = 0; at < count; at++) {
      const id = ids[at] as number;
      weights[at] = weight(id, starter, counts(id, machine) ? 1 : 0);
      sum += weights[at] as number;
    }
    if (sum <= 0) return ids[lots.below(count)] as number;
    let lot = lots.upTo(sum);
    for (let at = 0; at < count; at++) {
      lot -= weights[at] as number;
      if (lot < 0) return ids[at] as number;
    }
    return ids[count - 1] as number;
  }

  function counts(id: number, { cpus }: ControlledMachine): boolean {
    return chosen === 0 || cpus[id]?.opAddress === chosen;
  }

  /** Whose step is to be the next that counts: anybody's who has some left, started or not, by how many. */
  function drawIntended({ ids, count }: Movers, machine: ControlledMachine): number {
    expected.set(left);
    for (let at = 0; at < count; at++) {
      const id = ids[at] as number;
      if (counts(id, machine)) expected[id] = Math.max(expected[id] as number, 1);
    }
    let sum = 0;
    for (const steps of expected) sum += Math.max(steps, 0);
    if (sum === 0) return ids[lots.below(count)] as number;
    let lot = lots.upTo(sum);
    let last = 0;
    for (let id = 0; id < expected.length; id++) {
      const steps = expected[id] as number;
      if (steps <= 0) continue;
      last = id;
      lot -= steps;
      if (lot < 0) break;
    }
    return last;
  }

  /** Any of those that can move, but a step that counts only where it is the intended CPU's turn. */
  function drawSelectively(movers: Movers, machine: ControlledMachine): number {
    if (intended < 0 || (started[intended] === 1 && (left[intended] as number) <= 0)) {
      intended = drawIntended(movers, machine);
    }
    const { ids, count } = movers;
    let free = 0;
    for (let at = 0; at < count; at++) {
      const id = ids[at] as number;
      if (id === intended || !counts(id, machine)) free++;
    }
    if (free === 0) {
      // The intended CPU waits for one of these: it is theirs to go on.
      intended = ids[lots.below(count)] as number;
      return intended;
    }
    let lot = lots.below(free);
    for (let at = 0; at < count; at++) {
      const id = ids[at] as number;
      if ((id === intended || !counts(id, machine)) && lot-- === 0) return id;
    }
    return ids[0] as number;
  }

  return {
    name: select ? 'surw' : 'urw',
    learns: true,
    everyStep: true,
    begin() {
      lots.begin(execution++);
      fresh = true;
      return true;
    },
    choose(movers, _current, machine) {
      const known = fresh || profile === null ? open(machine) : profile;
      fresh = false;
      noteStarts(movers, known);
      const one = movers.count === 1;
      const id = one
        ? (movers.ids[0] as number)
        : chosen === 0
          ? drawWeighted(movers, known, machine)
          : drawSelectively(movers, machine);
      if (profiling) known.step(id, machine);
      if (counts(id, machine)) {
        left[id] = (left[id] as number) - 1;
        intended = -1;
      }
      moved = id;
      return id;
    },
    end({ violation, abandoned }) {
      if (!fresh && profiling && violation === null && !abandoned) profile?.end();
    },
  };
}
