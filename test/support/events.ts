/** What happens in executions of small scenarios, event by event. */

import { randomStrategy } from '../../src/explore/strategies/random.js';
import { describeTasks } from '../../src/kernel/describe.js';
import { kernelModel } from '../../src/kernel/model.js';
import { ControlledMachine } from '../../src/machine/controlled.js';
import type { TraceSink } from '../../src/sync/gate.js';
import { type Parts, scenarioOf } from './programs.js';

/** An event as the model tells of it, when it happens. */
export interface ToldEvent {
  readonly event: number;
  /** In a report's words; null for one that a story leaves out. */
  readonly said: string | null;
  /** In plain words: `process 100: calls pause(): …`; null for one that an account leaves out. */
  readonly told: string | null;
  /** The fields of a trace point as the kernel prints them. */
  readonly fields: string | null;
  /** What reports call the address, and what the value there means. */
  readonly name: string;
  readonly value: string;
  /** What a report says of all tasks at that moment. */
  readonly tasks: string;
}

/**
 * The events of executions with schedules at random, one after the other. None of them may end in a violation.
 *
 * @param executions how many
 */
export function eventsOf(parts: Parts, executions = 1): readonly ToldEvent[] {
  const model = kernelModel(scenarioOf(parts));
  const machine = new ControlledMachine(model);
  const events: ToldEvent[] = [];
  const sink: TraceSink = {
    emit(cpu, task, event, address, value, a, b) {
      const on = machine.cpus[cpu];
      if (on === undefined) return;
      const traced = { cpu, task, event, address, value, a, b };
      const told = model.narrate(on, traced);
      const fields = model.traceFields(on, traced);
      events.push({
        event,
        said: model.describeEvent(on, traced),
        told: told === null ? null : `${told.who.replace(/, running ".*",$/, '')}: ${told.what}`,
        fields: fields === null ? null : model.traceText(event, fields),
        name: on.describe(address),
        value: model.describeValue(on, address, value),
        tasks: describeTasks(machine.arena),
      });
    },
  };
  const strategy = randomStrategy(1);
  for (let execution = 0; execution < executions; execution++) {
    strategy.begin();
    const { violation } = machine.execute(strategy, sink);
    if (violation !== null) throw violation;
  }
  return events;
}

/** What a plain account says of executions, each sentence once. */
export function told(parts: Parts, executions = 1): readonly string[] {
  return [...new Set(eventsOf(parts, executions).flatMap((event) => event.told ?? []))];
}
