/** What a partial-order reduction finds near executions that a violation ends in the middle of a step. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SharesOptions } from '../../../src/explore/shards/shares.js';
import { dfsStrategy } from '../../../src/explore/strategies/dfs.js';
import { type Dpor, dporStrategy } from '../../../src/explore/strategies/dpor.js';
import type { Subtree } from '../../../src/explore/strategies/subtree.js';
import type { Strategy } from '../../../src/explore/strategy.js';
import { ControlledMachine } from '../../../src/machine/controlled.js';
import { OP_AWAIT_ABOVE, OP_READ, OP_WRITE } from '../../../src/sync/gate.js';
import { type MadeShare, makeInShares } from '../../support/in-shares.js';
import { type RacyPrograms, racyPrograms } from '../../support/racy-model.js';
import { programsModel } from '../../support/random-model.js';
import { type SlabCpu, stepsModel } from '../../support/steps-model.js';

const CHECKED = ['lockdep', 'rcu', 'race'] as const;

/** Makes executions, and notes their outcomes, and what is violated where. @returns how many were made */
function make(machine: ControlledMachine, strategy: Strategy, seen: Set<string>, most = 20_000): number {
  let made = 0;
  while (made < most && strategy.begin()) {
    const execution = machine.execute(strategy);
    strategy.end(execution);
    made++;
    const { violation, abandoned } = execution;
    if (abandoned) continue;
    // With which of several accesses an access races depends on what the detector still knows of them.
    if (violation !== null) seen.add(`${violation.kind}: ${violation.message.replace(/, and .*/, '')}`);
    else seen.add(machine.model.outcome(machine.arena, null));
  }
  return made;
}

interface Found {
  readonly seen: readonly string[];
  readonly redundant: number;
}

function byDepth(programs: RacyPrograms): readonly string[] {
  const seen = new Set<string>();
  make(new ControlledMachine(programsModel(programs), { checked: CHECKED }), dfsStrategy(), seen);
  return [...seen].sort();
}

function byReduction(programs: RacyPrograms): Found {
  const seen = new Set<string>();
  const strategy = dporStrategy();
  make(new ControlledMachine(programsModel(programs), { checked: CHECKED, footprints: true }), strategy, seen);
  return { seen: [...seen].sort(), redundant: strategy.redundant };
}

/** @param order as of `makeInShares` */
function inShares(programs: RacyPrograms, options: SharesOptions, order?: () => number): Found {
  const machine = new ControlledMachine(programsModel(programs), { checked: CHECKED, footprints: true });
  const seen = new Set<string>();
  let redundant = 0;
  const makeShare = (subtree: Subtree, most: number): MadeShare => {
    const strategy: Dpor = dporStrategy(subtree);
    const executions = make(machine, strategy, seen, most);
    redundant += strategy.redundant;
    return { executions, rest: strategy.rest() };
  };
  makeInShares(makeShare, options, order);
  return { seen: [...seen].sort(), redundant };
}

const SMALL: readonly SharesOptions[] = [
  { budget: 1, shares: 1 },
  { budget: 1, shares: 5 },
  { budget: 3, shares: 4 },
];

const NEAR: readonly (readonly [what: string, programs: RacyPrograms])[] = [
  [
    'what a thread that had not moved yet does before',
    [
      [['write lock, then write', 1, 1]],
      [
        ['write', 1, 0],
        ['write lock, then write', 1, 0],
      ],
    ],
  ],
  [
    'what waits for the thread of that step',
    [
      [
        ['lock', 1, 0],
        ['load', 1, 0],
        ['write', 0, 1],
      ],
      [
        ['cas, then write', 1, 0],
        ['lock', 1, 1],
      ],
    ],
  ],
  [
    'what others do while the thread of that step sleeps',
    [
      [
        ['load', 0, 0],
        ['read', 0, 1],
      ],
      [['cas, then write', 0, 0]],
      [
        ['write', 0, 1],
        ['read lock, then read', 1, 0],
      ],
    ],
  ],
  [
    'what was taken to be covered by a plan that ends by that step',
    [[['read, then store', 0, 0]], [['load, then write', 0, 0]], [['load', 0, 1]]],
  ],
  [
    'a step that was planned as one that does not end by a violation',
    [
      [
        ['write', 1, 1],
        ['lock', 1, 1],
      ],
      [
        ['lock, then write', 1, 0],
        ['write', 0, 1],
      ],
      [['load, then write', 0, 0]],
    ],
  ],
  [
    'what that step races with, after what others have done meanwhile',
    [
      [['add, then write or read', 0, 1]],
      [
        ['add, then write or read', 0, 0],
        ['read lock, then read', 1, 0],
      ],
      [['add, then write or read', 1, 0]],
    ],
  ],
  [
    'what that step races with, after what others have done before it could be made again',
    [
      [['add, then write or read', 1, 1]],
      [
        ['add, then write or read', 1, 0],
        ['add, then write or read', 0, 1],
      ],
      [
        ['load', 0, 0],
        ['write', 1, 1],
      ],
    ],
  ],
];

describe('after a step that a violation ends, a partial-order reduction finds', () => {
  it.each(NEAR)('%s', (_, programs) => {
    const all = byDepth(programs);
    expect(all.some((one) => one.startsWith('data-race'))).toBe(true);
    expect(byReduction(programs).seen).toEqual(all);
    for (const options of SMALL) expect(inShares(programs, options).seen).toEqual(all);
  });

  it('what is done with an object before it is freed, where its use after that came first', () => {
    const model = stepsModel({
      cpus: 2,
      objects: 1,
      *program(cpu, cell) {
        const k = cpu as SlabCpu;
        if (cpu.id === 0) {
          const object = k.kmem_cache_zalloc(0);
          if (cpu.point(OP_WRITE, cell(0), object, 0)) yield;
          if (cpu.point(OP_WRITE, cell(1), 1, 0)) yield;
          k.kmem_cache_free(0, object);
        } else {
          if (cpu.point(OP_AWAIT_ABOVE, cell(0), 0, 0)) yield;
          if (cpu.point(OP_READ, cell(2), 0, 0)) yield;
          const found = cpu.load(cell(0));
          if (cpu.point(OP_WRITE, cell(3), cpu.load(found) + 1, 0)) yield;
        }
      },
    });
    const [all, found] = [new Set<string>(), new Set<string>()];
    make(new ControlledMachine(model, { checked: ['memory'] }), dfsStrategy(), all);
    make(new ControlledMachine(model, { checked: ['memory'], footprints: true }), dporStrategy(), found);
    expect([...all].some((one) => one.startsWith('use-after-free'))).toBe(true);
    expect([...found].sort()).toEqual([...all].sort());
  });

  it('what depth-first search finds, whatever the threads do', { timeout: 120_000 }, () => {
    const options = fc.record({ budget: fc.integer({ min: 1, max: 5 }), shares: fc.integer({ min: 1, max: 5 }) });
    fc.assert(
      fc.property(racyPrograms, options, fc.infiniteStream(fc.nat({ max: 9 })), (programs, small, numbers) => {
        const all = byDepth(programs);
        const order = (): number => numbers.next().value as number;
        for (const { seen, redundant } of [byReduction(programs), inShares(programs, small, order)]) {
          expect(seen).toEqual(all);
          // Only where a violation ended an execution in the middle of a step is one given up.
          if (!all.some((one) => one.startsWith('data-race'))) expect(redundant).toBe(0);
        }
      }),
      { numRuns: 600 },
    );
  });
});
