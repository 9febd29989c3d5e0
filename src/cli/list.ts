/** `siglab list`: scenarios and patches. */

import { SCENARIOS } from '../../scenarios/catalog.js';
import { SUBJECTS } from '../kernel/scenario.js';
import { PATCHES } from '../patches/index.js';
import { EXIT_HOLDS, paint, print, printJson } from './context.js';

export function listCommand({ json = false }: { json?: boolean }): number {
  if (json) {
    printJson({
      scenarios: SCENARIOS.map(({ name, subject, title, claim, cpus, patches }) => ({
        name,
        subject,
        title,
        claim,
        cpus,
        patches: patches.map((patch) => patch.name),
      })),
      patches: PATCHES.map(({ name, title, story }) => ({ name, title, story })),
    });
    return EXIT_HOLDS;
  }
  for (const subject of SUBJECTS) {
    const scenarios = SCENARIOS.filter((scenario) => scenario.subject === subject);
    if (scenarios.length === 0) continue;
    print(paint('bold', `${subject.charAt(0).toUpperCase()}${subject.slice(1)}`));
    for (const { name, title, patches } of scenarios) {
      print(`  ${paint('cyan', name)}  ${title}`);
      if (patches.length > 0) print(`    broken by: ${patches.map((patch) => patch.name).join(', ')}`);
    }
    print();
  }
  print(paint('bold', 'Patches'));
  for (const { name, title } of PATCHES) print(`  ${paint('cyan', name)}  ${title}`);
  return EXIT_HOLDS;
}
