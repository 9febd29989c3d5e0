/** `siglab show NAME`: what a scenario is about, a model, or a patch. */

import { findPatch, PATCH_NAMES, SCENARIOS } from '../../scenarios/catalog.js';
import { decodeObjects } from '../explore/decode.js';
import type { NamedOutcome, Patch } from '../kernel/scenario.js';
import { ControlledMachine } from '../machine/controlled.js';
import { EXIT_HOLDS, paint, print, printJson, wrap } from './context.js';
import { patchDiff } from './patch-diff.js';
import { type Target, targetOf } from './target.js';

export async function showCommand(word: string, { json = false }: { json?: boolean }): Promise<number> {
  if (PATCH_NAMES.includes(word)) return showPatch(word, json);
  const target = await targetOf(word, {});
  const { known, scenario } = target;
  if (scenario === null) return showModel(target, word, json);
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

/** A model of one's own: its threads, and what they share. */
function showModel({ model, description }: Target, word: string, json: boolean): number {
  const machine = new ControlledMachine(model);
  const threads = machine.cpus.map((cpu) => cpu.label(cpu.id).replace(/^thread /, ''));
  const declared = decodeObjects(machine, `${model.name} variables`).flatMap(({ fields }) => fields);
  const shared = [...new Set(declared.map(({ name }) => name.replace(/\[\d+\]$/, '')))].filter(
    (name) => !threads.includes(name),
  );
  const { files = [] } = description;
  if (json) {
    printJson({ name: model.name, files, threads, shared });
    return EXIT_HOLDS;
  }
  print(`${paint('bold', model.name)}: a model of its own, in ${files.join(', ')}`);
  print(`\n${paint('bold', 'Threads')}`);
  print(wrap(threads.join(', '), 100, '  '));
  print(`\n${paint('bold', 'What they share')}`);
  print(wrap(shared.join(', ') || 'nothing', 100, '  '));
  print(`\n${paint('bold', 'Try')}\n  siglab explore ${word}`);
  return EXIT_HOLDS;
}

/** A patch of the package's: what it replaces, and the scenarios whose claims it breaks. */
function showPatch(word: string, json: boolean): number {
  const patch = findPatch(word);
  const { name, title, story } = patch;
  const broken = SCENARIOS.flatMap(({ name: scenario, patches }) =>
    patches.filter((one) => one.name === name).map(({ breaks, kind }) => ({ scenario, breaks, kind })),
  );
  const diff = patchDiff(patch, undefined);
  if (json) {
    printJson({ name, title, story, scenarios: broken, diff });
    return EXIT_HOLDS;
  }
  print(`${paint('bold', name)}: ${title}\n`);
  print(wrap(story));
  if (broken.length > 0) print(`\n${paint('bold', 'What it breaks')}`);
  for (const { scenario, breaks, kind } of broken) print(wrap(`${scenario}: ${breaks} (${kind})`, 100, '  '));
  print(`\n${paint('bold', 'What it changes')}\n${diff.trimEnd().replaceAll(/^/gm, '  ')}`);
  print(`\n${paint('bold', 'Try')}`);
  for (const { scenario } of broken) print(`  siglab explore ${scenario} --patch ${name}`);
  return EXIT_HOLDS;
}
