/** `siglab explore all`: the whole collection, each scenario on the kernel as it is and with each patch. */

import Table from 'cli-table3';
import {
  count,
  countOf,
  EXIT_HOLDS,
  EXIT_INTERRUPTED,
  EXIT_VIOLATED,
  expectWritable,
  paint,
  positiveNumber,
  print,
  printJson,
  progressBar,
  UsageError,
  watchInterrupt,
  wholeNumber,
} from './context.js';
import type { ExploreFlags } from './explore.js';
import { type TestCase, writeJunit } from './junit.js';
import { ROWS, type RowResult, rowName, verifyRow } from './races.js';

/** Limits of each row, if none are given. */
const SCHEDULES = 100_000;
const SECONDS = 60;

export async function exploreAllCommand(flags: ExploreFlags, workers: number): Promise<number> {
  const taken = {
    '--strategy': flags.strategy,
    '--preemptions': flags.preemptions,
    '--cpus': flags.cpus,
    '--resume': flags.resume,
  };
  const wrong = Object.entries(taken).find(([, value]) => value !== undefined)?.[0];
  if (wrong !== undefined || (flags.patch ?? []).length > 0) {
    throw new UsageError(`explore all takes each scenario with each of its patches: leave ${wrong ?? '--patch'} out`);
  }
  if (flags.junit !== undefined) expectWritable('--junit', flags.junit);
  const interrupt = watchInterrupt();
  const limits = {
    schedules: flags.schedules === undefined ? SCHEDULES : wholeNumber('--schedules', flags.schedules, 1),
    seconds: flags.seconds === undefined ? SECONDS : positiveNumber('--seconds', flags.seconds),
    seed: wholeNumber('--seed', flags.seed, 0, 0xffffffff),
    workers,
    interrupted: interrupt.pressed,
  };
  const bar = progressBar('exploring the collection', ROWS.length);
  const results: RowResult[] = [];
  try {
    for (const row of ROWS) {
      if (interrupt.pressed()) break;
      results.push(await verifyRow(row, limits));
      bar.update(results.length);
    }
  } finally {
    bar.stop();
    interrupt.stop();
  }
  const failed = results.filter(({ isRight }) => !isRight);
  if (flags.json === true)
    printJson({ rows: results.map(rowDocument), verdict: failed.length === 0 ? 'holds' : 'violated' });
  else printTable(results, failed.length);
  if (flags.junit !== undefined) writeJunit(flags.junit, results.map(testCase));
  if (interrupt.pressed()) return EXIT_INTERRUPTED;
  return failed.length === 0 ? EXIT_HOLDS : EXIT_VIOLATED;
}

function printTable(results: readonly RowResult[], failed: number): void {
  const table = new Table({
    head: ['scenario', 'executions', 'result', 'found in', 'switches'],
    colAligns: ['left', 'right', 'left', 'right', 'right'],
    style: { head: [], border: [], 'padding-left': 1, 'padding-right': 1, compact: true },
  });
  for (const { row, exploration, isRight, verdict, minimized } of results) {
    const found = exploration.found === null ? '' : count(exploration.found.execution);
    const name = row.patch === null ? row.scenario.name : `  + ${row.patch.name}`;
    const switches = minimized === null ? '' : String(minimized.preemptions);
    table.push([name, count(exploration.executions), paint(isRight ? 'green' : 'red', verdict), found, switches]);
  }
  print(table.toString());
  const rows = `${results.length} of ${ROWS.length} rows`;
  print(
    failed === 0
      ? paint('green', `${rows}, all as they must be`)
      : paint('red', `${rows}, ${failed} not as they must be`),
  );
}

function rowDocument({ row, exploration, isRight, verdict, minimized, minimalToken, witnesses }: RowResult): object {
  const { executions, redundant, exhausted, phases, seconds, outcomes, found } = exploration;
  return {
    scenario: row.scenario.name,
    patches: row.patch === null ? [] : [row.patch.name],
    executions,
    redundant,
    exhaustive: exhausted,
    bound: phases.at(-1)?.bound ?? null,
    seconds,
    outcomes,
    asExpected: isRight,
    verdict,
    witnesses: Object.fromEntries(witnesses.map(({ outcome, token }) => [outcome, token])),
    violation:
      found === null || minimized === null
        ? null
        : {
            kind: found.violation.kind,
            message: minimized.violation.message,
            foundAtExecution: found.execution,
            minimalToken,
            switches: minimized.preemptions,
            steps: minimized.steps,
          },
  };
}

function testCase({ row, exploration, isRight, verdict, minimized, minimalToken }: RowResult): TestCase {
  const { seconds, executions } = exploration;
  const message = minimized?.violation.message ?? verdict;
  const kind = minimized?.violation.kind ?? 'not found';
  const replay = minimalToken === null ? '' : `\nsiglab replay ${minimalToken}`;
  return {
    suite: row.scenario.name,
    name: rowName(row),
    seconds,
    failure: isRight ? null : { kind, message, text: `${verdict}: ${message}${replay}` },
    output: `${verdict}, ${countOf(executions, 'execution')}${replay}`,
  };
}
