/** The types of a user's file, checked by the user's TypeScript, or by siglab's own where it is installed with it. */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type ts from 'typescript';
import { explainMistake } from './error.js';

/** What a check of the types came to: mistakes as they are printed, or null where there is no TypeScript to ask. */
export type TypeCheck = readonly string[] | null;

/** Mistakes told at most. */
const MOST = 5;

function typescriptFor(file: string): typeof ts | null {
  for (const from of [file, fileURLToPath(import.meta.url)]) {
    try {
      const found: typeof ts = createRequire(from)('typescript');
      // A compiler without this interface cannot be asked.
      if (typeof found.createProgram === 'function') return found;
    } catch {
      // Not installed there.
    }
  }
  return null;
}

/** What `import … from 'siglab'` stands for: the declarations that were built of this package's sources. */
function declarations(): string {
  const built = import.meta.url.endsWith('.ts') ? '../../dist/src/index.d.ts' : '../index.d.ts';
  return fileURLToPath(new URL(built, import.meta.url));
}

/**
 * Checks a file's types, as strictly as siglab's own are.
 *
 * @param file an absolute path
 */
export function checkTypes(file: string): TypeCheck {
  const compiler = typescriptFor(file);
  if (compiler === null) return null;
  const program = compiler.createProgram([file], {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    target: compiler.ScriptTarget.ES2023,
    lib: ['lib.es2023.d.ts', 'lib.dom.d.ts', 'lib.esnext.disposable.d.ts'],
    module: compiler.ModuleKind.ESNext,
    moduleResolution: compiler.ModuleResolutionKind.Bundler,
    moduleDetection: compiler.ModuleDetectionKind.Force,
    allowImportingTsExtensions: true,
    types: [],
    paths: { siglab: [declarations()] },
  });
  const found = compiler
    .getPreEmitDiagnostics(program)
    .filter(({ category }) => category === compiler.DiagnosticCategory.Error);
  const told = found.slice(0, MOST).map((mistake) => {
    const what = compiler.flattenDiagnosticMessageText(mistake.messageText, '\n  ');
    if (mistake.file === undefined || mistake.start === undefined) return `${file}: ${what}`;
    const { line, character } = mistake.file.getLineAndCharacterOfPosition(mistake.start);
    const { fileName } = mistake.file;
    return explainMistake(
      { file: fileName, line: line + 1, column: character + 1 },
      what,
      readFileSync(fileName, 'utf8'),
    );
  });
  const more = found.length - told.length;
  return more > 0 ? [...told, `and ${more} more`] : told;
}
