/** A decorator: now and then makes an execution again, and compares. */

import type { ControlledMachine } from '../../machine/controlled.js';
import { EVENT_WORDS, TraceBuffer, traceHash } from '../../machine/trace-buffer.js';
import { recordedSchedule, ScheduleMismatchError, scheduleChooser } from '../schedule.js';
import type { Strategy } from '../strategy.js';
import { NondeterminismError } from './dfs.js';

/** A strategy whose executions are made again now and then. */
export interface CheckedStrategy extends Strategy {
  /** Executions that were made again, and came to the same. */
  readonly checked: number;
}

/**
 * A model must do the same under the same schedule: it must keep no state outside of the arena, and must not look at
 * clocks or random numbers. This finds one that does not.
 *
 * @param inner makes the decisions, undisturbed
 * @param every one execution of so many is made again, twice, and the traces are compared; 100 if not given
 * @throws NondeterminismError from `end`, saying where the executions differ
 * @example
 * const strategy = checkDeterminism(randomStrategy(1), 10);
 * explore(model, { strategy, schedules: 100, keepGoing: true });
 * strategy.checked; // 10
 */
export function checkDeterminism(inner: Strategy, every = 100): CheckedStrategy {
  let machine: ControlledMachine | null = null;
  let executions = 0;
  let checked = 0;

  function again(of: ControlledMachine, schedule: Uint8Array, decisions: number): TraceBuffer {
    const buffer = new TraceBuffer();
    try {
      of.execute(scheduleChooser(schedule), buffer);
    } catch (error) {
      if (error instanceof ScheduleMismatchError) throw new NondeterminismError(error.message);
      throw error;
    }
    if (of.choices !== decisions) {
      throw new NondeterminismError(`a schedule of ${decisions} decisions made again: ${of.choices} now`);
    }
    return buffer;
  }

  return Object.create(inner, {
    checked: { get: () => checked },
    choose: {
      value: (...given: Parameters<Strategy['choose']>) => {
        machine = given[2];
        return inner.choose(...given);
      },
    },
    end: {
      value: (execution: Parameters<Strategy['end']>[0]) => {
        inner.end(execution);
        if (execution.abandoned || machine === null || executions++ % every !== 0) return;
        const schedule = recordedSchedule(machine);
        const first = again(machine, schedule, execution.choices);
        compare(first, again(machine, schedule, execution.choices));
        if (machine.steps !== execution.steps) {
          throw new NondeterminismError(`an execution of ${execution.steps} steps made again: ${machine.steps} now`);
        }
        checked++;
      },
    },
  }) as CheckedStrategy;
}

function compare(first: TraceBuffer, second: TraceBuffer): void {
  if (traceHash(first.words, first.count) === traceHash(second.words, second.count)) return;
  const events = Math.min(first.count, second.count);
  let same = 0;
  while (same < events * EVENT_WORDS && first.words[same] === second.words[same]) same++;
  const event = Math.floor(same / EVENT_WORDS);
  throw new NondeterminismError(
    event === events
      ? `a schedule made again came to ${second.count} events, and to ${first.count} before`
      : `a schedule made again differs from event ${event + 1} on: CPU ${cpuAt(first, event)} then, ${wordsAt(first, event)}, and CPU ${cpuAt(second, event)} now, ${wordsAt(second, event)}`,
  );
}

function cpuAt({ words }: TraceBuffer, event: number): number {
  return words[event * EVENT_WORDS] as number;
}

function wordsAt({ words }: TraceBuffer, event: number): string {
  const from = event * EVENT_WORDS;
  return `event ${words[from + 2]} at ${words[from + 3]} with ${words[from + 4]}`;
}
