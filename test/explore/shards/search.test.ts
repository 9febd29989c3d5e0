import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { modelOf } from '../../../scenarios/catalog.js';
import { explorerCode } from '../../../src/cli/workers.js';
import { type Exploration, explore } from '../../../src/explore/explore.js';
import { threadPool } from '../../../src/explore/shards/pool.js';
import { ownThread, type ShardRunner } from '../../../src/explore/shards/runner.js';
import { type SearchOptions, type SearchState, searchInShards } from '../../../src/explore/shards/search.js';
import type { Model } from '../../../src/machine/model.js';
import { defineModel } from '../../../src/model/define.js';
import { ensureBuilt } from '../../support/build.js';
import { programsModel, randomPrograms } from '../../support/random-model.js';

async function searchHere(model: Model, options: SearchOptions): Promise<Exploration> {
  return (await searchInShards(ownThread(model), options)).exploration;
}

/** Threads that each write to one cell: every order of the writes is another execution. */
function writers(threads: number, writes: number, wrong = -1): Model {
  return defineModel('writers', (m) => {
    const cell = m.cell('cell');
    for (let id = 0; id < threads; id++) {
      m.thread(`writer ${id}`, function* (t) {
        for (let write = 0; write < writes; write++) yield t.store(cell, id * 100 + write);
      });
    }
    m.outcome((end) => `${end.value(cell)}`);
    m.finally((end) => end.assert(end.value(cell) !== wrong, 'the wrong one was last'));
  });
}

const same = ({ seconds, ...exploration }: Exploration): Omit<Exploration, 'seconds'> => exploration;

describe('a tree explored in parts', () => {
  it.each([
    [2, 1, 2],
    [5, 1, 120],
    [6, 1, 720],
    [3, 3, 1680],
  ])('has each inequivalent execution once: %d writers of %d writes have %d', async (threads, writes, expected) => {
    const found = await searchHere(writers(threads, writes), { strategy: 'dpor' });
    expect(found).toMatchObject({ executions: expected, redundant: 0, exhausted: true });
  });

  it('comes to what dpor at a stretch comes to, for any model', async () => {
    await fc.assert(
      fc.asyncProperty(randomPrograms, async (programs) => {
        const model = programsModel(programs);
        const limits = { strategy: 'dpor', schedules: 3000, keepGoing: true };
        const whole = explore(model, limits);
        const parts = await searchHere(model, limits);
        fc.pre(whole.exhausted);
        expect(parts).toMatchObject({ exhausted: true, violations: whole.violations, outcomes: whole.outcomes });
        expect(parts.executions - parts.redundant).toBe(whole.executions - whole.redundant);
      }),
      { numRuns: 60, seed: 7 },
    );
  });

  it('keeps to a limit exactly, and is not exhausted then', async () => {
    for (const schedules of [1, 63, 64, 65, 1000]) {
      const found = await searchHere(writers(3, 3), { strategy: 'dpor', schedules });
      expect(found).toMatchObject({ executions: schedules, exhausted: false });
    }
  });

  it('goes on after a stop, from plain data, to the same end', async () => {
    const model = writers(3, 3);
    let state: SearchState | null = null;
    let calls = 0;
    let exploration: Exploration;
    do {
      const options: SearchOptions = { strategy: 'dpor', schedules: 300 * ++calls };
      const found = await searchInShards(ownThread(model), state === null ? options : { ...options, from: state });
      state = JSON.parse(JSON.stringify(found.state)) as SearchState;
      exploration = found.exploration;
    } while (!exploration.exhausted);
    expect(calls).toBe(6);
    expect(same(exploration)).toEqual(same(await searchHere(model, { strategy: 'dpor' })));
  });
});

describe('lots drawn in shards', () => {
  it('are those that are drawn at a stretch', async () => {
    const options = { strategy: 'random', schedules: 3000, seed: 5 };
    const { steps, outcomes, redundant, phases } = explore(writers(3, 2), options);
    expect(await searchHere(writers(3, 2), options)).toMatchObject({ steps, outcomes, redundant, phases });
  });

  it('find first what is found first at a stretch', async () => {
    const options = { strategy: 'random', seed: 3 };
    const { found, executions } = explore(writers(6, 3, 502), options);
    expect(await searchHere(writers(6, 3, 502), options)).toMatchObject({ found, executions });
  });

  it('go on after a stop with the next number', async () => {
    const model = writers(3, 2);
    const first = await searchInShards(ownThread(model), { strategy: 'random', schedules: 700 });
    const from = JSON.parse(JSON.stringify(first.state)) as SearchState;
    const second = await searchInShards(ownThread(model), { strategy: 'random', schedules: 3000, from });
    expect(same(second.exploration)).toEqual(same(await searchHere(model, { strategy: 'random', schedules: 3000 })));
  });
});

describe('a search', () => {
  it('draws lots and then covers the space, where no strategy is named', async () => {
    const { phases, exhausted } = await searchHere(writers(2, 2), {});
    expect(exhausted).toBe(true);
    expect(phases).toMatchObject([
      { strategy: 'portfolio', executions: 2000 },
      { strategy: 'dpor', executions: 6 },
    ]);
  });

  it('makes as a whole what cannot be divided', async () => {
    const found = await searchHere(writers(2, 2), { strategy: 'dfs', preemptions: 1 });
    expect(found).toMatchObject({ exhausted: true, phases: [{ bound: 'at most 1 preemption' }] });
  });

  it('ends when it is told to, with what it has', async () => {
    let asked = 0;
    const found = await searchHere(writers(4, 4), { strategy: 'random', interrupted: () => ++asked > 1 });
    expect(found).toMatchObject({ interrupted: true, exhausted: false, found: null });
    expect(found.executions).toBeGreaterThan(0);
  });

  it('ends with the time', async () => {
    const found = await searchHere(writers(4, 4), { strategy: 'dpor', seconds: 0.1 });
    expect(found).toMatchObject({ interrupted: false, exhausted: false });
  });
});

describe('over threads', () => {
  const description = { scenario: 'pause-wakeup', patches: ['schedule-ignores-pending'], cpus: 2 };

  it('comes to the same result for any number of them', async () => {
    ensureBuilt();
    const results: Record<string, unknown>[] = [];
    for (const make of [
      () => ownThread(modelOf(description)),
      ...[1, 2].map((size) => () => threadPool(explorerCode(description), size)),
    ]) {
      const runner: ShardRunner = make();
      try {
        for (const options of [
          { strategy: 'random', seed: 2, keepGoing: true, schedules: 1200 },
          { strategy: 'random', seed: 2 },
          { strategy: 'dpor', keepGoing: true },
          { strategy: 'dpor' },
        ]) {
          results.push({ ...same((await searchInShards(runner, options)).exploration) });
        }
      } finally {
        await runner.dispose();
      }
    }
    const [here, one, two] = [0, 4, 8].map((at) => results.slice(at, at + 4));
    expect(JSON.stringify(one)).toBe(JSON.stringify(here));
    expect(JSON.stringify(two)).toBe(JSON.stringify(here));
    expect(results[1]?.found).not.toBeNull();
  });
});
