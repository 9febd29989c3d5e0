/** The project's own sources, for tests that look at how they are written. */

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { ROOT } from './build.js';

export interface SourceFile {
  /** As in the repository: `src/kernel/fork.ts`. */
  readonly path: string;
  readonly text: string;
}

/** The TypeScript files below some folders of the repository. */
export function sourcesIn(...folders: readonly string[]): SourceFile[] {
  const files: SourceFile[] = [];
  const visit = (path: string): void => {
    if (statSync(path).isDirectory()) for (const name of readdirSync(path).sort()) visit(join(path, name));
    else if (path.endsWith('.ts')) files.push({ path: relative(ROOT, path), text: readFileSync(path, 'utf8') });
  };
  for (const folder of folders) visit(join(ROOT, folder));
  return files;
}
