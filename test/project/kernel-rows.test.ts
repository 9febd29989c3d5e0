/** Each row of what must hold of the kernel has tests that there are, and patches that the collection catches. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { SCENARIOS } from '../../scenarios/catalog.js';
import { ROOT } from '../support/build.js';
import { ELSEWHERE, kernelFiles } from '../support/kernel-doc.js';
import { KERNEL_PARTS } from '../support/kernel-rows.js';

/** The titles of tests in a file: arguments of `test` and `it`, and the names of cases. */
function titlesIn(file: string): ReadonlySet<string> {
  const text = readFileSync(join(ROOT, 'test', `${file}.test.ts`), 'utf8');
  const titles = new Set<string>();
  const isText = (node: ts.Node | undefined): node is ts.StringLiteralLike =>
    node !== undefined && ts.isStringLiteralLike(node);
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node)) {
      const [first, second] = node.arguments;
      const callee = node.expression.getText();
      if (/^(?:test|it)\b/.test(callee) && isText(first)) titles.add(first.text);
      if (callee === 'checkCall' && second !== undefined && ts.isObjectLiteralExpression(second)) {
        for (const { name } of second.properties) if (isText(name)) titles.add(name.text);
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true));
  return titles;
}

const there = new Set(kernelFiles().flatMap(({ functions }) => functions.map(({ name }) => name)));
const rows = KERNEL_PARTS.flatMap((part) => part.rows);
const patchesOf = new Map(SCENARIOS.map(({ name, patches }) => [name, patches.map((patch) => patch.name)]));

describe.each(rows)('$functions', ({ functions, tests, races = {} }) => {
  it('are functions that there are', () => {
    for (const name of functions.split(' ')) expect(there.has(name) || name in ELSEWHERE, name).toBe(true);
  });

  it('have tests, each in its file', () => {
    expect(Object.values(tests).flat().length).toBeGreaterThan(0);
    for (const [file, titles] of Object.entries(tests)) {
      const found = titlesIn(file);
      for (const title of titles) expect(found.has(title), `${file}: ${title}`).toBe(true);
    }
  });

  it('have races in the collection, with the patches that it catches', () => {
    for (const [scenario, patches] of Object.entries(races)) {
      expect(patchesOf.get(scenario) ?? [], scenario).toEqual(expect.arrayContaining([...patches]));
    }
  });
});
