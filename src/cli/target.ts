/** What a command is about: a scenario that siglab brings, or one, or a model, from a user's file; and its patches. */

import { statSync } from 'node:fs';
import { extname, resolve } from 'node:path';
import { PATCH_NAMES, SCENARIOS, UnknownNameError } from '../../scenarios/catalog.js';
import { checkTypes } from '../files/check.js';
import { type FileDescription, type Known, knownFrom, modelFrom } from '../files/describe.js';
import { UserFileError } from '../files/error.js';
import { isUserFile, loadUserFile, type UserFile } from '../files/load.js';
import type { Scenario } from '../kernel/scenario.js';
import type { Model } from '../machine/model.js';
import { suggestion, UsageError, wholeNumber } from './context.js';

export interface TargetFlags {
  /** Names of patches, and files of them. */
  readonly patch?: readonly string[];
  readonly cpus?: string;
  /** Files with scenarios or patches of the user's. */
  readonly file?: readonly string[];
  /** False where types are not to be checked. */
  readonly check?: boolean;
}

export interface Target {
  readonly description: FileDescription;
  readonly model: Model;
  /** Null for a model of the user's own. */
  readonly scenario: Scenario | null;
  /** The functions to watch. */
  readonly watch: readonly string[];
  readonly known: Known;
}

/** CPUs of the kernel's at most: a set of them is a word. */
export const MAX_CPUS = 31;

/**
 * Finds what a command is about.
 *
 * @param word the name of a scenario, or a file, with `#name` after it where the file has several
 * @throws UsageError for a wrong name, UserFileError for a broken file
 */
export async function targetOf(word: string, flags: TargetFlags): Promise<Target> {
  const [path = '', chosen] = isUserFile(word.split('#')[0] ?? '') ? word.split('#') : ['', word];
  const patchFiles = (flags.patch ?? []).filter(isUserFile);
  const paths = [
    ...new Set([...(path === '' ? [] : [path]), ...(flags.file ?? []), ...patchFiles].map((one) => resolve(one))),
  ];
  if (flags.check !== false) for (const one of paths) checkFile(one);
  const known = await knownOf(paths);
  const name = chosen ?? onlyOne(known.files[0] as UserFile);
  if (path !== '') expectIn(known.files[0] as UserFile, name);
  const patches: string[] = [];
  for (const patch of flags.patch ?? []) {
    if (isUserFile(patch)) patches.push(...(await loadUserFile(patch)).patches.map((one) => one.name));
    else patches.push(patch);
  }
  return describedTarget(known, { scenario: name, patches, files: paths }, flags.cpus);
}

/** What there is to choose from: some files, and the package. @throws UserFileError */
export function knownOf(paths: readonly string[]): Promise<Known> {
  const missing = paths.find((path) => !isUserFile(path));
  if (missing !== undefined) throw new UsageError(`${missing} is no file that siglab reads: .ts, .mts, .js or .mjs`);
  return knownFrom(paths);
}

/** The target of a description that has no number of CPUs, or may get another. */
export async function describedTarget(
  known: Known,
  { scenario: name, patches, files = [] }: Omit<FileDescription, 'cpus'>,
  cpus?: string,
): Promise<Target> {
  const twice = patches.find((patch, at) => patches.indexOf(patch) !== at);
  if (twice !== undefined) throw new UsageError(`patch ${twice} is given twice`);
  if (PATCH_NAMES.includes(name)) {
    const [scenario = 'SCENARIO'] = SCENARIOS.filter((one) => one.patches.some((patch) => patch.name === name)).map(
      (one) => one.name,
    );
    throw new UsageError(`${name} is a patch: name a scenario, as in ${scenario} --patch ${name}`);
  }
  const subject = await withSuggestions(() => known.subject(name));
  await withSuggestions(() => patches.map((patch) => known.patch(patch)));
  const scenario = 'scenario' in subject ? subject.scenario : null;
  if ('model' in subject && (cpus !== undefined || patches.length > 0)) {
    throw new UsageError(`${name} is a model of its own: it takes neither patches nor another number of CPUs`);
  }
  const own = 'scenario' in subject ? subject.scenario.cpus : subject.model.cpus;
  const number = cpus === undefined ? own : wholeNumber('--cpus', cpus, 1, MAX_CPUS);
  const description = { scenario: name, patches, cpus: number, ...(files.length === 0 ? {} : { files }) };
  return { description, scenario, model: await modelFrom(description), watch: scenario?.watch ?? [], known };
}

/** @throws UsageError for a model of the user's own: real threads run the kernel's scenarios */
export function scenarioOf({ scenario, description }: Target): Scenario {
  if (scenario === null) {
    throw new UsageError(
      `${description.scenario} is a model of its own, which only the controlled machine runs: siglab explore`,
    );
  }
  return scenario;
}

/** @throws UsageError for a name after the `#` that the file does not have */
function expectIn({ path, scenarios, models }: UserFile, name: string): void {
  const names = [...scenarios, ...models].map((one) => one.name);
  if (!names.includes(name)) throw new UsageError(`${path}: ${suggestion('scenario or model', name, names)}`);
}

function onlyOne({ path, scenarios, models, patches }: UserFile): string {
  const names = [...scenarios, ...models].map(({ name }) => name);
  const [name, ...others] = names;
  if (name === undefined) {
    const some = patches.map((patch) => patch.name).join(', ');
    throw new UsageError(`${path} has only patches (${some}): name the scenario, and the file as --patch ${path}`);
  }
  if (others.length > 0) throw new UsageError(`${path} has ${names.join(', ')}: choose one, as in ${path}#${name}`);
  return name;
}

/** @throws UserFileError with the first mistakes */
function checkFile(path: string): void {
  if (!['.ts', '.mts'].includes(extname(path)) || statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return;
  const mistakes = checkTypes(path);
  if (mistakes === null) {
    process.stderr.write(`siglab: the types of ${path} are not checked: no package typescript is installed there\n`);
  } else if (mistakes.length > 0) throw new UserFileError(mistakes.join('\n\n'));
}

async function withSuggestions<T>(action: () => T | Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof UnknownNameError) throw new UsageError(suggestion(error.kind, error.given, error.known));
    throw error;
  }
}
