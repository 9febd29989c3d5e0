/** The account of an execution: in plain words, in order, grouped by who does something. */

import type { StoryEvent } from '../explore/replay.js';
import type { FoundSwitch } from '../explore/switches.js';
import type { Violation } from '../sync/gate.js';
import { simulatedFrames } from './stack.js';

export interface AccountPart {
  /** Who goes on; what they do; that one is held up and another goes on; or that it ends. */
  readonly kind: 'who' | 'does' | 'switch' | 'end';
  readonly text: string;
  /** The scheduling point. */
  readonly step: number;
  /** The nearest function that the scenario says to watch; null where there is none. */
  readonly watched: string | null;
}

export interface AccountOptions {
  /** Where the schedule departs from the default rule. */
  readonly switches: readonly FoundSwitch[];
  /** The functions to watch. */
  readonly watch: readonly string[];
  /** What each CPU is called: `CPU 0`, or in a model of one's own its thread. */
  readonly tracks: readonly string[];
  /** How it ends: with a violation, or with nobody having anything left to do. */
  readonly violation: Violation | null;
}

/**
 * Tells an execution in plain words. Empty for a model that does not put its events into words (`Model.narrate`).
 *
 * @param events of a replay with stacks
 */
export function tellAccount(
  events: readonly StoryEvent[],
  { switches, watch, violation, tracks }: AccountOptions,
): readonly AccountPart[] {
  const parts: AccountPart[] = [];
  const heldUp = new Set<number>();
  const preemptions = switches.filter((one) => one.preemption);
  let next = 0;
  let who = '';
  let last = '';
  for (const event of events) {
    for (let one = preemptions[next]; one !== undefined && one.step <= event.step; one = preemptions[next]) {
      next++;
      heldUp.add(one.from);
      who = '';
      parts.push({ kind: 'switch', text: switchText(one), step: one.step, watched: null });
    }
    if (event.told === null) continue;
    const subject = `${event.cpu} ${event.told.who}`;
    if (subject !== who) {
      const resumed = heldUp.delete(event.cpu) ? ', goes on where it was held up' : '';
      parts.push({ kind: 'who', text: headingOf(event, resumed), step: event.step, watched: null });
      who = subject;
      last = '';
    }
    if (event.told.what === last) continue;
    last = event.told.what;
    const functions = simulatedFrames(event.stack).map((frame) => frame.function);
    const watched = functions.find((name) => watch.includes(name)) ?? null;
    parts.push({ kind: 'does', text: event.told.what, step: event.step, watched });
  }
  const step = events.at(-1)?.step ?? 0;
  if (parts.length > 0) parts.push({ kind: 'end', text: endText(violation, tracks), step, watched: null });
  return parts;
}

function endText(violation: Violation | null, tracks: readonly string[]): string {
  if (violation === null) return 'Nobody has anything left to do';
  const { cpu, stack = '' } = violation;
  if (cpu < 0) return 'Nobody has anything left to do; and this is wrong';
  const frame = simulatedFrames(stack)[0];
  const who = tracks[cpu] ?? `CPU ${cpu}`;
  if (frame === undefined) return `Here it goes wrong, on ${who}`;
  if (!who.startsWith('CPU')) return `Here it goes wrong, in ${who} (${frame.file}:${frame.line})`;
  return `Here it goes wrong, on ${who} in ${frame.function}`;
}

function headingOf({ cpu, task, told }: StoryEvent, resumed: string): string {
  const who = told?.who ?? '';
  const name = who.charAt(0).toUpperCase() + who.slice(1);
  const place = who.startsWith('CPU') || task === 0 ? '' : ` on CPU ${cpu}`;
  return `${name}${place}${resumed}`;
}

function switchText({ fromName, toName, stack }: FoundSwitch): string {
  const frame = simulatedFrames(stack)[0];
  const where = frame === undefined ? '' : ` in ${frame.function}`;
  const taken = toName === 'the clock' ? 'time passes' : `${toName} goes on`;
  return `${fromName} is held up here${where}; ${taken}`;
}
