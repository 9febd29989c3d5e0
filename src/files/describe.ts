/** A model as plain data, made again in another thread or from a token: of the package's scenarios, or of a user's files. */

import {
  findPatch,
  findScenario,
  type ModelDescription,
  PATCH_NAMES,
  SCENARIO_NAMES,
  UnknownNameError,
} from '../../scenarios/catalog.js';
import { kernelModel } from '../kernel/model.js';
import type { Patch, Scenario } from '../kernel/scenario.js';
import type { Model } from '../machine/model.js';
import { UserFileError } from './error.js';
import { loadUserFile, type UserFile } from './load.js';

/** A model's description, with the files that its scenario and patches are in. */
export interface FileDescription extends ModelDescription {
  /** Absolute paths; none where all is the package's. */
  readonly files?: readonly string[];
}

/** What there is to choose from: the files' first, and then the package's. */
export interface Known {
  readonly files: readonly UserFile[];
  /** A scenario or a model. @throws UnknownNameError */
  subject(name: string): { readonly scenario: Scenario } | { readonly model: Model };
  /** @throws UnknownNameError */
  patch(name: string): Patch;
}

/**
 * Loads files.
 *
 * @throws UserFileError for one that is broken, or that takes a name which the package has
 */
export async function knownFrom(paths: readonly string[]): Promise<Known> {
  const files: UserFile[] = [];
  for (const path of paths) files.push(await loadUserFile(path));
  for (const { path, scenarios, models, patches } of files) {
    const taken =
      [...scenarios, ...models].find(({ name }) => SCENARIO_NAMES.includes(name)) ??
      patches.find(({ name }) => PATCH_NAMES.includes(name));
    if (taken !== undefined)
      throw new UserFileError(`${path}: siglab has a "${taken.name}" of its own; choose another name`);
  }
  const scenarios = files.flatMap((file) => file.scenarios);
  const models = files.flatMap((file) => file.models);
  const patches = files.flatMap((file) => file.patches);
  return {
    files,
    subject(name) {
      const scenario = scenarios.find((one) => one.name === name);
      if (scenario !== undefined) return { scenario };
      const model = models.find((one) => one.name === name);
      if (model !== undefined) return { model };
      if (SCENARIO_NAMES.includes(name)) return { scenario: findScenario(name) };
      const known = [...scenarios, ...models].map((one) => one.name);
      throw new UnknownNameError('scenario', name, [...known, ...SCENARIO_NAMES]);
    },
    patch(name) {
      const found = patches.find((one) => one.name === name);
      if (found !== undefined) return found;
      if (PATCH_NAMES.includes(name)) return findPatch(name);
      throw new UnknownNameError('patch', name, [...patches.map((one) => one.name), ...PATCH_NAMES]);
    },
  };
}

/**
 * Makes the model of a description.
 *
 * @throws UnknownNameError, UserFileError
 * @example
 * const model = await modelFrom({ scenario: 'my-race', patches: [], cpus: 2, files: [file] });
 */
export async function modelFrom({ scenario: name, patches, cpus, files = [] }: FileDescription): Promise<Model> {
  const known = await knownFrom(files);
  const subject = known.subject(name);
  if ('model' in subject) return subject.model;
  return kernelModel(subject.scenario, { patches: patches.map((patch) => known.patch(patch)), cpus });
}
