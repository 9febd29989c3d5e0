/** `siglab replay TOKEN --step N`: the state of the machine after a step. */

import type { DecodedObject } from '../explore/decode.js';
import type { CpuState, Timeline, TimelineState } from '../explore/timeline.js';
import { describeTasks } from '../kernel/describe.js';
import type { ControlledMachine } from '../machine/controlled.js';
import { ftraceLine } from '../trace/ftrace.js';
import { frameText, simulatedFrames } from '../trace/stack.js';
import { print, UsageError, wholeNumber } from './context.js';

/** The state after the step that was asked for. @throws UsageError for a step that there is not */
export function stepOf(timeline: Timeline, text: string): TimelineState {
  return timeline.goTo(wholeNumber('--step', text, 0, timeline.length));
}

/** What `--json` prints of a state. */
export function stepDocument(timeline: Timeline, state: TimelineState): Readonly<Record<string, unknown>> {
  const { step, cpus, objects } = state;
  return {
    step,
    steps: timeline.length,
    events: timeline.eventsOf(step).map(({ cpu, event, taskName, name, valueName }) => {
      return { cpu, event, task: taskName, name, value: valueName };
    }),
    cpus: cpus.map(({ stack, ...cpu }) => ({ ...cpu, stack: simulatedFrames(stack) })),
    objects: objects.map(({ fields, ...object }) => {
      return { ...object, fields: Object.fromEntries(fields.map(({ name, text }) => [name, text])) };
    }),
  };
}

/** Prints a state. */
export function printStep(machine: ControlledMachine, timeline: Timeline, state: TimelineState): void {
  const { step, cpus, objects } = state;
  print(`after step ${step} of ${timeline.length}`);
  const events = timeline.eventsOf(step);
  if (events.length > 0) print('\nin this step');
  for (const event of events) {
    const { told } = event;
    if (machine.model.flat === true && told !== null) print(`  ${told.who} ${told.what}`);
    else print(`  ${ftraceLine(event, timeline.events.indexOf(event), machine.model.eventNames ?? {}).trim()}`);
  }
  for (const cpu of cpus) printCpu(cpu, machine.model.flat === true ? cpu.task : `CPU ${cpu.cpu}: ${cpu.task}`);
  if (machine.model.flat === true) {
    printShared(machine, objects);
    return;
  }
  print('\nrun queues');
  for (const queue of objects.filter(({ struct }) => struct === 'rq')) {
    print(`  CPU ${queue.index}: runs ${fieldOf(queue, 'curr')}; ${fieldOf(queue, 'nr_running')} can run`);
  }
  const tasks = describeTasks(machine.arena);
  print(`\ntasks\n  ${tasks === '' ? 'none' : tasks.replaceAll(/, (?=task )/g, '\n  ')}`);
}

/** What the threads of a model share: of a variable in several words each of them. How threads stand is said above. */
function printShared({ cpus }: ControlledMachine, objects: readonly DecodedObject[]): void {
  const [cpu] = cpus;
  const own = new Set(cpus.map(({ id }) => cpu?.label(id).replace(/^thread /, '')));
  print('\nshared');
  for (const { address, fields } of objects.filter(({ struct }) => struct.endsWith(' variables'))) {
    fields.forEach(({ text }, word) => {
      const name = cpu?.describe(address + word) ?? '';
      if (!own.has(name.replace(/\.\w+$/, ''))) print(`  ${name}: ${text}`);
    });
  }
}

function printCpu({ next, canMove, atRest, held, stack }: CpuState, who: string): void {
  print(`\n${who}`);
  print(`  ${atRest && !canMove ? 'nothing to do' : `${canMove ? 'about to' : 'waits at'} ${next}`}`);
  print(`  locks held: ${held.join(', ') || 'none'}`);
  for (const frame of simulatedFrames(stack)) print(`    ${frameText(frame)}`);
}

function fieldOf({ struct, fields }: DecodedObject, name: string): string {
  const field = fields.find((one) => one.name === name);
  if (field === undefined) throw new UsageError(`struct ${struct} has no field ${name}`);
  return field.text;
}
