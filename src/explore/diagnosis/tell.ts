/** What was found out about an execution that hangs, in words. */

import type { ControlledMachine } from '../../machine/controlled.js';
import type { LostWakeup } from './lost-wakeup.js';
import { isBy, isWrite, type Noted, type Recorder } from './recording.js';

/** A moment of the execution that is part of the explanation. */
export interface Moment {
  readonly noted: Noted;
  /** One line without a full stop. */
  readonly what: string;
}

export interface Told {
  readonly kind: 'lost-wakeup' | 'hung-task' | 'rcu-stall' | 'leak';
  /** Who sleeps, and what it waits for. */
  readonly who: string;
  /** Who should have woken it, and why that did not come about. */
  readonly why: string;
  /** In the order in which they came. */
  readonly moments: readonly Moment[];
  /** What belongs to it and has no moment. */
  readonly notes?: readonly string[];
}

/** Who made an access. */
export function actorName(machine: ControlledMachine, { cpu, task, inInterrupt }: Noted): string {
  const who = machine.cpus[cpu];
  if (who === undefined) return 'the clock';
  if (inInterrupt) return `an interrupt on ${who.label(cpu)}`;
  return task === 0 ? who.label(cpu) : who.describe(task).replace(/ \S+$/, '');
}

/** What a word is called, and what its values mean. */
function wordsOf(machine: ControlledMachine): {
  readonly word: (noted: Noted) => string;
  readonly value: (noted: Noted, of: number) => string;
} {
  const [cpu] = machine.cpus;
  return {
    word: ({ address }) => cpu?.describe(address) ?? '',
    value: ({ address }, of) =>
      cpu === undefined ? '' : (machine.model.describeValue?.(cpu, address, of) ?? String(of)),
  };
}

function changed(machine: ControlledMachine, noted: Noted): string {
  const { word, value } = wordsOf(machine);
  const values = `from ${value(noted, noted.before)} to ${value(noted, noted.after)}`;
  return `${actorName(machine, noted)} changed ${word(noted)} ${values}`;
}

/** A wake-up that is missing: its window. */
export function tellLostWakeup(machine: ControlledMachine, lost: LostWakeup): Told {
  const { sleeper, read, change, attempt, slept } = lost;
  const { word, value } = wordsOf(machine);
  const moments: Moment[] = [];
  if (read !== null) {
    moments.push({ noted: read, what: `${sleeper.name} looked at ${word(read)}: ${value(read, read.after)}` });
  }
  if (change !== null) moments.push({ noted: change, what: changed(machine, change) });
  if (attempt !== null) {
    const who = actorName(machine, attempt);
    moments.push({ noted: attempt, what: `${who} looked for whom to wake, and ${sleeper.name} was not asleep yet` });
  }
  moments.push({ noted: slept, what: `${sleeper.name} went to sleep, and nobody wakes it` });
  const place = sleeper.place === '' ? '' : ` ${sleeper.place}`;
  const what = change === null ? '' : `, though ${word(change)} is ${value(change, change.after)} by now`;
  return {
    kind: 'lost-wakeup',
    who: `${sleeper.name} sleeps${place}${what}`,
    why: whyText(machine, lost),
    moments: moments.sort((a, b) => a.noted.index - b.noted.index),
  };
}

function whyText(machine: ControlledMachine, { sleeper, change, attempt, slept }: LostWakeup): string {
  if (attempt !== null) {
    const who = actorName(machine, attempt);
    return change === null
      ? `${who} woke nobody, as it came before ${sleeper.name} slept`
      : `${who} should have woken it, and found it awake: it had looked before that, and went to sleep after it`;
  }
  if (change === null) return 'nobody woke it';
  const when = change.index > slept.index ? 'after it went to sleep' : 'between its look and its sleep';
  return `${actorName(machine, change)} changed that ${when}, and did not wake it`;
}

/** A task that has something to do and was not told, or not woken: who came near it. */
export function tellLostSignal({ machine, accesses }: Recorder, task: number): Told | null {
  const history = machine.model.sleep?.wakeHistory?.(machine.cpus, task);
  if (history === undefined) return null;
  const { sleeper, words } = history;
  const { value } = wordsOf(machine);
  const moments: Moment[] = [];
  for (const address of words) {
    const change = accesses.findLast((noted) => noted.address === address && noted.before !== noted.after);
    if (change !== undefined && !isBy(sleeper, change)) moments.push({ noted: change, what: changed(machine, change) });
  }
  moments.sort((a, b) => a.noted.index - b.noted.index);
  const [first] = moments;
  if (first === undefined) return null;
  const looks = accesses.filter(
    (noted) =>
      noted.address === sleeper.wakeWord && noted.index > first.noted.index && !isWrite(noted) && !isBy(sleeper, noted),
  );
  const attempt = looks.at(-1);
  if (attempt !== undefined) {
    const state = value(attempt, attempt.before);
    const who = actorName(machine, attempt);
    moments.push({ noted: attempt, what: `${who} looked whether to wake ${sleeper.name}: it was in ${state}` });
  }
  const slept = accesses.findLast((noted) => isBy(sleeper, noted));
  if (slept !== undefined) moments.push({ noted: slept, what: `the last that ${sleeper.name} did` });
  moments.sort((a, b) => a.noted.index - b.noted.index);
  const last = attempt ?? moments.findLast(({ noted }) => noted !== slept)?.noted ?? first.noted;
  const did =
    attempt === undefined ? 'was the last to change that, and told nobody else' : 'looked at it, and did not wake it';
  return { kind: 'lost-wakeup', who: sleeper.name, why: `${actorName(machine, last)} ${did}`, moments };
}
