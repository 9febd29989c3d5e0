import { expect, test } from 'vitest';
import { nextGeneration } from '../../src/machine/checkers/generation.js';

test('entries of earlier generations are less than a generation, also after the last there can be', () => {
  const step = 16;
  const table = new Int32Array([step - 1]);
  let generation = 2 ** 30 - 4 * step;
  for (let time = 0; time < 8; time++) {
    generation = nextGeneration(table, generation, step);
    expect(generation % step).toBe(0);
    expect(table[0]).toBeLessThan(generation);
    table[0] = generation + step - 1;
    expect(table[0]).toBe(generation + step - 1);
  }
});
