/**
 * Why an execution hangs, or where what it has leaked comes from: it is made again with everything kept that it reads and writes, and what is found is put into
 * its violation. Nothing of this is done for an execution that ends well.
 */

import type { ControlledMachine } from '../../machine/controlled.js';
import { Violation, type Witness } from '../../sync/gate.js';
import { tellHungTasks, tellReaders } from './hung.js';
import { tellLeaks } from './leaks.js';
import { findLostWakeups } from './lost-wakeup.js';
import { findMissedStore } from './missed-store.js';
import { type Noted, Recorder } from './recording.js';
import { type Told, tellLostSignal, tellLostWakeup } from './tell.js';

/** Violations that a hang can show as when nothing but its end is looked at. */
const HANGS = new Set(['deadlock', 'hung-task', 'lost-wakeup', 'rcu-stall']);

const recorders = new WeakMap<ControlledMachine, Recorder>();

function recorderOf(machine: ControlledMachine): Recorder {
  let recorder = recorders.get(machine);
  if (recorder === undefined) {
    recorder = new Recorder(machine);
    recorders.set(machine, recorder);
  }
  return recorder;
}

/**
 * What the execution that a machine has just made is to be reported for: of one that hangs, why it does. Where the machine
 * captures stacks the witnesses have theirs.
 *
 * @param violation what its end showed
 * @example
 * const { violation } = machine.execute({ choose: (movers) => movers.byDefault });
 * diagnose(machine, violation)?.kind; // 'lost-wakeup', and not only 'deadlock'
 */
export function diagnose<V extends Violation | null>(machine: ControlledMachine, violation: V): Violation | V {
  if (violation === null || (violation.kind !== 'leak' && !HANGS.has(violation.kind))) return violation;
  // An execution without end is told by what it does over and over.
  if (violation.kind === 'rcu-stall' && machine.inTurnFrom >= 0) return violation;
  const recorder = recorderOf(machine);
  const picks = machine.picked.slice(0, machine.choices);
  const again = (): boolean => {
    const ended = recorder.record(picks);
    return ended?.kind === violation.kind && ended.message === violation.message;
  };
  // Made again it ends otherwise: a checker that this machine does not have, or memory that is used again earlier.
  if (!again()) return violation;
  if (violation.kind === 'rcu-stall') return explained(machine, violation, tellReaders(recorder), picks);
  if (violation.kind === 'leak') return explained(machine, violation, tellLeaks(recorder), picks);
  const [lost] = findLostWakeups(recorder, again);
  if (lost !== undefined) return explained(machine, violation, tellLostWakeup(recorder.machine, lost), picks);
  const missed = machine.model.flat === true ? findMissedStore(recorder, again) : null;
  if (missed !== null) return explained(machine, violation, tellLostWakeup(recorder.machine, missed), picks);
  if (violation.kind === 'hung-task') return explained(machine, violation, tellHungTasks(recorder), picks);
  if (violation.kind !== 'lost-wakeup') return violation;
  const told = tellLostSignal(recorder, violation.task);
  return told === null ? violation : explained(machine, violation, told, picks);
}

/** The violation with what was found out about it. */
function explained(machine: ControlledMachine, violation: Violation, told: Told, picks: Uint8Array): Violation {
  const { kind } = told;
  const found = kind === violation.kind ? violation.message : `lost wake-up: ${told.who}`;
  const message = told.why === '' ? found : `${found}; ${told.why}`;
  let stacks: readonly Noted[] = [];
  if (machine.captureStacks) {
    const recorder = recorderOf(machine);
    recorder.record(picks, new Set(told.moments.map(({ noted }) => noted.index)));
    stacks = recorder.accesses;
  }
  const witnesses: Witness[] = told.moments.map(({ noted, what }) => ({
    what: `step ${noted.step}: ${what}`,
    stack: stacks[noted.index]?.stack ?? '',
  }));
  return new Violation(kind, message, kind === 'lost-wakeup' ? -1 : violation.cpu, violation.task, [
    ...witnesses,
    ...(told.notes ?? []).map((what) => ({ what, stack: '' })),
    ...violation.witnesses,
  ]);
}
