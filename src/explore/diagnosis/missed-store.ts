/**
 * Lost wake-ups of threads that wait for a word of their own making, and not in a condition variable. A thread has looked
 * at something, another one has changed that and is done, and the thread waits for ever. Whether it waits because it
 * looked too early is tried: the execution is made again with the thread held back until the change. If it then does not
 * come to wait there for ever, that was the reason.
 */

import { ACCESS_READ } from '../../machine/access-log.js';
import { isAtRest } from '../../machine/enabled.js';
import type { Sleeper } from '../../machine/model.js';
import type { Movers } from '../../machine/movers.js';
import { OP_AWAIT, OP_AWAIT_ABOVE } from '../../sync/gate.js';
import type { LostWakeup } from './lost-wakeup.js';
import { isBy, isWrite, type Noted, type Recorder } from './recording.js';

/** Looks of one thread that are tried, the latest first. */
const MAX_TRIED = 4;

/**
 * @param recorder an execution that it has recorded, at its end
 * @param again makes the execution once more
 */
export function findMissedStore(recorder: Recorder, again: () => void): LostWakeup | null {
  const { machine } = recorder;
  const before = [...recorder.accesses];
  const moves = [...recorder.moves];
  for (const { id, op, opAddress } of machine.cpus) {
    if (op !== OP_AWAIT && op !== OP_AWAIT_ABOVE) continue;
    const name = machine.cpus[id]?.label(id) ?? '';
    const place = `at ${machine.cpus[id]?.nameOperation(op, opAddress)}`;
    const sleeper: Sleeper = { cpu: id, task: 0, name, place, wakeWord: opAddress };
    const slept = before.findLast((noted) => isBy(sleeper, noted));
    if (slept === undefined) continue;
    for (const { read, change } of candidates(recorder, sleeper, before)) {
      const waits = stillWaits(recorder, sleeper, moves, read, change);
      again();
      if (waits) continue;
      return { sleeper, read, change, attempt: attemptOf(sleeper, before, read, change), slept };
    }
  }
  return null;
}

/** What the thread has looked at, and another one that has ended has changed after that. */
function candidates(
  { machine }: Recorder,
  sleeper: Sleeper,
  before: readonly Noted[],
): readonly { readonly read: Noted; readonly change: Noted }[] {
  const waitsFor = machine.cpus[sleeper.cpu]?.opAddress;
  const found: { readonly read: Noted; readonly change: Noted }[] = [];
  for (const read of before.toReversed()) {
    if (found.length === MAX_TRIED) break;
    if (read.kind !== ACCESS_READ || !isBy(sleeper, read) || read.address === waitsFor) continue;
    if (found.some((one) => one.read.address === read.address)) continue;
    const change = before.findLast(({ address, before: was, after }) => address === read.address && was !== after);
    if (change === undefined || change.index < read.index || isBy(sleeper, change)) continue;
    const changer = machine.cpus[change.cpu];
    if (changer === undefined || !isAtRest(changer.op) || change.after === read.after) continue;
    found.push({ read, change });
  }
  return found;
}

/** Whether the thread still comes to wait there for ever, if it looks after the change. */
function stillWaits(
  recorder: Recorder,
  sleeper: Sleeper,
  moves: readonly number[],
  read: Noted,
  change: Noted,
): boolean {
  const { machine } = recorder;
  const cpu = machine.cpus[sleeper.cpu];
  if (cpu === undefined) return true;
  const { op, opAddress } = cpu;
  let at = 0;
  let cannot = false;
  const pick = (movers: Movers): number => {
    // Up to the look as it was; then without the thread up to the change.
    while (at < change.step) {
      const move = moves[at++] as number;
      if (at >= read.step && move === sleeper.cpu) continue;
      if (movers.has(move)) return move;
      cannot = true;
      return -1;
    }
    return movers.has(sleeper.cpu) ? sleeper.cpu : movers.byDefault;
  };
  recorder.run(pick);
  return cannot || (cpu.op === op && cpu.opAddress === opAddress);
}

/** Where the other looked, after its change, at what the thread wrote later to say that it waits. */
function attemptOf(sleeper: Sleeper, before: readonly Noted[], read: Noted, change: Noted): Noted | null {
  const said = before.filter((noted) => noted.index > read.index && isWrite(noted) && isBy(sleeper, noted));
  const looked = before.findLast(
    (noted) =>
      noted.cpu === change.cpu &&
      noted.index > change.index &&
      said.some(({ address, index }) => address === noted.address && index > noted.index),
  );
  return looked ?? null;
}
