/** Which part of the project imports which, and what must not be named in which. */

import { posix } from 'node:path';
import ts from 'typescript';
import type { SourceFile } from './source.js';

/** What each part may import, besides itself. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  'src/memory': [],
  'src/sync': ['src/memory'],
  'src/machine': ['src/sync', 'src/memory'],
  'src/model': ['src/machine', 'src/sync', 'src/memory'],
  'src/explore': ['src/machine', 'src/sync', 'src/memory'],
  'src/trace': ['src/explore', 'src/machine', 'src/sync', 'src/memory'],
  'src/kernel': ['src/sync', 'src/memory'],
  'src/patches': ['src/kernel', 'src/sync', 'src/memory'],
  // A user's own files: scenarios, patches and models.
  'src/files': ['scenarios', 'src/index.ts', 'src/machine', 'src/patches', 'src/kernel', 'src/sync', 'src/memory'],
  scenarios: ['src/patches', 'src/kernel', 'src/sync', 'src/memory'],
  'src/litmus': ['src/explore', 'src/kernel', 'src/machine', 'src/sync', 'src/memory'],
  'src/cli': [
    'src/files',
    'src/litmus',
    'scenarios',
    'src/trace',
    'src/explore',
    'src/model',
    'src/machine',
    'src/patches',
    'src/kernel',
    'src/sync',
    'src/memory',
  ],
  // The public API: names of every part.
  'src/index.ts': [
    'scenarios',
    'src/cli',
    'src/files',
    'src/litmus',
    'src/explore',
    'src/model',
    'src/machine',
    'src/kernel',
    'src/sync',
    'src/memory',
  ],
  // The entry points of threads: they put a machine and a scenario together.
  workers: ['scenarios', 'src/files', 'src/trace', 'src/explore', 'src/machine', 'src/sync', 'src/memory'],
};

/** What an execution must not depend on: time, chance, and the process around it. */
const FORBIDDEN = ['Date', 'performance', 'process', 'setTimeout', 'setInterval', 'setImmediate', 'crypto'];

function parse({ path, text }: SourceFile): ts.SourceFile {
  return ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
}

function lineOf(file: ts.SourceFile, node: ts.Node): number {
  return file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1;
}

/** The modules that a file names in `import`, `export … from` and `import()`, types included. */
export function importsOf(source: SourceFile): { readonly module: string; readonly line: number }[] {
  const file = parse(source);
  const found: { module: string; line: number }[] = [];
  const note = (node: ts.Node, module: ts.Node | undefined): void => {
    if (module !== undefined && ts.isStringLiteral(module)) {
      found.push({ module: module.text, line: lineOf(file, node) });
    }
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) note(node, node.moduleSpecifier);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      note(node, node.arguments[0]);
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) note(node, node.argument.literal);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

/** The part of the project that a path lies in, or null for one outside all of them. */
export function partOf(path: string): string | null {
  const [first = '', second = ''] = path.split('/');
  if (/^src\/index\.[jt]s$/.test(path)) return 'src/index.ts';
  const part = first === 'src' ? `src/${second}` : first;
  return part in ALLOWED ? part : null;
}

/** What is wrong with a file's imports, a sentence each. */
export function wrongImports(source: SourceFile): string[] {
  const part = partOf(source.path);
  if (part === null) return [`${source.path} is in no part of the project that the test knows`];
  return importsOf(source).flatMap(({ module, line }) => {
    if (!module.startsWith('.')) return [];
    const target = partOf(posix.join(posix.dirname(source.path), module));
    if (target === part || (target !== null && ALLOWED[part]?.includes(target))) return [];
    return [`${source.path}:${line}: ${part} may not import ${module}`];
  });
}

/** Where a file names something that an execution must not depend on. */
export function forbiddenNames(source: SourceFile): string[] {
  const file = parse(source);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node) && FORBIDDEN.includes(node.text) && !isOwnName(node)) {
      found.push(`${source.path}:${lineOf(file, node)}: ${node.text}`);
    }
    if (ts.isPropertyAccessExpression(node) && node.getText(file) === 'Math.random') {
      found.push(`${source.path}:${lineOf(file, node)}: Math.random`);
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  for (const { module, line } of importsOf(source)) {
    if (/^(?:node:)?(?:crypto|process|timers|perf_hooks)(?:\/|$)/.test(module)) {
      found.push(`${source.path}:${line}: ${module}`);
    }
  }
  return found;
}

/** A property or method of the project's own that happens to have the name: `setup.process('leader')`. */
function isOwnName(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) {
    return parent.name === node && parent.expression.getText() !== 'globalThis';
  }
  const isMember =
    ts.isMethodDeclaration(parent) ||
    ts.isMethodSignature(parent) ||
    ts.isPropertyDeclaration(parent) ||
    ts.isPropertySignature(parent) ||
    ts.isPropertyAssignment(parent);
  return isMember && parent.name === node;
}
