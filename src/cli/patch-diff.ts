/** What a patch changes: the functions that it replaces, beside their originals, from the sources that the package brings. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createTwoFilesPatch } from 'diff';
import type { Patch } from '../kernel/scenario.js';
import { PATCHES } from '../patches/index.js';

/** The folder of the package, whether this runs from its sources or from what was built of them. */
function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** A function of a source file. */
interface Source {
  readonly file: string;
  readonly lines: readonly string[];
}

/** The lines of an object's member that begins at `start`, without its indentation, and its parameters without types. */
function memberAt(text: string, start: number, indent: number): string[] {
  const rest = text.slice(start).split('\n');
  const end = rest.findIndex((line, at) => at > 0 && line === `${' '.repeat(indent)}},`);
  const isLine = /^\s*\w+: .*,$/.test(rest[0] ?? '');
  const lines = rest.slice(0, isLine || end < 0 ? 1 : end + 1).map((line) => line.slice(indent));
  return withPlainHeader(lines.join('\n')).split('\n');
}

/** The parameters of a method by their names alone, so that a patch that leaves the types to inference looks the same. */
function withPlainHeader(member: string): string {
  const open = member.search(/^\*?\w+\(/) < 0 ? -1 : member.indexOf('(');
  if (open < 0) return member;
  let depth = 0;
  let close = open;
  const commas = [open];
  for (; close < member.length; close++) {
    const char = member[close] as string;
    if ('([{<'.includes(char)) depth++;
    else if (')]}'.includes(char) || (char === '>' && member[close - 1] !== '=')) depth--;
    if (char === ',' && depth === 1) commas.push(close);
    if (depth === 0) break;
  }
  commas.push(close);
  const names = commas
    .slice(1)
    .map((comma, at) => member.slice((commas[at] as number) + 1, comma))
    .map((parameter) => /^\s*(\w+)/.exec(parameter)?.[1] ?? '')
    .filter((name) => name !== '' && name !== 'this');
  const body = /\{[^\S\n]*(?:\n|\})/g;
  body.lastIndex = close;
  const brace = body.exec(member);
  return brace === null ? member : `${member.slice(0, open)}(${names.join(', ')}) ${member.slice(brace.index)}`;
}

function find(files: readonly string[], begins: RegExp, indent: number): Source | null {
  for (const file of files) {
    const text = readFileSync(file, 'utf8');
    const match = begins.exec(text);
    if (match !== null) return { file, lines: memberAt(text, match.index, indent) };
  }
  return null;
}

/** Where a patch has a function from: its own file, or that of another patch that it is made of. */
function filesOf(root: string, patch: Patch, name: string): string[] {
  const functionOf = (other: Patch): unknown => (other.functions as Readonly<Record<string, unknown>>)[name];
  const same = PATCHES.filter((other) => functionOf(other) === functionOf(patch));
  return [patch, ...same]
    .map((other) => join(root, 'src', 'patches', `${other.name}.ts`))
    .filter((file) => existsSync(file));
}

/**
 * The difference of a patch to the kernel, as a unified diff for each function that it replaces.
 *
 * @param file the patch's own source, if it is none of the package's
 * @example
 * console.log(patchDiff(findPatch('no-kill-retry')));
 */
export function patchDiff(patch: Patch, file?: string): string {
  const root = packageRoot();
  const kernel = filesIn(join(root, 'src', 'kernel'));
  const diffs = Object.entries(patch.functions).map(([name, replacement]) => {
    const original = find(kernel, new RegExp(`^ {2}\\*?${name}\\(\\s*this: `, 'm'), 2);
    const files = file === undefined ? filesOf(root, patch, name) : [file];
    const patched = find(files, new RegExp(`^ {4}(?:\\*?${name}\\(|${name}: )`, 'm'), 4);
    const text = (lines: readonly string[]): string => `${lines.join('\n')}\n`;
    const label = (from: string): string => relative(root, from);
    return createTwoFilesPatch(
      original === null ? name : label(original.file),
      patched === null ? patch.name : label(patched.file),
      original === null ? '' : text(original.lines),
      patched === null ? `${String(replacement)}\n` : text(patched.lines),
      undefined,
      undefined,
      { context: 3 },
    ).replace(/^=+\n/, '');
  });
  return diffs.join('');
}
