import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomStrategy } from '../../../src/explore/strategies/random.js';
import { ControlledMachine } from '../../../src/machine/controlled.js';
import { Movers } from '../../../src/machine/movers.js';
import { killVsExecMachine } from '../../support/kill-vs-exec.js';
import { addingModel } from '../../support/steps-model.js';
import { walk } from '../../support/walk.js';

const SEEDS = fc.integer({ min: 0, max: 0xffffffff });

describe('the random walk', () => {
  const machine = killVsExecMachine();

  it('makes the same executions again from the same seed', () => {
    fc.assert(
      fc.property(SEEDS, (seed) => {
        expect(walk(machine, randomStrategy(seed), 5)).toEqual(walk(machine, randomStrategy(seed), 5));
      }),
      { numRuns: 50 },
    );
  });

  it('makes other executions from another seed', () => {
    const walks = Array.from({ length: 50 }, (_, seed) => walk(machine, randomStrategy(seed), 5).join('\n'));
    expect(new Set(walks).size).toBe(walks.length);
  });

  it('makes other executions one after another', () => {
    // A few of them coincide by chance; a walk that stood still would make one.
    expect(new Set(walk(machine, randomStrategy(7), 200)).size).toBeGreaterThan(150);
  });

  it('makes any of its executions alone', () => {
    fc.assert(
      fc.property(SEEDS, fc.nat({ max: 30 }), (seed, first) => {
        const all = walk(machine, randomStrategy(seed), first + 3);
        expect(walk(machine, randomStrategy(seed, first), 3)).toEqual(all.slice(first));
      }),
      { numRuns: 50 },
    );
  });

  it('never ends', () => {
    const strategy = randomStrategy(1);
    for (let execution = 0; execution < 10_000; execution++) expect(strategy.begin()).toBe(true);
  });

  it('picks every CPU that can move about as often as another, and no other', () => {
    const strategy = randomStrategy(3);
    const choosing = new ControlledMachine(addingModel(1, 1));
    strategy.begin();
    const times = new Map<number, number>();
    const draws = 30_000;
    const enabled = [0, 3, 31];
    const movers = new Movers();
    movers.ids.set(enabled);
    movers.count = enabled.length;
    for (let draw = 0; draw < draws; draw++) {
      const cpu = strategy.choose(movers, 0, choosing);
      times.set(cpu, (times.get(cpu) ?? 0) + 1);
    }
    expect([...times.keys()].sort((a, b) => a - b)).toEqual(enabled);
    for (const count of times.values()) expect(Math.abs(count / draws - 1 / 3)).toBeLessThan(0.02);
  });

  it('makes every schedule of a small model about as often as another', () => {
    // Both CPUs can move at each of the first two decisions: 6 orders, of which 2 need two decisions and 4 need three.
    const words = walk(new ControlledMachine(addingModel(2, 2)), randomStrategy(11), 8000);
    const times = new Map<string, number>();
    for (const word of words) times.set(word, (times.get(word) ?? 0) + 1);
    expect(times.size).toBe(6);
    for (const [word, count] of times) {
      const decisions = word.split(' ').length;
      expect(Math.abs(count / words.length - 2 ** -decisions)).toBeLessThan(0.02);
    }
  });

  it('runs a model with 32 CPUs', () => {
    const wide = new ControlledMachine(addingModel(32, 2));
    const words = walk(wide, randomStrategy(5), 20);
    expect(new Set(words).size).toBe(20);
    for (const word of words) expect(word.split(' ')).toContain('31');
    expect(wide.model.outcome(wide.arena)).toMatch(/^64 /);
  });
});
