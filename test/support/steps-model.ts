/** Models small enough to count by hand: each CPU runs a few visible operations on a shared array, and halts. */

import type { Model } from '../../src/machine/model.js';
import { embed, int, NULL, nth, struct } from '../../src/memory/layout.js';
import { type SlabOps, slabOps } from '../../src/memory/slab.js';
import { type Cpu, cpu_data } from '../../src/sync/cpu.js';
import { type Coroutine, OP_ADD, OP_HALT, OP_READ, OP_WRITE, OP_XCHG, Violation } from '../../src/sync/gate.js';

const CELLS = 8;
const cells = struct('cells', { cell: embed('int', 1, CELLS) });
const item = struct('item', { value: int });

/** A CPU of a model with objects. */
export type SlabCpu = Cpu & SlabOps;

/** What a CPU of the model does before it halts. */
export type StepsProgram = (cpu: Cpu, cell: (index: number) => number) => Coroutine<void>;

export interface StepsOptions {
  readonly cpus: number;
  readonly program: StepsProgram;
  /** What is wrong with the cells at the end, or null. */
  readonly wrong?: (cells: readonly number[]) => string | null;
  /** What cells hold at first that do not hold 0, by number. */
  readonly initial?: Readonly<Record<number, number>>;
  /** Objects of one cache, which all CPUs share; none if not given. */
  readonly objects?: number;
}

export function stepsModel({ cpus, program, wrong = () => null, initial = {}, objects = 0 }: StepsOptions): Model {
  const read = (words: Int32Array, base: number): number[] =>
    Array.from({ length: CELLS }, (_, index) => words[nth(cells.cell, index) + base] ?? 0);
  return {
    name: 'steps',
    patches: [],
    cpus,
    arena: {
      statics: [
        { struct: cpu_data.$, count: cpus },
        { struct: cells.$, count: 1 },
      ],
      caches: objects === 0 ? [] : [{ name: 'item', struct: item.$, capacity: objects }],
    },
    functions: objects === 0 ? [] : [slabOps],
    counters: [],
    bind() {},
    boot([cpu]) {
      if (cpu === undefined) return;
      const base = cpu.arena.static(cells);
      for (const [index, value] of Object.entries(initial)) cpu.words[nth(cells.cell, Number(index)) + base] = value;
    },
    *begin(cpu) {
      cpu.current = NULL;
      const base = cpu.arena.static(cells);
      yield* program(cpu, (index) => nth(cells.cell, index) + base);
      for (;;) if (cpu.point(OP_HALT, 0, 0, 0)) yield;
    },
    resume() {
      throw new Error('no task is ever resumed here');
    },
    outcome: (arena) => read(arena.words, arena.static(cells)).join(' '),
    finish([cpu]) {
      if (cpu === undefined) return null;
      const message = wrong(read(cpu.words, cpu.arena.static(cells)));
      return message === null ? null : new Violation('invariant', message, -1, 0);
    },
  };
}

/** Every CPU adds to a cell `steps` times: no operation blocks, and any order of them is a schedule. */
export function addingModel(cpus: number, steps: number): Model {
  return stepsModel({
    cpus,
    *program(cpu, cell) {
      for (let step = 0; step < steps; step++) if (cpu.point(OP_ADD, cell(0), 1, 0)) yield;
    },
  });
}

/** Every CPU reads a cell and writes one more, `rounds` times. Wrong if an addition is lost. */
export function countingModel(cpus: number, rounds: number): Model {
  return stepsModel({
    cpus,
    *program(cpu, cell) {
      for (let round = 0; round < rounds; round++) {
        if (cpu.point(OP_READ, cell(0), 0, 0)) yield;
        const seen = cpu.result;
        if (cpu.point(OP_WRITE, cell(0), seen + 1, 0)) yield;
      }
    },
    wrong: ([count]) => (count === cpus * rounds ? null : `the count is ${count}, and should be ${cpus * rounds}`),
  });
}

/** Two CPUs take turns at a cell. Wrong in one way if the turn changes twice, and in another if more often. */
export function turnsModel(steps: number): Model {
  return stepsModel({
    cpus: 2,
    *program(cpu, cell) {
      for (let step = 0; step < steps; step++) {
        if (cpu.point(OP_XCHG, cell(0), cpu.id + 1, 0)) yield;
        if (cpu.result !== 0 && cpu.result !== cpu.id + 1) cpu.atomicAdd(cell(1), 1);
      }
    },
    wrong: ([, turns = 0]) => (turns < 2 ? null : turns === 2 ? 'there and back' : 'to and fro'),
  });
}
