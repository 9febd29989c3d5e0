/** The report of a violation, in the manner of the kernel's own. */

import type { ControlledMachine } from '../machine/controlled.js';
import { isAtRest } from '../machine/enabled.js';
import { describeOperation } from '../machine/end.js';
import type { Violation } from '../sync/gate.js';
import { frameText, simulatedFrames } from './stack.js';

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
  const { kind, message } = violation;
  const lines = [RULE, `BUG: ${message.startsWith(kind) ? message : `${kind}: ${message}`}`, title];
  for (const cpu of machine.cpus) {
    const here = cpu.id === violation.cpu;
    if (!here && isAtRest(cpu.op)) continue;
    const task = cpu.describe(cpu.current).replace(/ \S+$/, '');
    const where = here ? 'found here' : `about to ${describeOperation(cpu, cpu)}`;
    lines.push('', `CPU ${cpu.id}, ${task}: ${where}`);
    lines.push(`  locks held: ${cpu.held.map((lock) => cpu.describe(lock)).join(', ') || 'none'}`, '  call trace:');
    // Found at the end of a run, it has no place of its own: the CPU stands where it stood last.
    const found = here ? simulatedFrames(violation.stack ?? '') : [];
    const frames = found.length > 0 ? found : simulatedFrames(cpu.announcedAt);
    for (const frame of frames) lines.push(`    ${frameText(frame)}`);
  }
  lines.push('', `token: ${token}`, RULE);
  return lines.join('\n');
}
