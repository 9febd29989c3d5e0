/** Random small models of CPUs that count references to an object, as the kernel does. */

import fc from 'fast-check';
import type { Model } from '../../src/machine/model.js';
import { OP_READ } from '../../src/sync/gate.js';
import { stepsModel } from './steps-model.js';

/** What a CPU does in a step: with the count, with a word that others look at, or with bits. */
export type HolderStep = readonly [
  'get' | 'put' | 'look at the count' | 'look at the mark' | 'set a bit' | 'look at the bits',
];

const step: fc.Arbitrary<HolderStep> = fc.tuple(
  fc.constantFrom('get', 'put', 'put', 'look at the count', 'look at the mark', 'set a bit', 'look at the bits'),
);

/** Two or three CPUs with up to four steps. Each holds a reference at first for each that it drops without having taken it. */
export const randomHolders: fc.Arbitrary<readonly (readonly HolderStep[])[]> = fc.oneof(
  fc.array(fc.array(step, { minLength: 1, maxLength: 4 }), { minLength: 2, maxLength: 2 }),
  fc.array(fc.array(step, { minLength: 1, maxLength: 3 }), { minLength: 3, maxLength: 3 }),
);

const [COUNT, MARK, BITS, NOTES] = [0, 1, 2, 3];

/** The model of such CPUs. Who drops the last reference makes the mark. Its outcome has all that they saw. */
export function referencesModel(holders: readonly (readonly HolderStep[])[]): Model {
  const references = holders.reduce((sum, steps) => sum + heldAtFirst(steps), 0);
  const model = stepsModel({
    cpus: holders.length,
    *program(cpu, cell) {
      const note = (seen: number): void => {
        const mine = cell(NOTES + cpu.id);
        cpu.atomicXchg(mine, Math.imul(cpu.words[mine] as number, 5) + seen + 1);
      };
      for (const [what] of holders[cpu.id] ?? []) {
        // A scheduling point that conflicts with nothing.
        if (cpu.point(OP_READ, cell(NOTES + 4), 0, 0)) yield;
        if (what === 'get') cpu.atomicAdd(cell(COUNT), 1);
        else if (what === 'put') {
          if (cpu.atomicAdd(cell(COUNT), -1) > 0) continue;
          note(7);
          cpu.atomicXchg(cell(MARK), 1);
        } else if (what === 'look at the count') note(cpu.peek(cell(COUNT)));
        else if (what === 'look at the mark') note(cpu.peek(cell(MARK)));
        else if (what === 'set a bit') cpu.atomicOr(cell(BITS), 1 << cpu.id);
        else note(cpu.peek(cell(BITS)));
      }
    },
    initial: { [COUNT]: references },
  });
  return model;
}

/** One more than it drops, less what it takes before: nobody takes one of an object that may be gone. */
function heldAtFirst(steps: readonly HolderStep[]): number {
  let held = 0;
  let least = 0;
  for (const [what] of steps) {
    // Who takes one holds one.
    if (what === 'get') least = Math.min(least, held - 1);
    if (what === 'get') held++;
    if (what === 'put') held--;
    least = Math.min(least, held);
  }
  return -least;
}
