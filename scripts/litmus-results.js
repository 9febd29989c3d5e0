/**
 * Makes docs/litmus-results.md of what `siglab litmus litmus --native --json` printed. Of several files a later one
 * replaces what an earlier one says of a test:
 *
 *     npx siglab litmus litmus --native --json > results.json; node scripts/litmus-results.js results.json
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';

const documents = process.argv.slice(2).map((path) => JSON.parse(readFileSync(path, 'utf8')));
const results = [...new Map(documents.flat().map((result) => [result.file, result])).values()];
const subjects = new Map();
for (const { file, allowed, native, exhaustive } of results) {
  for (const subject of [basename(dirname(file)), 'total']) {
    const sums = subjects.get(subject) ?? { tests: 0, exhaustive: 0, iterations: 0, allowed: 0, seen: 0, not: 0 };
    sums.tests++;
    sums.exhaustive += Number(exhaustive);
    sums.iterations += native.iterations;
    sums.allowed += allowed.length;
    sums.seen += allowed.length - native.unseen.length;
    sums.not += native.notAllowed.length;
    subjects.set(subject, sums);
  }
}
const total = subjects.get('total');
subjects.delete('total');
const number = (value) => value.toLocaleString('en-US');
const row = (subject, { tests, exhaustive, iterations, allowed, seen, not }) =>
  `| ${subject} | ${tests} | ${exhaustive} | ${number(iterations)} | ${allowed} | ${seen} | ${((100 * seen) / allowed).toFixed(1)} % | ${not} |`;
const listed = (pick) => results.flatMap((result) => pick(result).map((text) => `- ${result.name}: \`${text}\``));
const section = (title, lines) => (lines.length === 0 ? [] : [`## ${title}`, '', ...lines, '']);
const text = [
  '# The collection of litmus tests on one host',
  '',
  `Made by \`scripts/litmus-results.js\` from runs on ${results[0].native.kernel}. An outcome is allowed if the simulated kernel of`,
  'Linux 5.3.1 has it. "Exhaustive" are the tests of which every inequivalent execution was made within the limits of its run.',
  '',
  '| subject | tests | exhaustive | iterations | allowed outcomes | seen natively | share | not allowed |',
  '| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
  ...[...subjects].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([subject, sums]) => row(subject, sums)),
  row('total', total),
  '',
  ...section(
    'Seen, and not allowed',
    listed(({ native }) => native.notAllowed),
  ),
  ...section(
    'Seen, and explained by a newer kernel',
    results.flatMap(({ name, native }) =>
      native.explained.map(({ outcome, note }) => `- ${name}: \`${outcome}\`. ${note}`),
    ),
  ),
  ...section(
    'Allowed, and never seen: rare, or wrong',
    listed(({ native }) => native.unseen),
  ),
].join('\n');
writeFileSync(new URL('../docs/litmus-results.md', import.meta.url), text);
