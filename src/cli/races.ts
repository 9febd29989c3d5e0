/** The collection of races, verified row by row: each scenario on the kernel as it is, and with each patch. */

import { modelOf, SCENARIOS } from '../../scenarios/catalog.js';
import type { Exploration } from '../explore/explore.js';
import { type Minimized, minimize } from '../explore/minimize.js';
import { threadPool } from '../explore/shards/pool.js';
import { ownThread } from '../explore/shards/runner.js';
import { type SearchOptions, searchInShards } from '../explore/shards/search.js';
import { encodeToken } from '../explore/token.js';
import type { Breaking, Scenario } from '../kernel/scenario.js';
import { ControlledMachine } from '../machine/controlled.js';
import { explorerCode } from './workers.js';

/** A scenario on the kernel as it is, or with a patch. */
export interface Row {
  readonly scenario: Scenario;
  /** Null for the kernel as it is. */
  readonly patch: Breaking | null;
}

export const ROWS: readonly Row[] = SCENARIOS.flatMap((scenario) => [
  { scenario, patch: null },
  ...scenario.patches.map((patch) => ({ scenario, patch })),
]);

/** What a row is called: `kill-vs-exec`, `kill-vs-exec + no-kill-retry`. */
export function rowName({ scenario, patch }: Row): string {
  return patch === null ? scenario.name : `${scenario.name} + ${patch.name}`;
}

export interface RowResult {
  readonly row: Row;
  readonly exploration: Exploration;
  /** Everything is as the scenario says. */
  readonly isRight: boolean;
  /** What came out, in a few words. */
  readonly verdict: string;
  /** Of a violation: the simplest schedule. */
  readonly minimized: Minimized | null;
  readonly minimalToken: string | null;
  /** Of the kernel as it is: a token for each outcome. */
  readonly witnesses: readonly { readonly outcome: string; readonly token: string }[];
}

export interface RowLimits {
  /** Executions at most of each search. */
  readonly schedules: number;
  readonly seconds?: number;
  readonly seed?: number;
  readonly workers?: number;
  readonly interrupted?: () => boolean;
}

/** Preemptions at most of the searches that stand in where the whole space is too large. */
const MOST_PREEMPTIONS = 2;

/** Explores a row until it is decided, or a limit is reached. */
export async function verifyRow(row: Row, limits: RowLimits): Promise<RowResult> {
  const { scenario, patch } = row;
  const description = {
    scenario: scenario.name,
    patches: patch === null ? [] : [patch.name],
    cpus: scenario.cpus,
  };
  const { workers = 1, ...options } = limits;
  const model = modelOf(description);
  const runner = workers === 1 ? ownThread(model) : threadPool(explorerCode(description), workers);
  const tokenOf = (schedule: Uint8Array): string => encodeToken({ ...description, schedule });
  try {
    const exploration = await searchRow(row, (more) => searchInShards(runner, { ...options, ...more }));
    const { found } = exploration;
    const minimized = found === null ? null : minimize(new ControlledMachine(model), found.schedule);
    const minimalToken = minimized === null ? null : tokenOf(minimized.schedule);
    const { isRight, verdict } = judge(row, exploration);
    const outcomes = patch === null && found === null ? Object.entries(exploration.witnesses) : [];
    const witnesses = outcomes
      .map(([outcome, schedule]) => ({ outcome, token: tokenOf(schedule) }))
      .toSorted((a, b) => (a.outcome < b.outcome ? -1 : 1));
    return { row, exploration, isRight, verdict, minimized, minimalToken, witnesses };
  } finally {
    await runner.dispose();
  }
}

type SearchRow = (options: Pick<SearchOptions, 'strategy' | 'preemptions'>) => ReturnType<typeof searchInShards>;

async function searchRow({ scenario, patch }: Row, search: SearchRow): Promise<Exploration> {
  const { bound } = scenario;
  if (patch === null && bound !== undefined) {
    return (await search({ strategy: 'dfs', preemptions: bound.preemptions })).exploration;
  }
  const { exploration } = await search({});
  const { found, exhausted, interrupted } = exploration;
  if (found !== null || exhausted || interrupted) return exploration;
  // Too large: what can be said of few preemptions?
  let best = exploration;
  for (let preemptions = 0; preemptions <= MOST_PREEMPTIONS; preemptions++) {
    const { exploration: bounded } = await search({ strategy: 'dfs', preemptions });
    best = {
      ...(bounded.exhausted ? bounded : best),
      found: bounded.found === null ? null : { ...bounded.found, execution: best.executions + bounded.found.execution },
      interrupted: bounded.interrupted,
      seconds: best.seconds + bounded.seconds,
      executions: best.executions + bounded.executions,
      witnesses: { ...bounded.witnesses, ...best.witnesses },
    };
    if (!bounded.exhausted || bounded.found !== null) break;
  }
  return best;
}

function judge({ scenario, patch }: Row, exploration: Exploration): Pick<RowResult, 'isRight' | 'verdict'> {
  const { found, exhausted, phases, witnesses } = exploration;
  const kind = found?.violation.kind ?? null;
  const expected = patch?.kind ?? scenario.expected ?? null;
  if (expected !== null) {
    if (kind === null) return { isRight: false, verdict: `nothing found, where ${expected} was expected` };
    return patch === null
      ? { isRight: kind === expected, verdict: `${kind}, as it must be` }
      : { isRight: true, verdict: `caught: ${kind}` };
  }
  if (kind !== null) return { isRight: false, verdict: `violated: ${kind}` };
  const missing = (scenario.possible ?? []).filter(({ outcome }) => witnesses[outcome] === undefined);
  if (missing.length > 0) {
    return { isRight: false, verdict: `not seen: ${missing.map(({ outcome }) => outcome).join('; ')}` };
  }
  const bound = phases.at(-1)?.bound ?? null;
  if (!exhausted) return { isRight: true, verdict: 'holds so far, not covered' };
  return { isRight: true, verdict: bound === null ? 'verified' : `verified, ${bound}` };
}
