/** The report of a violation, in the manner of the kernel's own. */

import type { ControlledMachine } from '../machine/controlled.js';
import { isAtRest } from '../machine/enabled.js';
import { describeOperation } from '../machine/end.js';
import { OP_START, type Violation } from '../sync/gate.js';
import { type Frame, frameText, simulatedFrames } from './stack.js';

const RULE = '='.repeat(80);

/**
 * Writes the report of a violation.
 *
 * @param machine as the replay with stacks has left it
 * @param title what ran: the scenario, the kernel, the patches
 * @param token what replays it
 */
export function violationReport(
  machine: ControlledMachine,
  violation: Violation,
  title: string,
  token: string,
): string {
  const finder = machine.cpus[violation.cpu];
  const lines = [RULE, headline(violation, foundAt(violation, finder?.announcedAt ?? '')), title];
  for (const cpu of machine.cpus) {
    const here = cpu.id === violation.cpu;
    if (!here && isAtRest(cpu.op)) continue;
    const who =
      cpu.current === 0 ? cpu.label(cpu.id) : `CPU ${cpu.id}, ${cpu.describe(cpu.current).replace(/ \S+$/, '')}`;
    const where = here ? 'found here' : stands(cpu);
    lines.push('', `${who}: ${where}`);
    lines.push(...heldLocks(machine, cpu.id), '  call trace:');
    const frames = here ? foundAt(violation, cpu.announcedAt) : simulatedFrames(cpu.announcedAt);
    for (const frame of frames) lines.push(`    ${frameText(frame)}`);
  }
  for (const { what, stack } of violation.witnesses) {
    lines.push('', `${what}${stack === '' ? '' : ':'}`);
    for (const frame of simulatedFrames(stack)) lines.push(`    ${frameText(frame)}`);
  }
  lines.push('', `token: ${token}`, RULE);
  return lines.join('\n');
}

/** What one that is not where the violation was found is doing. */
function stands(cpu: ControlledMachine['cpus'][number]): string {
  if (cpu.op === OP_START) return 'has not begun';
  return `${cpu.enabled() ? 'about to' : 'waits at'} ${describeOperation(cpu, cpu)}`;
}

/** A witness of a violation, as JSON documents have it. */
export interface WitnessDocument {
  readonly what: string;
  /** The innermost frame first; empty where stacks were not captured. */
  readonly stack: readonly Frame[];
}

/** What led to a violation, as JSON documents have it. */
export function witnessDocuments({ witnesses }: Violation): readonly WitnessDocument[] {
  return witnesses.map(({ what, stack }) => ({ what, stack: simulatedFrames(stack) }));
}

/** Where a violation was found. At the end of a run it has no place of its own: the CPU stands where it stood last. */
function foundAt(violation: Violation, announcedAt: string): readonly Frame[] {
  const found = simulatedFrames(violation.stack ?? '');
  return found.length > 0 ? found : simulatedFrames(announcedAt);
}

/** The first line, as the kernel's log would have it. */
function headline({ kind, message, witnesses }: Violation, frames: readonly Frame[]): string {
  if (kind === 'data-race') {
    const [here] = frames;
    const [there] = simulatedFrames(witnesses[0]?.stack ?? '');
    // Frames of a model of one's own are not among those that are shown.
    if (here === undefined || there === undefined) return message;
    return `BUG: KCSAN: data-race in ${here.function} / ${there.function}\n${message.replace('BUG: KCSAN: ', '')}`;
  }
  if (/^(?:BUG|WARNING|INFO|rcu: INFO):? /.test(message)) return message;
  return `BUG: ${message.startsWith(kind) || message.startsWith('lost wake-up') ? message : `${kind}: ${message}`}`;
}

/** The locks that a CPU holds, and, where lockdep watches, where it took each. */
function heldLocks({ cpus, lockdep }: ControlledMachine, id: number): string[] {
  const cpu = cpus[id];
  if (cpu === undefined || cpu.held.length === 0) return ['  locks held: none'];
  return cpu.held.map((lock) => {
    const taken = simulatedFrames(lockdep?.held[id]?.stackOf(lock) ?? '')[0];
    return `  lock held: ${cpu.describe(lock)}${taken === undefined ? '' : `, taken in ${frameText(taken)}`}`;
  });
}
