/**
 * A share of an exploration. What it is to do and what it came to are plain data (JSON), so that a share can be made in
 * another thread, on another machine, or on another day.
 */

import type { ControlledMachine } from '../../machine/controlled.js';
import type { Model } from '../../machine/model.js';
import { Violation } from '../../sync/gate.js';
import { type Exploration, exploreInSlices, type FoundViolation, machineFor } from '../explore.js';
import { scheduleHash } from '../seen.js';
import { type StrategyOptions, strategyNamed } from '../strategies/index.js';

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

export type Shard = LotsShard | WholeShard;

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
}

export function foundData({ violation, execution, schedule }: FoundViolation): FoundData {
  const { kind, message, cpu, task } = violation;
  return { kind, message, cpu, task, execution, schedule: [...schedule] };
}

export function foundOf({ kind, message, cpu, task, execution, schedule }: FoundData): FoundViolation {
  return { violation: new Violation(kind, message, cpu, task), execution, schedule: Uint8Array.from(schedule) };
}

/** Makes shards of one model, one after another. */
export class ShardMachine {
  private readonly machines = new Map<boolean, ControlledMachine>();

  constructor(private readonly model: Model) {}

  /** Explores a shard a slice at a time, as `exploreInSlices` does. */
  *explore(shard: Shard): Generator<number, ShardResult, boolean> {
    const schedules: number[] = [];
    const limits = { schedules: shard.executions, keepGoing: shard.keepGoing };
    const first = shard.kind === 'lots' ? { first: shard.first } : {};
    const strategy = strategyNamed(shard.strategy, { ...shard.options, ...first });
    const observe =
      shard.kind !== 'lots'
        ? {}
        : { observe: (machine: ControlledMachine) => void schedules.push(...scheduleHash(machine)) };
    const footprints = strategy.needsFootprints === true;
    let machine = this.machines.get(footprints);
    if (machine === undefined) {
      machine = machineFor(this.model, strategy);
      this.machines.set(footprints, machine);
    }
    const exploration: Exploration = yield* exploreInSlices(machine, { strategy, ...limits, ...observe });
    const { executions, redundant, exhausted, interrupted, steps, outcomes, violations, found } = exploration;
    const estimate = exploration.phases[0]?.estimate;
    return {
      executions,
      redundant,
      exhausted,
      interrupted,
      steps,
      outcomes,
      witnesses: Object.fromEntries(Object.entries(exploration.witnesses).map(([name, one]) => [name, [...one]])),
      violations,
      found: found === null ? null : foundData(found),
      bound: strategy.bound ?? null,
      ...(estimate === undefined ? {} : { estimate }),
      schedules,
    };
  }
}
