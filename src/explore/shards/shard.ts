/**
 * A share of an exploration. What it is to do and what it came to are plain data (JSON), so that a share can be made in
 * another thread, on another machine, or on another day.
 */

import type { ControlledMachine } from '../../machine/controlled.js';
import { canDefer } from '../../machine/deferred-rcu.js';
import type { Model } from '../../machine/model.js';
import { Violation } from '../../sync/gate.js';
import { type Exploration, estimateBy, exploreInSlices, type FoundViolation, machineFor } from '../explore.js';
import { scheduleHash } from '../seen.js';
import type { Branches } from '../strategies/branches.js';
import { type DepthFirst, dfsStrategy } from '../strategies/dfs.js';
import { type Dpor, dporStrategy } from '../strategies/dpor.js';
import { type StrategyOptions, strategyNamed } from '../strategies/index.js';
import { Predictions } from '../strategies/predictions.js';
import type { Subtree, SubtreeRest } from '../strategies/subtree.js';
import type { Strategy } from '../strategy.js';

interface ShardLimits {
  /** Executions at most. */
  readonly executions: number;
  readonly keepGoing: boolean;
}

/** Executions of a strategy that draws lots, by their numbers. */
export interface LotsShard extends ShardLimits {
  readonly kind: 'lots';
  readonly strategy: string;
  readonly options: StrategyOptions;
  /** The number of the first, from 0. */
  readonly first: number;
}

/** All that a strategy explores, which cannot be divided. */
export interface WholeShard extends ShardLimits {
  readonly kind: 'whole';
  readonly strategy: string;
  readonly options: StrategyOptions;
}

/** A share of what `dfs` explores. */
export interface BranchesShard extends ShardLimits {
  readonly kind: 'branches';
  readonly options: StrategyOptions;
  readonly branches: Branches;
}

/** A share of what `dpor` explores. */
export interface SubtreeShard extends ShardLimits {
  readonly kind: 'subtree';
  readonly subtree: Subtree;
}

/** How many executions `dfs` takes, estimated: a few are made for it, and counted nowhere. */
export interface SizeShard {
  readonly kind: 'size';
  readonly options: StrategyOptions;
}

export type Shard = SizeShard | LotsShard | WholeShard | BranchesShard | SubtreeShard;

/** A violation as plain data. */
export interface FoundData {
  readonly kind: string;
  readonly message: string;
  readonly cpu: number;
  readonly task: number;
  /** The number of the execution in the shard, from 1. */
  readonly execution: number;
  readonly schedule: readonly number[];
}

export interface ShardResult {
  readonly executions: number;
  readonly redundant: number;
  readonly exhausted: boolean;
  /** It was told to stop before its end. */
  readonly interrupted: boolean;
  /**
   * It was stopped in the middle of an execution, and what there is left of it cannot be told: it is to be made again.
   * What it came to may be shown meanwhile.
   */
  readonly cut: boolean;
  readonly steps: number;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly witnesses: Readonly<Record<string, readonly number[]>>;
  readonly violations: number;
  readonly found: FoundData | null;
  readonly bound: string | null;
  /** Of `whole`, where it did not come to its end (`Phase`). */
  readonly estimate?: number;
  /** Of `lots`: the schedules, two words of hash for each. */
  readonly schedules: readonly number[];
  /** Of `subtree`: what there is left; null if nothing was made. */
  readonly rest: SubtreeRest | null;
  /** Of `branches`: what there is left; null if nothing is. */
  readonly branches: Branches | null;
}

export function foundData({ violation, execution, schedule }: FoundViolation): FoundData {
  const { kind, message, cpu, task } = violation;
  return { kind, message, cpu, task, execution, schedule: [...schedule] };
}

export function foundOf({ kind, message, cpu, task, execution, schedule }: FoundData): FoundViolation {
  return { violation: new Violation(kind, message, cpu, task), execution, schedule: Uint8Array.from(schedule) };
}

/** The result of a shard of which nothing is known. */
export const NOTHING_MADE: ShardResult = {
  executions: 0,
  redundant: 0,
  exhausted: false,
  interrupted: true,
  cut: true,
  steps: 0,
  outcomes: {},
  witnesses: {},
  violations: 0,
  found: null,
  bound: null,
  schedules: [],
  rest: null,
  branches: null,
};

/** Makes shards of one model, one after another. */
export class ShardMachine {
  private readonly machines = new Map<boolean, ControlledMachine>();
  private readonly predictions = new Predictions();

  /** @param stopFlag one word: while it is not 0, executions are stopped in their middle; nothing stops them if not given */
  constructor(
    private readonly model: Model,
    private readonly stopFlag: Int32Array | null = null,
  ) {}

  private machineFor(strategy: Strategy): ControlledMachine {
    const footprints = strategy.needsFootprints === true;
    let machine = this.machines.get(footprints);
    if (machine === undefined) {
      machine = machineFor(this.model, strategy);
      machine.stopFlag = this.stopFlag;
      this.machines.set(footprints, machine);
    }
    return machine;
  }

  private sizeOf({ options: { preemptions, delays } }: SizeShard): number {
    const strategy = dfsStrategy(preemptions, delays);
    return estimateBy(strategy, this.machineFor(strategy)) ?? 0;
  }

  /** Explores a shard a slice at a time, as `exploreInSlices` does. */
  *explore(shard: Shard): Generator<number, ShardResult, boolean> {
    if (shard.kind === 'size') return { ...NOTHING_MADE, cut: false, estimate: this.sizeOf(shard) };
    const schedules: number[] = [];
    const limits = { schedules: shard.executions, keepGoing: shard.keepGoing };
    const first = shard.kind === 'lots' ? { first: shard.first } : {};
    let reduction: Dpor | null = null;
    let depthFirst: DepthFirst | null = null;
    let strategy: Strategy;
    if (shard.kind === 'subtree') strategy = reduction = dporStrategy(shard.subtree, this.predictions);
    else if (shard.kind === 'branches') {
      const { preemptions, delays } = shard.options;
      depthFirst = dfsStrategy(preemptions, delays, shard.branches);
      // How large the whole is, is asked once.
      const { estimate: _, ...asked } = depthFirst;
      strategy = asked;
    } else strategy = strategyNamed(shard.strategy, { ...shard.options, ...first });
    const observe =
      shard.kind !== 'lots'
        ? {}
        : { observe: (machine: ControlledMachine) => void schedules.push(...scheduleHash(machine)) };
    const machine = this.machineFor(strategy);
    if (machine.keepsFootprints) {
      machine.deferred.on = canDefer(this.model) && !(shard.kind === 'subtree' && shard.subtree.freesMatter);
    }
    const exploration: Exploration = yield* exploreInSlices(machine, { strategy, ...limits, ...observe });
    const { executions, steps, redundant, exhausted, interrupted, outcomes, violations, found } = exploration;
    const cut = reduction !== null && machine.stopped;
    const rest = cut ? null : (reduction?.rest() ?? null);
    const estimate = exploration.phases[0]?.estimate;
    return {
      executions,
      redundant,
      exhausted,
      interrupted,
      cut,
      steps,
      outcomes,
      witnesses: Object.fromEntries(Object.entries(exploration.witnesses).map(([name, one]) => [name, [...one]])),
      violations,
      found: found === null ? null : foundData(found),
      bound: strategy.bound ?? null,
      ...(estimate === undefined ? {} : { estimate }),
      schedules,
      rest,
      branches: depthFirst?.rest() ?? null,
    };
  }
}
