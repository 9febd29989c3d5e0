/** A decorator: counts the inequivalent executions that a strategy makes, those that differ in more than the order of steps that commute. */

import type { ControlledMachine } from '../../machine/controlled.js';
import type { Strategy } from '../strategy.js';
import { ExecutionGraph, OP_CLOCK } from './execution-graph.js';

export interface CountingClasses extends Strategy {
  /** Inequivalent executions so far, each with how often it was made. Given up ones are not among them. */
  readonly classes: ReadonlyMap<string, number>;
}

/**
 * Needs a machine that keeps footprints.
 *
 * @param inner makes the decisions
 */
export function countingClasses(inner: Strategy): CountingClasses {
  const classes = new Map<string, number>();
  let graph: ExecutionGraph | null = null;
  let machine: ControlledMachine | null = null;
  let open = false;

  function close(): void {
    if (open && machine !== null) graph?.finishStep(machine.accesses);
    open = false;
  }

  return {
    name: inner.name,
    everyStep: true,
    needsFootprints: true,
    classes,
    begin() {
      graph?.truncate(0);
      open = false;
      return inner.begin();
    },
    choose(movers, current, of) {
      machine = of;
      graph ??= new ExecutionGraph(of.cpus.length + 1, of.arena.words);
      close();
      const asks = movers.count > 1 || inner.everyStep === true;
      const who = asks ? inner.choose(movers, current, of) : movers.byDefault;
      of.accesses.clear();
      of.accesses.recording = true;
      if (who < 0) return who;
      const cpu = of.cpus[who];
      if (cpu === undefined) graph.beginStep(who, OP_CLOCK, 0);
      else if (cpu.takesInterrupt()) graph.beginHandler(who, cpu.op, cpu.opAddress, cpu.opA);
      else graph.beginStep(who, cpu.op, cpu.opA);
      open = true;
      return who;
    },
    end(execution) {
      inner.end(execution);
      close();
      if (execution.abandoned || graph === null || machine === null) return;
      const which = signature(graph, machine.cpus.length + 1).join(':');
      classes.set(which, (classes.get(which) ?? 0) + 1);
    },
  };
}

/** A number that is the same for executions that differ only in the order of steps that commute, as two words. */
function signature(steps: ExecutionGraph, threads: number): readonly [number, number] {
  const { who } = steps;
  const made = new Int32Array(threads);
  const number = new Int32Array(steps.length);
  let low = 0;
  let high = 0;
  for (let step = 0; step < steps.length; step++) {
    const whose = who[step] as number;
    made[whose] = (made[whose] as number) + 1;
    number[step] = made[whose] as number;
    let one = Math.imul(whose + 1, 0x9e3779b1) ^ Math.imul(number[step] as number, 0x85ebca6b);
    let two = one ^ 0x5bd1e995;
    for (let thread = 0; thread < threads; thread++) {
      const last = steps.clock(step, thread);
      const count = last === 0 ? 0 : (number[last - 1] as number);
      one = Math.imul(one ^ (one >>> 15) ^ count, 0x2c1b3c6d);
      two = Math.imul(two ^ (two >>> 13) ^ (count + thread), 0x297a2d39);
    }
    low = (low + one) | 0;
    high = (high + two) | 0;
  }
  return [low, high];
}
