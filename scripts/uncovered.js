/**
 * Names the branches of the kernel that no test has taken, after a test run with coverage, each with the reason that
 * `scripts/uncovered.json` gives for it. Fails where a branch has none there, and where one that has is taken after all.
 */

import { readFileSync } from 'node:fs';
import { relative } from 'node:path';

const coverage = JSON.parse(readFileSync('coverage/coverage-final.json', 'utf8'));
/** By reason: `path [which] line of the source`. */
const named = new Map(
  Object.entries(JSON.parse(readFileSync('scripts/uncovered.json', 'utf8'))).flatMap(([why, branches]) =>
    branches.map((branch) => [branch, why]),
  ),
);
const untaken = new Map();
let taken = 0;
let all = 0;
for (const [file, { branchMap, b }] of Object.entries(coverage)) {
  const source = readFileSync(file, 'utf8').split('\n');
  for (const [id, { type, loc, locations }] of Object.entries(branchMap)) {
    b[id].forEach((count, index) => {
      all++;
      if (count > 0) {
        taken++;
        return;
      }
      const line = locations[index]?.start.line ?? loc.start.line;
      const which = type === 'if' ? (index === 0 ? 'taken' : 'not taken') : `${type} ${index}`;
      const branch = `${relative('.', file)} [${which}] ${(source[line - 1] ?? '').trim()}`;
      untaken.set(branch, line);
    });
  }
}
const nameless = [];
for (const [branch, line] of untaken) {
  const why = named.get(branch);
  if (why === undefined) nameless.push(branch);
  const [path, ...rest] = branch.split(' ');
  console.log(`${path}:${line} ${rest.join(' ')}\n    ${why ?? 'NOT NAMED in scripts/uncovered.json'}`);
}
const stale = [...named.keys()].filter((branch) => !untaken.has(branch));
for (const branch of stale) console.log(`${branch}\n    TAKEN, though scripts/uncovered.json says that it is not`);
console.log(`\n${taken} of ${all} branches taken: ${((100 * taken) / all).toFixed(2)} %`);
console.log(`${untaken.size} different lines with a branch that is not: ${nameless.length} of them not named`);
if (nameless.length > 0 || stale.length > 0) process.exitCode = 1;
