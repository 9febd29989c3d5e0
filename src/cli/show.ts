/** `siglab show SCENARIO`: what it is about. */

import type { NamedOutcome, Patch } from '../kernel/scenario.js';
import { EXIT_HOLDS, paint, print, printJson, wrap } from './context.js';
import { patchDiff } from './patch-diff.js';
import { scenarioOf, targetOf } from './target.js';

export async function showCommand(word: string, { json = false }: { json?: boolean }): Promise<number> {
  const target = await targetOf(word, {});
  const { known } = target;
  const scenario = scenarioOf(target);
  const { name, title, story, cast, claim, watch, learn, cpus } = scenario;
  const { possible = [], impossible = [], reading = [] } = scenario;
  const patches = scenario.patches.map((breaking) => ({ ...breaking, patch: known.patch(breaking.name) }));
  const fileOf = (patch: Patch): string | undefined => known.files.find((file) => file.patches.includes(patch))?.path;
  if (json) {
    const told = patches.map(({ patch, breaks, kind }) => {
      const { name, title, story } = patch;
      return { name, title, story, breaks, kind, diff: patchDiff(patch, fileOf(patch)) };
    });
    const { subject } = scenario;
    printJson({
      name,
      subject,
      title,
      story,
      cast,
      claim,
      possible,
      impossible,
      watch,
      learn,
      reading,
      cpus,
      patches: told,
    });
    return EXIT_HOLDS;
  }
  const heading = (text: string): void => print(`\n${paint('bold', text)}`);
  print(`${paint('bold', name)}: ${title}\n`);
  print(wrap(story));
  heading('Who takes part');
  for (const line of cast) print(wrap(line, 100, '  '));
  heading('What must hold');
  print(wrap(claim, 100, '  '));
  const outcomes = (text: string, list: readonly NamedOutcome[]): void => {
    if (list.length === 0) return;
    heading(text);
    for (const { outcome, because } of list) {
      print(wrap(outcome, 100, '  '));
      print(wrap(because, 100, '    '));
    }
  };
  outcomes('What is possible', possible);
  outcomes('What is not', impossible);
  heading('Functions to watch');
  print(wrap(watch.join(', '), 100, '  '));
  if (patches.length > 0) heading('Patches that break it');
  for (const { patch, breaks, kind } of patches) {
    print(`  ${paint('cyan', patch.name)}: ${patch.title}`);
    print(wrap(patch.story, 100, '    '));
    print(wrap(`Then ${breaks} (${kind}).`, 100, '    '));
    print(patchDiff(patch, fileOf(patch)).trimEnd().replaceAll(/^/gm, '    '));
  }
  heading('What to learn from it');
  print(wrap(learn, 100, '  '));
  if (reading.length > 0) heading('Further reading');
  for (const place of reading) print(wrap(place, 100, '  '));
  heading('Try');
  print(`  siglab explore ${word}`);
  for (const { patch } of patches) print(`  siglab explore ${word} --patch ${patch.name}`);
  return EXIT_HOLDS;
}
