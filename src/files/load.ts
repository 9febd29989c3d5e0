/** Scenarios, patches and models from a user's own file: TypeScript without a build, and plain JavaScript. */

import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, extname, join, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createJiti } from 'jiti';
import type { Patch, Scenario } from '../kernel/scenario.js';
import type { Model } from '../machine/model.js';
import { explainMistake, type Place, placeOf, UserFileError } from './error.js';
import { isModel, isPatch, isScenario, wrongModel, wrongPatch, wrongScenario } from './shape.js';

/** What a user's file exports. */
export interface UserFile {
  /** Absolute. */
  readonly path: string;
  readonly scenarios: readonly Scenario[];
  readonly patches: readonly Patch[];
  readonly models: readonly Model[];
}

const EXTENSIONS: readonly string[] = ['.ts', '.mts', '.js', '.mjs'];

/** Whether a word on the command line is a file's name and not that of a scenario. */
export function isUserFile(word: string): boolean {
  return EXTENSIONS.includes(extname(word));
}

const loaded = new Map<string, Promise<UserFile>>();

/**
 * Loads a file, once. `import … from 'siglab'` in it is this very package, wherever the file lies.
 *
 * @param path of a `.ts`, `.mts`, `.js` or `.mjs` file
 * @throws UserFileError with the line, if it cannot be read or run, or exports something that is not whole
 * @example
 * const { scenarios, patches, models } = await loadUserFile(file);
 * scenarios.length + patches.length + models.length > 0; // true
 */
export function loadUserFile(path: string): Promise<UserFile> {
  const file = resolve(path);
  let file_ = loaded.get(file);
  if (file_ === undefined) {
    file_ = load(file);
    loaded.set(file, file_);
  }
  return file_;
}

async function load(file: string): Promise<UserFile> {
  if (!existsSync(file) || !statSync(file).isFile()) throw new UserFileError(`there is no file ${file}`);
  const text = textOf(file);
  const exported = exportsOf(await run(file, text));
  const mistake = (what: unknown, wrong: string): never => {
    const { name } = what as { name?: unknown };
    const place =
      typeof name === 'string' ? new RegExp(`name: ['"\`]${name}['"\`]|defineModel\\(\\s*['"\`]${name}`) : /export/;
    throw new UserFileError(explainMistake(placeOf(file, text, place), wrong, text));
  };
  const check = <T>(
    all: readonly unknown[],
    is: (value: unknown) => boolean,
    wrong: (value: object) => string | null,
  ): T[] =>
    all.filter(is).map((one) => {
      const found = wrong(one as object);
      return found === null ? (one as T) : mistake(one, found);
    });
  const found = {
    path: file,
    scenarios: check<Scenario>(exported, isScenario, wrongScenario),
    patches: check<Patch>(exported, isPatch, wrongPatch),
    models: check<Model>(exported, isModel, wrongModel),
  };
  if (found.scenarios.length + found.patches.length + found.models.length === 0) {
    const what = 'this file exports no scenario, patch or model (siglab new NAME writes one to start from)';
    throw new UserFileError(explainMistake(placeOf(file, text, /export/), what, text));
  }
  const names = [...found.scenarios, ...found.patches, ...found.models];
  const twice = names.find(({ name }, at) => names.findIndex((other) => other.name === name) !== at);
  return twice === undefined ? found : mistake(twice, `two things that this file exports are called "${twice.name}"`);
}

/** @throws UserFileError where it cannot be read */
function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UserFileError(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function run(file: string, text: string): Promise<Readonly<Record<string, unknown>>> {
  const siglab: unknown = await import('../index.js');
  // Places in stacks are to be those in the file, not in what is made of it.
  process.setSourceMapsEnabled(true);
  const jiti = createJiti(file, {
    virtualModules: { siglab },
    // The file is read as it is now, and nothing is left behind.
    fsCache: false,
    moduleCache: false,
    interopDefault: false,
    sourceMaps: true,
  });
  try {
    return await jiti.import<Readonly<Record<string, unknown>>>(file);
  } catch (error) {
    const { message, stack = '' } = error instanceof Error ? error : { message: String(error) };
    const place = placeIn(`${message}\n${stack}`, file);
    const what = (message.split('\n')[0] ?? '').replace('ParseError: ', '').trim();
    if (place === null) throw new UserFileError(`${file}: ${what}`, { cause: error });
    const at = place.file === file ? text : readFileSync(place.file, 'utf8');
    throw new UserFileError(explainMistake(place, what, at), { cause: error });
  }
}

/**
 * Where siglab's own code is: `src`, and `dist`, which is built of it and whose source maps name `src`. A mistake is never there,
 * but in who called it.
 */
const OWN = ownFolders(dirname(dirname(fileURLToPath(import.meta.url))));

function ownFolders(code: string): readonly string[] {
  const isBuilt = basename(dirname(code)) === 'dist';
  const root = isBuilt ? dirname(dirname(code)) : dirname(code);
  return ['src', 'dist'].map((folder) => join(root, folder) + sep);
}

/** The first place that an error names which is in the file, or in another of the user's that it imports. */
function placeIn(text: string, file: string): Place | null {
  const places = [...text.matchAll(/(?:file:\/\/)?(\/[^\s():]+|[A-Za-z]:[^\s():]+):(\d+):(\d+)/g)].map(
    ([, at = '', line, column]) => ({ file: at, line: Number(line), column: Number(column) }),
  );
  const isOther = (at: string): boolean =>
    isUserFile(at) && !at.includes('node_modules') && !OWN.some((folder) => at.startsWith(folder)) && existsSync(at);
  return places.find((place) => place.file === file || isOther(place.file)) ?? null;
}

/** What is exported, with lists taken apart. A default export that has a name as well counts once. */
function exportsOf(module: Readonly<Record<string, unknown>>): unknown[] {
  return [...new Set(Object.values(module).flat())];
}
