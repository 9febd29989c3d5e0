/**
 * Makes docs/litmus-results.md of litmus/record.json, which `npm run litmus:native` has filled, and of what the model allows:
 *
 *     npm run litmus:results
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { compare } from '../dist/src/litmus/compare.js';
import { outcomeOfText } from '../dist/src/litmus/judge.js';
import { layoutOf } from '../dist/src/litmus/layout.js';
import { allowedOutcomes } from '../dist/src/litmus/outcomes.js';
import { parseLitmus } from '../dist/src/litmus/parse.js';

const folder = new URL('../litmus/', import.meta.url);
const { kernels, tests } = JSON.parse(readFileSync(new URL('record.json', folder), 'utf8'));
const subjects = new Map();
const results = Object.entries(tests).map(([file, { iterations, unsettled, observed }]) => {
  const test = parseLitmus(readFileSync(new URL(file, folder), 'utf8'));
  const layout = layoutOf(test);
  const outcomes = Object.entries(observed).map(([text, count]) => [
    text,
    { values: outcomeOfText(layout, text), count },
  ]);
  const allowed = allowedOutcomes(test);
  const run = { iterations, unsettled, observed: new Map(outcomes), isolation: 'namespace' };
  const result = { name: test.name, iterations, ...compare(allowed, run) };
  for (const subject of [dirname(file), 'total']) {
    const sums = subjects.get(subject) ?? { tests: 0, exhaustive: 0, iterations: 0, seen: 0, unseen: 0, not: 0 };
    sums.tests++;
    sums.exhaustive += Number(allowed.exhaustive);
    sums.iterations += iterations;
    sums.seen += result.seen.length;
    sums.unseen += result.unseen.length;
    sums.not += result.notAllowed.length;
    subjects.set(subject, sums);
  }
  return result;
});

const total = subjects.get('total');
subjects.delete('total');
const number = (value) => value.toLocaleString('en-US');
const row = (subject, { tests: count, exhaustive, iterations, seen, unseen, not }) =>
  `| ${subject} | ${count} | ${exhaustive} | ${number(iterations)} | ${seen + unseen} | ${seen} | ${((100 * seen) / (seen + unseen)).toFixed(1)} % | ${not} |`;
const section = (title, lines) => (lines.length === 0 ? [] : [`## ${title}`, '', ...lines, '']);
const listed = (pick) => results.flatMap((result) => pick(result).map((text) => `- ${result.name}: \`${text}\``));
const noted = (pick) =>
  results.flatMap((result) => pick(result).map(({ outcome, note }) => `- ${result.name}: \`${outcome}\`. ${note}`));
const fewest = results.reduce((least, { iterations }) => Math.min(least, iterations), Number.POSITIVE_INFINITY);
const text = [
  '# The collection of litmus tests on one host',
  '',
  `Made by \`npm run litmus:results\` from runs on ${kernels.join(' and ')}, at least ${number(fewest)} iterations of each test. An outcome is`,
  'allowed if the simulated kernel of Linux 5.3.1 has it, and no note says that newer kernels do not. "Exhaustive" are the tests',
  'of which every inequivalent execution was made within the limits of their run.',
  '',
  '| subject | tests | exhaustive | iterations | allowed outcomes | seen natively | share | not allowed |',
  '| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
  ...[...subjects].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([subject, sums]) => row(subject, sums)),
  row('total', total),
  '',
  ...section(
    'Seen, and not allowed',
    listed(({ notAllowed }) => notAllowed),
  ),
  ...section(
    'Seen, and explained by a note',
    noted(({ explained }) => explained),
  ),
  ...section(
    'Allowed, and gone in a newer kernel',
    noted(({ excluded }) => excluded),
  ),
  ...section(
    'Allowed, and never seen: rare, or wrong',
    listed(({ unseen }) => unseen),
  ),
].join('\n');
writeFileSync(new URL('../docs/litmus-results.md', import.meta.url), text);
