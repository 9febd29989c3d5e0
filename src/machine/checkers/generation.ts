/**
 * Tables that forget everything at once: each entry carries the generation that it was made in, and those of earlier
 * generations count for nothing. To clear such a table for each execution would cost more than to use it.
 */

const LAST = 1 << 30;

/**
 * The generation after one: greater than every entry of a table.
 *
 * @param table entries are a generation plus less than `step`
 * @param generation the present one
 * @param step a power of two, and the first generation
 */
export function nextGeneration(table: Int32Array, generation: number, step: number): number {
  if (generation + step < LAST) return generation + step;
  table.fill(0);
  return step;
}
