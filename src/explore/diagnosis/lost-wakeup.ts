/**
 * Lost wake-ups, by name. One that sleeps at the end of an execution is woken, though nobody did: if it then goes on, what
 * it waits for was there, and a wake-up is missing. Who should have woken it is found in what the execution has read and
 * written: the last to change what the sleeper had looked at before it slept.
 */

import { ACCESS_READ } from '../../machine/access-log.js';
import type { Sleeper } from '../../machine/model.js';
import { takesLock } from '../../machine/perform.js';
import { isBy, isWrite, type Noted, type Recorder } from './recording.js';

/** A wake-up that did not come, or that came when nobody slept. */
export interface LostWakeup {
  readonly sleeper: Sleeper;
  /** Where the sleeper looked at what it waits for, before it slept; null if it did not look. */
  readonly read: Noted | null;
  /** Where somebody else changed that; null if nobody did. */
  readonly change: Noted | null;
  /** Where somebody meant to wake, and found nobody asleep; null if nobody meant to. */
  readonly attempt: Noted | null;
  /** The last that the sleeper did. */
  readonly slept: Noted;
}

/** Steps that one who is woken may take to come back to where it slept. */
const STEPS_TO_SLEEP = 2000;

/**
 * Those that sleep at the end of an execution and should have been woken.
 *
 * @param recorder an execution that it has recorded, at its end
 * @param again makes the execution once more
 */
export function findLostWakeups(recorder: Recorder, again: () => void): readonly LostWakeup[] {
  const { machine } = recorder;
  const { sleep } = machine.model;
  if (sleep === undefined) return [];
  const found: LostWakeup[] = [];
  for (const sleeper of sleep.sleepers(machine.cpus)) {
    const before = [...recorder.accesses];
    recorder.wake(sleeper, STEPS_TO_SLEEP);
    const woken = recorder.accesses.slice(before.length);
    const lost = goesOn(recorder, sleeper, before, woken) ? explain(recorder, sleeper, before, woken) : null;
    if (lost !== null) found.push(lost);
    again();
  }
  return found;
}

/** Whether one who was woken did something else than to go back to sleep. */
function goesOn(
  { machine, events }: Recorder,
  sleeper: Sleeper,
  before: readonly Noted[],
  woken: readonly Noted[],
): boolean {
  const { sleep } = machine.model;
  if (events.some(({ task, event }) => task === sleeper.task && sleep?.goesOn?.(event) === true)) return true;
  const cpu = machine.cpus[sleeper.cpu];
  // What holds it up now is something else.
  if (cpu === undefined || (takesLock(cpu.op) && !cpu.enabled())) return false;
  const asleep = sleep?.sleepers(machine.cpus).some((one) => one.cpu === sleeper.cpu && one.task === sleeper.task);
  if (asleep !== true) return true;
  if (sleeper.task !== 0) return false;
  // It sleeps again: what has it changed before that, apart from the lock that it lets go while it sleeps?
  const registered = lastAsleep(sleeper, before)?.index ?? before.length;
  const locks = new Set(before.filter((one) => one.index > registered && isBy(sleeper, one)).map((one) => one.address));
  const own = woken.filter((noted) => isBy(sleeper, noted) && isWrite(noted));
  const back = own.findIndex(({ address }) => address === sleeper.wakeWord);
  return own.slice(0, back < 0 ? own.length : back).some(({ address }) => !locks.has(address));
}

/** Where the sleeper said that it sleeps. */
function lastAsleep(sleeper: Sleeper, before: readonly Noted[]): Noted | undefined {
  return before.findLast((noted) => noted.address === sleeper.wakeWord && isWrite(noted) && isBy(sleeper, noted));
}

/** @param woken what was read and written after the sleeper was woken */
function explain(
  { machine }: Recorder,
  sleeper: Sleeper,
  before: readonly Noted[],
  woken: readonly Noted[],
): LostWakeup | null {
  const slept = before.findLast((noted) => isBy(sleeper, noted));
  if (slept === undefined) return null;
  const since = lastAsleep(sleeper, before)?.index ?? slept.index;
  const looked = lookedAt(sleeper, before, woken);
  const attempts = before.filter((noted, at) => {
    if (noted.address !== sleeper.wakeWord || isWrite(noted) || isBy(sleeper, noted)) return false;
    if (noted.index > since) return false;
    const next = before[at + 1];
    const value = next?.address === sleeper.wakeWord + 1 && !isWrite(next) ? next.before : null;
    return machine.model.sleep?.foundNobody?.(noted.before, value) !== false;
  });
  if (looked !== null) {
    const attempt = attempts.findLast(({ index }) => index > looked.read.index) ?? null;
    return { sleeper, ...looked, attempt, slept };
  }
  // It never looked at anything that another changed: then only a wake-up that came too early counts.
  const attempt = attempts.at(-1);
  if (attempt === undefined || looksAtOthers(sleeper, before, since)) return null;
  return { sleeper, read: null, change: null, attempt, slept };
}

/** What the sleeper looked at before it slept, has another value now, and is looked at again when it is woken. */
function lookedAt(
  sleeper: Sleeper,
  before: readonly Noted[],
  woken: readonly Noted[],
): { readonly read: Noted; readonly change: Noted } | null {
  const lastRead = new Map<number, Noted>();
  const lastWrite = new Map<number, Noted>();
  for (const noted of before) {
    if (noted.kind === ACCESS_READ && isBy(sleeper, noted)) lastRead.set(noted.address, noted);
    if (noted.before !== noted.after) lastWrite.set(noted.address, noted);
  }
  let found: { readonly read: Noted; readonly change: Noted } | null = null;
  for (const again of woken) {
    if (!isBy(sleeper, again) || again.address === sleeper.wakeWord || again.address === sleeper.wokenWord) continue;
    const read = lastRead.get(again.address);
    const change = lastWrite.get(again.address);
    if (read === undefined || change === undefined || isBy(sleeper, change) || change.index < read.index) continue;
    if (read.after === change.after || again.before !== change.after) continue;
    // What it looked at right before it slept.
    if (found === null || read.index > found.read.index) found = { read, change };
  }
  return found;
}

/** Whether the sleeper had looked at something that others change, before it slept: it waits for that, then. */
function looksAtOthers(sleeper: Sleeper, before: readonly Noted[], until: number): boolean {
  const changedByOthers = new Set<number>();
  for (const noted of before) if (isWrite(noted) && !isBy(sleeper, noted)) changedByOthers.add(noted.address);
  return before.some(
    (noted) =>
      noted.index < until &&
      isBy(sleeper, noted) &&
      !isWrite(noted) &&
      noted.address !== sleeper.wakeWord &&
      noted.address !== sleeper.wokenWord &&
      changedByOthers.has(noted.address),
  );
}
