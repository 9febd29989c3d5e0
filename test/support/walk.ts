/** Executions made one by one, for tests that look at each. */

import { recordedSchedule } from '../../src/explore/schedule.js';
import type { Strategy } from '../../src/explore/strategy.js';
import type { ControlledMachine } from '../../src/machine/controlled.js';

/** Makes up to `limit` executions, and gives who was picked at each decision of each, as a word: `0 1 1 0`. */
export function walk(machine: ControlledMachine, strategy: Strategy, limit = Number.POSITIVE_INFINITY): string[] {
  const words: string[] = [];
  while (words.length < limit && strategy.begin()) {
    strategy.end(machine.execute(strategy));
    words.push(machine.picked.slice(0, machine.choices).join(' '));
  }
  return words;
}

/** The schedules of the next executions. */
export function schedules(machine: ControlledMachine, strategy: Strategy, limit: number): Uint8Array[] {
  return Array.from({ length: limit }, () => {
    strategy.begin();
    strategy.end(machine.execute(strategy));
    return recordedSchedule(machine);
  });
}
