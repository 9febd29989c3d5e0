/** Litmus files on the command line: found, read, made into models; a mistake in one is a sentence with its place. */

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Litmus } from '../litmus/ast.js';
import { explainError, LitmusError } from '../litmus/error.js';
import { litmusModel } from '../litmus/outcomes.js';
import { parseLitmus } from '../litmus/parse.js';
import type { Model } from '../machine/model.js';
import { UsageError } from './context.js';

const EXTENSION = '.litmus';

/** A file, or all litmus files below a folder. @throws UsageError where there is none */
export function litmusFiles(path: string): string[] {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) throw new UsageError(`there is no file or folder "${path}"`);
  if (!found.isDirectory()) return [path];
  const names = readdirSync(path, { recursive: true, encoding: 'utf8' });
  const files = names.filter((name) => name.endsWith(EXTENSION)).toSorted();
  if (files.length === 0) throw new UsageError(`there is no ${EXTENSION} file in ${path}`);
  return files.map((name) => join(path, name));
}

/** A file's test. @throws UsageError with the place of a mistake */
export function readLitmus(file: string): Litmus {
  litmusFiles(file);
  return withPlace(file, () => parseLitmus(readFileSync(file, 'utf8')));
}

/** Does something with a file's test, and says where a mistake is that shows only then. */
export function withPlace<T>(file: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof LitmusError) throw new UsageError(explainError(error, file));
    throw error;
  }
}

/** The model of a file's test. */
export function litmusModelOf(file: string): { readonly name: string; readonly model: Model } {
  const test = readLitmus(file);
  return { name: test.name, model: litmusModel(test).model };
}
