import { describe, expect, it } from 'vitest';
import { modelOf } from '../../scenarios/catalog.js';
import { defineModel } from '../../src/model/define.js';
import { branchingLines, surveyBranching } from '../../src/trace/branching.js';

describe('what makes the space of a model large', () => {
  it('is the lock that threads race for most, with the share of its races', () => {
    const model = defineModel('two-locks', (m) => {
      const hot = m.mutex('hot lock');
      const cold = m.mutex('cold lock');
      for (let id = 0; id < 2; id++) {
        m.thread(`thread ${id}`, function* (t) {
          for (const lock of [hot, hot, hot, cold]) {
            yield t.lock(lock);
            t.unlock(lock);
          }
        });
      }
    });
    const { words, races, executions } = surveyBranching(model);
    expect(words.map(({ name }) => name)).toEqual(['hot lock', 'cold lock']);
    expect(words[0]?.share).toBeGreaterThan(0.5);
    expect(words.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1);
    // Of two threads that each take it three times: at least one race, at most one for each pair of neighbours.
    expect(races).toBeGreaterThan(1);
    expect(races).toBeLessThanOrEqual(6);
    expect(executions).toBe(32);
  });

  it('is nothing where nothing races', () => {
    const model = defineModel('apart', (m) => {
      for (const cell of m.cells('own', 2)) {
        m.thread(`thread of ${cell}`, function* (t) {
          yield t.store(cell, 1);
        });
      }
    });
    const branching = surveyBranching(model);
    expect(branching).toMatchObject({ races: 0, words: [], loops: [] });
    expect(branchingLines(branching)).toEqual([]);
  });

  it('is named by the places in the kernel that race, and by the loop that goes round', () => {
    const branching = surveyBranching(modelOf({ scenario: 'kill-vs-exec', patches: [], cpus: 3 }));
    const tasklist = branching.words.find(({ name }) => name === 'tasklist_lock');
    expect(tasklist?.share).toBeGreaterThan(0.1);
    const functions = tasklist?.pairs.flatMap(({ places }) => places.map((place) => place?.function));
    expect(functions).toEqual(expect.arrayContaining(['do_wait', 'exit_notify']));
    expect(branching.loops.map(({ place }) => place.function)).toContain('do_wait');
    // CPU 2 begins two tasks, one after the other: no loop of one of them.
    expect(branching.loops.map(({ place }) => place.function)).not.toContain('start_program');
    expect(branchingLines(branching)).toEqual(
      expect.arrayContaining([expect.stringMatching(/^\d+ % for tasklist_lock: \w+ \(src\/kernel\/\w+\.ts:\d+\)/)]),
    );
  });

  it('is the timer, where time races with what is done', () => {
    const { words } = surveyBranching(modelOf({ scenario: 'pause-wakeup', patches: [], cpus: 2 }));
    expect(words.map(({ name }) => name)).toContain('the timer');
  });
});
