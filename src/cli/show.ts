/** `siglab show SCENARIO`: what it is about. */

import { findPatch } from '../../scenarios/catalog.js';
import { EXIT_HOLDS, paint, print, printJson, scenarioNamed, wrap } from './context.js';

export function showCommand(name: string, { json = false }: { json?: boolean }): number {
  const scenario = scenarioNamed(name);
  const { title, story, cast, claim, watch, learn, cpus } = scenario;
  const patches = scenario.patches.map(findPatch);
  if (json) {
    const told = patches.map((patch) => ({ name: patch.name, title: patch.title, story: patch.story }));
    printJson({ name, title, story, cast, claim, watch, learn, cpus, patches: told });
    return EXIT_HOLDS;
  }
  const heading = (text: string): void => print(`\n${paint('bold', text)}`);
  print(`${paint('bold', name)}: ${title}\n`);
  print(wrap(story));
  heading('Who takes part');
  for (const line of cast) print(wrap(line, 100, '  '));
  heading('What must hold');
  print(wrap(claim, 100, '  '));
  heading('Functions to watch');
  print(`  ${watch.join(', ')}`);
  heading('Patches that break it');
  for (const patch of patches) {
    print(`  ${paint('cyan', patch.name)}: ${patch.title}`);
    print(wrap(patch.story, 100, '    '));
  }
  heading('What to learn from it');
  print(wrap(learn, 100, '  '));
  heading('Try');
  print(`  siglab explore ${name}`);
  for (const patch of patches) print(`  siglab explore ${name} --patch ${patch.name}`);
  return EXIT_HOLDS;
}
