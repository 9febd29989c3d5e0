/** How `siglab litmus` prints what became of a test, and of many. */

import { basename, dirname } from 'node:path';
import Table from 'cli-table3';
import { hostKernel } from '../litmus/native.js';
import { count, countOf, paint, print } from './context.js';
import { isRight, type LitmusResult } from './litmus.js';

/** A test with its outcomes, one a line. */
export function printReport({ file, allowed, native, refused }: LitmusResult): void {
  const { test } = allowed;
  print(`${paint('bold', test.name)}  ${test.page}  ${file}`);
  print(`  ${test.question}`);
  for (const { text } of test.notes) print(`  note: ${text}`);
  print();
  print(`  ${native === null ? '' : 'native seen  '}allowed outcome`);
  for (const { text, satisfies, witness } of allowed.outcomes) {
    const seen = native === null ? '' : `${count(native.observed.get(text)?.count ?? 0).padStart(11)}  `;
    print(`  ${seen}${satisfies ? '*' : ' '} ${text}  ${paint('dim', witness)}`);
  }
  for (const { outcome, note } of native?.excluded ?? []) print(`  not on a newer kernel: ${outcome}: ${note}`);
  for (const { outcome, note } of native?.explained ?? []) {
    print(`  ${count(native?.observed.get(outcome)?.count ?? 0).padStart(11)}  ${outcome}  newer kernel: ${note}`);
  }
  for (const outcome of native?.notAllowed ?? []) {
    const what = allowed.exhaustive ? 'not allowed' : 'not found by a search that did not end';
    print(`  ${count(native?.observed.get(outcome)?.count ?? 0).padStart(11)}  ${paint('red', `${outcome}  ${what}`)}`);
  }
  print();
  const space = allowed.exhaustive
    ? `every inequivalent execution was made: ${count(allowed.executions)}`
    : `not exhaustive: ${countOf(allowed.executions, 'execution')}, and there may be other outcomes`;
  print(`  ${space}`);
  const verdict = allowed.holds ? paint('green', 'holds') : paint('red', 'does not hold');
  print(`  ${test.quantifier} ${test.conditionText}: ${verdict}  (* where the condition is true)`);
  if (allowed.violation !== null) print(`  ${paint('red', allowed.violation)}`);
  if (refused !== null) print(`  not run natively: ${refused}`);
  if (native !== null) {
    const unsettled = native.unsettled === 0 ? '' : `, ${count(native.unsettled)} of which did not come to rest`;
    print(
      `  ${hostKernel()}: ${countOf(native.iterations, 'iteration')}${unsettled}; tasks in a ${native.isolation} of their own`,
    );
  }
  print();
}

/** A table of all tests, and the totals by folder. */
export function printSummary(results: readonly LitmusResult[]): void {
  const withNative = results.some(({ native, refused }) => native !== null || refused !== null);
  const table = new Table({
    head: ['test', 'executions', 'allowed', 'condition', ...(withNative ? ['seen', 'not allowed', 'iterations'] : [])],
    style: { head: [], border: [], compact: true },
  });
  for (const { allowed, native, refused } of results) {
    table.push([
      allowed.test.name,
      `${count(allowed.executions)}${allowed.exhaustive ? '' : '+'}`,
      allowed.outcomes.length,
      allowed.violation !== null ? 'violation' : allowed.holds ? 'holds' : 'fails',
      ...(native === null
        ? [refused === null ? '' : 'not run']
        : [`${native.seen.length}/${allowed.outcomes.length}`, native.notAllowed.length, count(native.iterations)]),
    ]);
  }
  print(table.toString());
  const right = results.filter(isRight).length;
  const bounded = results.filter(({ allowed }) => !allowed.exhaustive).length;
  print(`${countOf(results.length, 'test')}, ${count(right)} as they should be`);
  if (bounded > 0) print(`${count(bounded)} not exhaustive (+): there may be other outcomes`);
  for (const { refused } of results) if (refused !== null) print(`not run natively: ${refused}`);
  if (withNative) printCoverage(results);
}

/** How many of the allowed outcomes the host has shown, by subject and in total; and those that it has not. */
function printCoverage(results: readonly LitmusResult[]): void {
  const subjects = new Map<string, { seen: number; allowed: number }>();
  const unseen: string[] = [];
  for (const { file, allowed, native } of results) {
    if (native === null) continue;
    for (const subject of [basename(dirname(file)), 'total']) {
      const { seen, allowed: all } = subjects.get(subject) ?? { seen: 0, allowed: 0 };
      subjects.set(subject, {
        seen: seen + native.seen.length,
        allowed: all + native.seen.length + native.unseen.length,
      });
    }
    unseen.push(...native.unseen.map((outcome) => `${allowed.test.name}: ${outcome}`));
  }
  print(`\nallowed outcomes that ${hostKernel()} has shown`);
  const total = subjects.get('total');
  subjects.delete('total');
  for (const [subject, { seen, allowed }] of subjects) print(`  ${subject.padEnd(16)} ${seen} of ${allowed}`);
  if (total !== undefined) {
    const share = ((100 * total.seen) / total.allowed).toFixed(1);
    print(`  ${'total'.padEnd(16)} ${total.seen} of ${total.allowed} (${share} %)`);
  }
  if (unseen.length > 0) print(`\nnever seen: rare, or wrong\n${unseen.map((line) => `  ${line}`).join('\n')}`);
}
