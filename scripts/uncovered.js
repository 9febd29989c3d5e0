/** Names the branches of the kernel that no test has taken, after a test run with coverage. */

import { readFileSync } from 'node:fs';
import { relative } from 'node:path';

const coverage = JSON.parse(readFileSync('coverage/coverage-final.json', 'utf8'));
let taken = 0;
let all = 0;
const lines = [];
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
      lines.push(`${relative('.', file)}:${line} [${which}] ${(source[line - 1] ?? '').trim()}`);
    });
  }
}
console.log(lines.join('\n'));
console.log(`\n${taken} of ${all} branches taken: ${((100 * taken) / all).toFixed(2)} %`);
