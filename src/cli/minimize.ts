/** `siglab minimize TOKEN`: the fewest context switches that still show it. */

import { minimize } from '../explore/minimize.js';
import { encodeToken } from '../explore/token.js';
import { switchLines, switchReport } from '../trace/switches.js';
import { countOf, EXIT_HOLDS, print, printJson } from './context.js';
import { machineOf } from './replay.js';

export interface MinimizeFlags {
  readonly file?: readonly string[];
  readonly json?: boolean;
}

export async function minimizeCommand(token: string, { json = false, file }: MinimizeFlags): Promise<number> {
  const { contents, machine } = await machineOf(token, file);
  const minimized = minimize(machine, contents.schedule);
  const minimalToken = encodeToken({ ...contents, schedule: minimized.schedule });
  const { violation, preemptions, steps, fewest, executions, switches: departures } = minimized;
  if (json) {
    printJson({
      token,
      minimalToken,
      switches: preemptions,
      steps,
      fewestSwitches: fewest,
      switchDetails: departures.map(switchReport),
      executions,
      violation: { kind: violation.kind, message: violation.message },
    });
    return EXIT_HOLDS;
  }
  print(minimalToken);
  const least = fewest ? ' (no schedule with fewer fails)' : '';
  const switches = countOf(preemptions, 'switch', 'switches');
  const tried = `${countOf(steps, 'step')}, after ${countOf(executions, 'execution')}`;
  print(`${switches} that blocking does not force${least}, ${tried}`);
  for (const departure of departures) for (const line of switchLines(departure)) print(`  ${line}`);
  return EXIT_HOLDS;
}
