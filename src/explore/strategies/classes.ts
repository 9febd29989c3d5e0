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
      graph ??= new ExecutionGraph(of.cpus.length + 1, of.arena.words.length);
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
      if (execution.abandoned || graph === null) return;
      const signature = graph.signature().join(':');
      classes.set(signature, (classes.get(signature) ?? 0) + 1);
    },
  };
}
