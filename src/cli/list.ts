/** `siglab list`: scenarios and patches. */

import { SCENARIOS } from '../../scenarios/catalog.js';
import { PATCHES } from '../patches/index.js';
import { EXIT_HOLDS, paint, print, printJson } from './context.js';

export function listCommand({ json = false }: { json?: boolean }): number {
  if (json) {
    printJson({
      scenarios: SCENARIOS.map(({ name, title, claim, cpus, patches }) => ({ name, title, claim, cpus, patches })),
      patches: PATCHES.map(({ name, title, story }) => ({ name, title, story })),
    });
    return EXIT_HOLDS;
  }
  print(paint('bold', 'Scenarios'));
  for (const { name, title, patches } of SCENARIOS) {
    print(`  ${paint('cyan', name)}  ${title}`);
    print(`    broken by: ${patches.join(', ')}`);
  }
  print();
  print(paint('bold', 'Patches'));
  for (const { name, title } of PATCHES) print(`  ${paint('cyan', name)}  ${title}`);
  return EXIT_HOLDS;
}
