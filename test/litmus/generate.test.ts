import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { randomSketch, shrinkSketch, sketchText, smallerSketches } from '../../src/litmus/generate.js';
import { pairTests } from '../../src/litmus/pairs.js';
import { parseLitmus } from '../../src/litmus/parse.js';
import { ROOT } from '../support/build.js';

describe('random tests', () => {
  it('are tests, whatever the seed, and so are all smaller ones', () => {
    for (let seed = 0; seed < 200; seed++) {
      const sketch = randomSketch(seed);
      parseLitmus(sketchText(sketch));
      for (const smaller of smallerSketches(sketch)) parseLitmus(sketchText(smaller));
    }
  });

  it('are the same for the same seed, and others for others', () => {
    const texts = Array.from({ length: 50 }, (_, seed) => sketchText({ ...randomSketch(seed), name: 'same' }));
    expect(sketchText({ ...randomSketch(7), name: 'same' })).toBe(texts[7]);
    expect(new Set(texts).size).toBeGreaterThan(45);
  });

  it('are made smaller for as long as what is wrong with them stays', async () => {
    const isWrong = (text: string): boolean => text.includes('sigpending(');
    const seed = Array.from({ length: 500 }, (_, at) => at).find((at) => isWrong(sketchText(randomSketch(at)))) ?? -1;
    const smallest = await shrinkSketch(randomSketch(seed), async (sketch) => isWrong(sketchText(sketch)));
    expect(smallest.blocks.flatMap(({ setup, body }) => [...setup, ...body])).toEqual([
      expect.stringMatching(/^r\d = sigpending\(\w+\);$/),
    ]);
  });
});

describe('litmus/pairs', () => {
  it('is what npm run litmus:pairs writes', () => {
    const folder = join(ROOT, 'litmus', 'pairs');
    const made = pairTests();
    expect(readdirSync(folder).toSorted()).toEqual(made.map(({ name }) => `${name}.litmus`).toSorted());
    for (const { name, text } of made) expect(readFileSync(join(folder, `${name}.litmus`), 'utf8')).toBe(text);
  });
});
