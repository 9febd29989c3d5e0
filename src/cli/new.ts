/** `siglab new NAME`: a file of the user's own to start from. */

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { PATCH_NAMES, SCENARIO_NAMES } from '../../scenarios/catalog.js';
import { EXIT_HOLDS, print, UsageError } from './context.js';

const NAME = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;

export interface NewFlags {
  /** A model without this kernel. */
  readonly model?: boolean;
}

function template(name: string): string {
  // Beside the sources, and two folders up from what was built of them.
  const up = import.meta.url.endsWith('.ts') ? '../..' : '../../..';
  return readFileSync(new URL(`${up}/templates/${name}.ts`, import.meta.url), 'utf8');
}

/** @throws UsageError for a name that cannot be used, and for a file that exists */
export function newCommand(name: string, { model = false }: NewFlags): number {
  if (!NAME.test(name)) {
    throw new UsageError(`"${name}" cannot name a scenario: small letters, digits and single hyphens between them`);
  }
  if (SCENARIO_NAMES.includes(name) || PATCH_NAMES.includes(name)) {
    throw new UsageError(`siglab has a "${name}" of its own; choose another name`);
  }
  const file = `${name}.ts`;
  if (existsSync(file)) throw new UsageError(`${file} exists already, and is left as it is`);
  const text = model
    ? template('model').replaceAll('my-model', name)
    : template('scenario').replaceAll('my-race', name);
  // Never over a file, even one that came into being since.
  writeFileSync(file, text, { flag: 'wx' });
  print(`${file} is written. It has a race in it; to find it:\n  siglab explore ./${file}`);
  return EXIT_HOLDS;
}
