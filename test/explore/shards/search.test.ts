import { describe, expect, it } from 'vitest';
import { modelOf } from '../../../scenarios/catalog.js';
import { explorerCode } from '../../../src/cli/workers.js';
import { type Exploration, explore } from '../../../src/explore/explore.js';
import { threadPool } from '../../../src/explore/shards/pool.js';
import { ownThread, type ShardRunner } from '../../../src/explore/shards/runner.js';
import { type SearchOptions, type SearchState, searchInShards } from '../../../src/explore/shards/search.js';
import { NOTHING_MADE, ShardMachine } from '../../../src/explore/shards/shard.js';
import type { Model } from '../../../src/machine/model.js';
import { defineModel } from '../../../src/model/define.js';
import { ensureBuilt } from '../../support/build.js';

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

/** Threads that each add to one cell, and may not do so in the order of their numbers backwards. */
function backwards(threads: number): Model {
  return defineModel('backwards', (m) => {
    const cell = m.cell('cell');
    const places = m.plains('place', threads);
    places.forEach((place, id) => {
      m.thread(`thread ${id}`, function* (t) {
        t.write(place, yield t.fetchAdd(cell, 1));
      });
    });
    m.finally((end) => {
      const isBackwards = places.every((place, id) => end.value(place) === threads - 1 - id);
      end.assert(!isBackwards, 'backwards');
    });
  });
}

