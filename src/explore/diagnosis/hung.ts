/** Tasks that are blocked for ever: since when, for what, and who took that. */

import type { Sleeper } from '../../machine/model.js';
import { takesLock } from '../../machine/perform.js';
import { isBy, type Noted, type Recorder } from './recording.js';
import { actorName, type Moment, type Told } from './tell.js';

/**
 * @param recorder an execution that it has recorded, at its end
 */
export function tellHungTasks({ machine, accesses }: Recorder): Told {
  const { sleep } = machine.model;
  const [cpu] = machine.cpus;
  const moments: Moment[] = [];
  if (sleep === undefined || cpu === undefined) return { kind: 'hung-task', who: '', why: '', moments };
  const steps = accesses.at(-1)?.step ?? 0;
  const owners = new Set<number>();
  for (const sleeper of [...sleep.sleepers(machine.cpus), ...(sleep.stopped?.(machine.cpus) ?? [])]) {
    const slept = accesses.findLast((noted) => isBy(sleeper, noted));
    if (slept === undefined) continue;
    const blocked = sleep.waitsFor?.(cpu, sleeper) ?? null;
    const what = blocked === null ? '' : `: it waits for ${blocked.what}`;
    moments.push({
      noted: slept,
      what: `${sleeper.name} ${placeText(sleeper)} for more than ${steps - slept.step} steps${what}`,
    });
    if (blocked === null || blocked.ownerWord === 0 || owners.has(blocked.ownerWord)) continue;
    owners.add(blocked.ownerWord);
    const taken = lastChange(accesses, blocked.ownerWord);
    if (taken !== undefined) moments.push({ noted: taken, what: `${actorName(machine, taken)} took ${blocked.what}` });
  }
  for (const { id, op, opAddress } of machine.cpus) {
    if (!takesLock(op) || machine.cpus[id]?.enabled() === true || owners.has(opAddress)) continue;
    owners.add(opAddress);
    const taken = lastChange(accesses, opAddress);
    if (taken !== undefined) {
      moments.push({ noted: taken, what: `${actorName(machine, taken)} took ${cpu.describe(opAddress)}` });
    }
  }
  moments.sort((a, b) => a.noted.index - b.noted.index);
  return { kind: 'hung-task', who: '', why: '', moments };
}

/** Where the readers that hold up a grace period have entered their sections, and where it began. */
export function tellReaders({ machine, accesses }: Recorder): Told {
  const stalled = machine.model.stalledGracePeriod?.(machine.cpus) ?? null;
  const moments: Moment[] = [];
  for (const id of stalled?.readers ?? []) {
    const entered = accesses.findLast(
      ({ cpu, address, before, after }) => cpu === id && address === stalled?.readerWord && after > before,
    );
    if (entered === undefined) continue;
    moments.push({ noted: entered, what: `${actorName(machine, entered)} entered its read-side section` });
  }
  return { kind: 'rcu-stall', who: '', why: '', moments };
}

function placeText({ place }: Sleeper): string {
  return place.startsWith('stopped') ? `has been ${place}` : `has slept ${place}`.trimEnd();
}

function lastChange(accesses: readonly Noted[], address: number): Noted | undefined {
  return accesses.findLast((noted) => noted.address === address && noted.before !== noted.after);
}
