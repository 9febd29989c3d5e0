/** A decorator: what the executions of a strategy were like. */

import type { ControlledMachine } from '../../machine/controlled.js';
import { countSwitches } from '../schedule.js';
import type { Strategy } from '../strategy.js';

/** Of how many executions a number was so high. */
export type Histogram = ReadonlyMap<number, number>;

/** What executions were like. */
export interface Metrics {
  /** Those that were given up are not among them. */
  readonly executions: number;
  readonly abandoned: number;
  readonly violations: number;
  /** Scheduling points passed, all executions together. */
  readonly steps: number;
  /** Steps at which more than one CPU could move. */
  readonly decisions: number;
  /** Decisions for another CPU than the one that moved last. */
  readonly switches: number;
  /** Switches away from a CPU that could go on. */
  readonly preemptions: number;
  /** CPUs that could move, all decisions together. */
  readonly movers: number;
  /** Executions by their number of decisions. */
  readonly depths: Histogram;
  /** Executions by their number of preemptions. */
  readonly preemptionCounts: Histogram;
}

/** A strategy whose executions are counted. */
export interface WithMetrics extends Strategy {
  /** So far. */
  readonly metrics: Metrics;
}

/**
 * @param inner makes the decisions, undisturbed
 * @example
 * const strategy = withMetrics(posStrategy(1));
 * explore(model, { strategy, schedules: 100 });
 * const { preemptions, executions } = strategy.metrics;
 * console.log(`${preemptions / executions} preemptions an execution`);
 */
export function withMetrics(inner: Strategy): WithMetrics {
  const depths = new Map<number, number>();
  const preemptionCounts = new Map<number, number>();
  const metrics = {
    executions: 0,
    abandoned: 0,
    violations: 0,
    steps: 0,
    decisions: 0,
    switches: 0,
    preemptions: 0,
    movers: 0,
    depths,
    preemptionCounts,
  };
  let machine: ControlledMachine | null = null;
  /** Of the present execution. */
  let movers = 0;

  // On the strategy itself, so that what else it has stays.
  return Object.create(inner, {
    metrics: { value: metrics },
    begin: {
      value: () => {
        movers = 0;
        machine = null;
        return inner.begin();
      },
    },
    choose: {
      value: (...[could, current, of]: Parameters<Strategy['choose']>) => {
        machine = of;
        if (could.count > 1) movers += could.count;
        return inner.choose(could, current, of);
      },
    },
    end: {
      value: (execution: Parameters<Strategy['end']>[0]) => {
        inner.end(execution);
        if (execution.abandoned) {
          metrics.abandoned++;
          return;
        }
        const preemptions = machine === null ? 0 : countSwitches(machine).preemptions;
        metrics.executions++;
        if (execution.violation !== null) metrics.violations++;
        metrics.steps += execution.steps;
        metrics.decisions += execution.choices;
        metrics.switches += machine === null ? 0 : switchesOf(machine);
        metrics.preemptions += preemptions;
        metrics.movers += movers;
        depths.set(execution.choices, (depths.get(execution.choices) ?? 0) + 1);
        preemptionCounts.set(preemptions, (preemptionCounts.get(preemptions) ?? 0) + 1);
      },
    },
  }) as WithMetrics;
}

function switchesOf({ choices, picked, currentAt }: ControlledMachine): number {
  let switches = 0;
  for (let at = 0; at < choices; at++) if (picked[at] !== currentAt[at]) switches++;
  return switches;
}
