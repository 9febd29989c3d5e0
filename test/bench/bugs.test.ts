import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type BugsResult, CONTENDERS, runBugs, withMeasured, withTables } from '../../bench/bugs.js';
import { bugsTable, publishedTable } from '../../bench/bugs-table.js';
import { BUGGY_MODELS } from '../../bench/models/index.js';

const PAGE = readFileSync('docs/benchmarks.md', 'utf8');
const ROWS = readFileSync('bench/bugs.jsonl', 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as BugsResult);
const NAMES = CONTENDERS.map(({ name }) => name);

/** The cells of the rows of all tables in a text, without the rules. */
function cells(text: string): string[][] {
  return text
    .split('\n')
    .filter((line) => /^\| [^-]/.test(line))
    .map((line) => line.split('|').map((cell) => cell.trim()));
}

function resultOf(model: string, contender: string, executions: number[]): BugsResult {
  return { model, threads: 3, needed: [{ contender, executions, missed: 0, untried: 0 }] };
}

afterEach(() => vi.restoreAllMocks());

describe('what the benchmark of bugs keeps', () => {
  it('has a row for each model, and a figure for each strategy', () => {
    expect(ROWS.map(({ model }) => model)).toEqual(BUGGY_MODELS.map(({ name }) => name));
    for (const { needed } of ROWS) expect(needed.map(({ contender }) => contender)).toEqual(NAMES);
  });

  it('stays where one strategy is measured again on one model', () => {
    const rows = withMeasured(ROWS, resultOf('stack', 'rff', [7]));
    const changed = rows.filter((row, at) => JSON.stringify(row) !== JSON.stringify(ROWS[at]));
    expect(rows).toHaveLength(ROWS.length);
    expect(changed.map(({ model }) => model)).toEqual(['stack']);
    const others = (row: BugsResult | undefined) => row?.needed.filter(({ contender }) => contender !== 'rff');
    expect(others(changed[0])).toEqual(others(ROWS.find(({ model }) => model === 'stack')));
    expect(changed[0]?.needed.find(({ contender }) => contender === 'rff')?.executions).toEqual([7]);
  });

  it('begins with a row where nothing is known', () => {
    const measured = resultOf('stack', 'pos', [1, 2]);
    expect(withMeasured([], measured)).toEqual([measured]);
  });
});

describe('docs/benchmarks.md', () => {
  it('has what was measured and what was published', () => {
    const page = new Set(cells(PAGE).map(String));
    for (const row of cells(bugsTable(ROWS, NAMES) + publishedTable())) expect(page).toContain(String(row));
  });

  it('stays as it is around the tables', () => {
    const made = withTables(PAGE, withMeasured(ROWS, resultOf('stack', 'rff', [7])));
    expect(cells(made)).toHaveLength(cells(PAGE).length);
    const around = (text: string) => text.split('\n').filter((line) => !line.startsWith('|'));
    expect(around(made)).toEqual(around(PAGE));
  });

  it('is not written where it has no place for them', () => {
    expect(() => withTables('# Benchmarks\n', ROWS)).toThrow('has no place for the tables');
  });
});

describe('the table', () => {
  it('has an empty cell where a model was not measured with a strategy', () => {
    const text = bugsTable([resultOf('stack', 'pos', [1, 2, 6])], ['random', 'pos']);
    expect(cells(text)[1]).toEqual(['', 'stack', '3', '', '3.0 (2)', '3.0 pos', '1.6 RFF: missed', '']);
  });

  it('says of how many trials a published mean is, where not all found the bug', () => {
    const text = bugsTable([resultOf('SafeStack', 'rff', [1000, 3000])], ['rff']);
    expect(cells(text)[1]?.at(-2)).toBe('368919.6 SURW, 19 of 20: met');
  });
});

describe('npm run bench -- bugs', () => {
  it.each([
    [['stacks'], 'there is no model or strategy "stacks"'],
    [['stack', '--seconds', 'two'], '--seconds is more than 0, not "two"'],
    [['stack', '--second', '2'], "Unknown option '--second'"],
  ])('refuses %j', (args, message) => {
    const error = vi.spyOn(console, 'error').mockImplementation(() => {});
    expect(runBugs(args)).toBe(2);
    expect(error.mock.calls[0]?.[0]).toContain(message);
  });
});