const same = ({ seconds, ...exploration }: Exploration): Omit<Exploration, 'seconds'> => exploration;

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
    const found = await searchHere(writers(2, 2), { strategy: 'dfs', iterative: true, preemptions: 1 });
    expect(found).toMatchObject({ exhausted: true, phases: [{ bound: 'at most 1 preemption' }] });
  });

  it('begins again, after a stop, what cannot be divided', async () => {
    const model = writers(3, 3);
    const iterative = { strategy: 'dfs', iterative: true };
    const first = await searchInShards(ownThread(model), { ...iterative, schedules: 100 });
    expect(first.exploration).toMatchObject({ executions: 100, exhausted: false });
    const from = JSON.parse(JSON.stringify(first.state)) as SearchState;
    const second = await searchInShards(ownThread(model), { ...iterative, from });
    expect(second.exploration).toMatchObject({ executions: 1680, redundant: 0, exhausted: true });
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

describe('a partial-order reduction', () => {
  const model = writers(4, 2);

  it('goes on after a stop anywhere, and comes to what it comes to without one', async () => {
    const whole = same(await searchHere(model, { strategy: 'dpor' }));
    expect(whole).toMatchObject({ executions: 2520, redundant: 0, exhausted: true });
    for (const schedules of [0, 1, 999, 1000, 1001, 1700, 2519]) {
      const first = await searchInShards(ownThread(model), { strategy: 'dpor', schedules });
      expect(first.exploration).toMatchObject({ executions: schedules, exhausted: false });
      const from = JSON.parse(JSON.stringify(first.state)) as SearchState;
      const second = await searchInShards(ownThread(model), { strategy: 'dpor', from });
      expect(same(second.exploration)).toEqual(whole);
    }
  });

  it('goes on after each of many stops', async () => {
    const whole = same(await searchHere(model, { strategy: 'dpor' }));
    let from: SearchState | undefined;
    for (let schedules = 300; ; schedules += 300) {
      const goingOn = from === undefined ? {} : { from };
      const part = await searchInShards(ownThread(model), { strategy: 'dpor', schedules, ...goingOn });
      from = JSON.parse(JSON.stringify(part.state)) as SearchState;
      if (part.exploration.exhausted) {
        expect(same(part.exploration)).toEqual(whole);
        return;
      }
      expect(part.exploration.phases[0]?.estimate).toBeGreaterThanOrEqual(schedules);
    }
  });

  it('finds first the same violation, also where more shares are given out at once, and after a stop', async () => {
    const wrong = backwards(7);
    const alone = same(await searchHere(wrong, { strategy: 'dpor' }));
    expect(alone.found?.execution).toBeGreaterThan(1000);
    const many = { ...ownThread(wrong), size: 5 };
    expect(same((await searchInShards(many, { strategy: 'dpor' })).exploration)).toEqual(alone);
    const { state } = await searchInShards(ownThread(wrong), { strategy: 'dpor', schedules: 1001 });
    expect(same(await searchHere(wrong, { strategy: 'dpor', from: state }))).toEqual(alone);
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

  it('comes to the same result by a reduction in many shares', async () => {
    ensureBuilt();
    const larger = { scenario: 'kill-vs-exec', patches: [], cpus: 3 };
    const results: string[] = [];
    for (const make of [
      () => ownThread(modelOf(larger)),
      ...[1, 2, 3].map((size) => () => threadPool(explorerCode(larger), size)),
    ]) {
      const runner: ShardRunner = make();
      try {
        const { exploration } = await searchInShards(runner, { strategy: 'dpor', schedules: 2500 });
        expect(exploration).toMatchObject({ executions: 2500, redundant: 0 });
        results.push(JSON.stringify(same(exploration)));
      } finally {
        await runner.dispose();
      }
    }
    expect(new Set(results).size).toBe(1);
  });
});

describe('a depth-first search in shards', () => {
  it.each([
    ['all schedules', {}],
    ['those within a bound of preemptions', { preemptions: 4 }],
    ['those within a bound of delays', { delays: 8 }],
  ])('makes each schedule once, of %s', async (_, bounds) => {
    const options = { strategy: 'dfs', ...bounds };
    const whole = explore(writers(3, 4), options);
    expect(whole.executions).toBeGreaterThan(1000);
    const { executions, redundant, exhausted, outcomes, steps, phases } = await searchHere(writers(3, 4), options);
    expect({ executions, redundant, exhausted, outcomes, steps, phases }).toEqual({
      executions: whole.executions,
      redundant: 0,
      exhausted: true,
      outcomes: whole.outcomes,
      steps: whole.steps,
      phases: whole.phases,
    });
  });

  it('is one search where it makes no more than five hundred executions', async () => {
    const options = { strategy: 'dfs', schedules: 500 };
    expect(same(await searchHere(writers(3, 4), options))).toEqual(same(explore(writers(3, 4), options)));
  });

  it('comes to the same for any number of threads, also where it finds something', async () => {
    for (const wrong of [-1, 203]) {
      const options = { strategy: 'dfs', schedules: 9000, preemptions: 5 };
      const one = await searchHere(writers(3, 4, wrong), options);
      const many = { ...ownThread(writers(3, 4, wrong)), size: 5 };
      expect(same((await searchInShards(many, options)).exploration)).toEqual(same(one));
      expect(one.found === null).toBe(wrong < 0);
    }
  });

  it.each([1, 400, 1000, 1001, 7000])('goes on after a stop at execution %i', async (schedules) => {
    const model = writers(3, 4);
    const first = await searchInShards(ownThread(model), { strategy: 'dfs', preemptions: 5, schedules });
    expect(first.exploration).toMatchObject({ executions: schedules, exhausted: false });
    expect(first.exploration.phases[0]?.estimate).toBeGreaterThan(schedules);
    const from = JSON.parse(JSON.stringify(first.state)) as SearchState;
    const second = await searchInShards(ownThread(model), { strategy: 'dfs', preemptions: 5, from });
    expect(same(second.exploration)).toEqual(same(explore(model, { strategy: 'dfs', preemptions: 5 })));
  });
});

describe('a search that is stopped before its strategy has made what it was about to make', () => {
  /** A runner that is stopped when so many executions have begun. */
  function stoppedAt(begins: number): { readonly runner: ShardRunner; readonly stopped: () => boolean } {
    const flag = new Int32Array(1);
    let begun = 0;
    const model = defineModel('writers', (m) => {
      const cell = m.cell('cell');
      for (let id = 0; id < 3; id++) {
        m.thread(`writer ${id}`, function* (t) {
          if (id === 0 && ++begun === begins) flag[0] = 1;
          for (let write = 0; write < 3; write++) yield t.store(cell, id * 100 + write);
        });
      }
      m.outcome((end) => `${end.value(cell)}`);
    });
    const machine = new ShardMachine(model, flag);
    const runner: ShardRunner = {
      ...ownThread(model),
      async run(shard) {
        const exploring = machine.explore(shard);
        for (;;) {
          const slice = exploring.next(flag[0] !== 0);
          if (slice.done) return slice.value;
        }
      },
      go() {},
    };
    return { runner, stopped: () => flag[0] !== 0 };
  }

  it.each(['random', 'dpor', 'dfs'])('shows what was made by %s, and goes on from there', async (strategy) => {
    const limit = strategy === 'random' ? { schedules: 1500 } : {};
    const { runner, stopped } = stoppedAt(1200);
    const first = await searchInShards(runner, { strategy, interrupted: stopped, ...limit });
    const { executions, outcomes } = first.exploration;
    expect(first.exploration).toMatchObject({ interrupted: true, exhausted: false });
    // Reduction also makes beginnings of executions, which are none.
    if (strategy !== 'dpor') expect(executions).toBe(1200);
    expect(executions).toBeGreaterThan(800);
    expect(Object.values(outcomes).reduce((sum, times) => sum + times, 0)).toBe(executions);
    const from = JSON.parse(JSON.stringify(first.state)) as SearchState;
    const model = writers(3, 3);
    const { exploration } = await searchInShards(ownThread(model), { strategy, from, ...limit });
    expect(same(exploration)).toEqual(same(await searchHere(model, { strategy, ...limit })));
  });

  it('makes a share again that never was answered for', async () => {
    const model = writers(3, 3);
    const own = ownThread(model);
    let runs = 0;
    const deaf: ShardRunner = { ...own, run: (shard) => (++runs > 2 ? Promise.resolve(NOTHING_MADE) : own.run(shard)) };
    const first = await searchInShards(deaf, { strategy: 'dpor', interrupted: () => runs > 2 });
    expect(first.exploration).toMatchObject({ interrupted: true, exhausted: false });
    const from = JSON.parse(JSON.stringify(first.state)) as SearchState;
    const { exploration } = await searchInShards(ownThread(model), { strategy: 'dpor', from });
    expect(same(exploration)).toEqual(same(await searchHere(model, { strategy: 'dpor' })));
  });
});
