import { stripVTControlCharacters } from 'node:util';
import { expect, it } from 'vitest';
import { storyOf } from '../../src/cli/story.js';
import { ControlledMachine } from '../../src/machine/controlled.js';
import { defineModel } from '../../src/model/define.js';

function storyOfSteps(steps: number): string {
  const model = defineModel('long', (m) => {
    const cell = m.cell('cell');
    m.thread('only', function* (t) {
      for (let at = 0; at < steps; at++) yield t.store(cell, at);
    });
  });
  const title = { name: 'long', patches: [], token: 'token', claim: '', watch: [], stories: [], isModel: true };
  const story = storyOf(new ControlledMachine(model), new Uint8Array(0), title, { stacks: false, width: 100 });
  return stripVTControlCharacters(story);
}

/** The steps that have a row. */
function stepsOf(story: string): readonly number[] {
  return [...story.matchAll(/^│ (\d+) +│/gm)].map(([, step]) => Number(step));
}

it('a story has a row for each step, and of a long one those of its beginning and its end, whole', () => {
  const short = storyOfSteps(400);
  expect(stepsOf(short)).toEqual(Array.from({ length: 400 }, (_, at) => at + 1));
  expect(short).not.toContain('left out');
  const long = storyOfSteps(1500);
  const ends = Array.from({ length: 200 }, (_, at) => at + 1);
  expect(stepsOf(long)).toEqual([...ends, ...ends.map((at) => 1300 + at)]);
  expect(long).toMatch(/│ … 1,100 rows left out, steps 201 to 1300: --step N shows the state after any of them +│/);
});
