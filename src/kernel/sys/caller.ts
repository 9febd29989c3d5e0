/** What the system calls of programs are made with: a CPU, and the names of its scenario's programs and handlers. */

import type { Kernel } from '../kernel.js';
import type { Scenario } from '../scenario.js';

/** A program calls from whatever task its CPU runs. */
export interface Caller {
  readonly k: Kernel;
  /** A program's number. Throws where the scenario has none of that name. */
  program(name: string): number;
  /** A handler's number, among those that the scenario names. Throws where it names no such. */
  handler(name: string): number;
  /** The name of the handler with a number, or undefined. */
  handlerName(number: number): string | undefined;
}

/** The place of a name in a list. @throws Error where it is not there, with the names that are */
export function numberOf(kind: string, names: readonly string[], name: string): number {
  const number = names.indexOf(name);
  if (number < 0) throw new Error(`the scenario has no ${kind} "${name}"; it has ${names.join(', ') || 'none'}`);
  return number;
}

/** The names of a scenario's programs, in the order of their numbers. */
export function programNames(scenario: Scenario): readonly string[] {
  return Object.keys(scenario.programs);
}

export function makeCaller(k: Kernel, scenario: Scenario): Caller {
  const programs = programNames(scenario);
  const handlers = Object.keys(scenario.handlers ?? {});
  return {
    k,
    program: (name) => numberOf('program', programs, name),
    handler: (name) => numberOf('handler', handlers, name),
    handlerName: (number) => handlers[number],
  };
}
