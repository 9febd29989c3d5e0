/** What a scheduling point costs on the controlled machine: one that goes on with the same CPU, and one that does not. */

import { type Chooser, ControlledMachine } from '../src/machine/controlled.js';
import type { Model } from '../src/machine/model.js';
import { int, NULL, struct } from '../src/memory/layout.js';
import { type AtomicOps, atomicOps } from '../src/sync/atomic.js';
import { type Cpu, cpu_data } from '../src/sync/cpu.js';
import { type Coroutine, OP_HALT } from '../src/sync/gate.js';
import type { Bench, Candidate } from './bench.js';

/** Turns of the loop in an execution: fewer than the machine has room to record. */
const TURNS = 60_000;
const WARM_UP_EXECUTIONS = 50;
const EXECUTIONS = 150;

const cell = struct('cell', { word: int });

/** What a CPU does before it halts. */
type Program = (k: Cpu & AtomicOps) => Coroutine<void>;

/** Reads the cell, with a scheduling point each time. */
function reading(turns: number): Program {
  return function* read(k) {
    const p = k.arena.static(cell);
    let sum = 0;
    for (let turn = 0; turn < turns; turn++) {
      if (k.READ_ONCE(p, cell.word)) yield;
      sum = (sum + k.value(cell.word)) | 0;
    }
    k.store(p, sum);
  };
}

/** The same loop without the points. */
function* looping(k: Cpu & AtomicOps): Coroutine<void> {
  const p = k.arena.static(cell);
  let sum = 0;
  for (let turn = 0; turn < TURNS; turn++) {
    sum = (sum + k.value(cell.word)) | 0;
  }
  k.store(p, sum);
}

function model(programs: readonly Program[]): Model {
  return {
    name: 'point',
    patches: [],
    cpus: programs.length,
    arena: {
      statics: [
        { struct: cpu_data.$, count: programs.length },
        { struct: cell.$, count: 1 },
      ],
      caches: [],
    },
    functions: [atomicOps],
    counters: [],
    bind() {},
    boot() {},
    *begin(cpu) {
      cpu.current = NULL;
      const program = programs[cpu.id];
      if (program !== undefined) yield* program(cpu as Cpu & AtomicOps);
      for (;;) if (cpu.point(OP_HALT, 0, 0, 0)) yield;
    },
    resume() {
      throw new Error('no task is ever resumed here');
    },
    outcome: () => '',
    finish: () => null,
  };
}

/** Goes on with CPU 0 until it halts: the other one could move all the time, and never does before. */
const keeping: Chooser = { choose: (movers) => movers.ids[0] as number };
/** Goes to the other CPU each time. */
const alternating: Chooser = { choose: (_, current) => current ^ 1 };

/** Nanoseconds that a turn of the programs' loops takes. */
function nanoseconds(programs: readonly Program[], chooser: Chooser, turns: number): number {
  // Without the memory checker, which would charge its own look at the word to the point.
  const machine = new ControlledMachine(model(programs), { checked: false, maxSteps: 4 * TURNS });
  const run = (executions: number): number => {
    const started = performance.now();
    for (let execution = 0; execution < executions; execution++) machine.execute(chooser);
    return performance.now() - started;
  };
  run(WARM_UP_EXECUTIONS);
  return (run(EXECUTIONS) * 1e6) / (EXECUTIONS * turns);
}

const candidates: readonly Candidate[] = [
  {
    name: 'loop without points',
    unit: 'ns',
    sample: () => nanoseconds([looping, reading(1)], keeping, TURNS),
  },
  {
    name: 'loop, point that goes on',
    unit: 'ns',
    sample: () => nanoseconds([reading(TURNS), reading(1)], keeping, TURNS),
  },
  {
    name: 'loop, point that switches',
    unit: 'ns',
    sample: () => nanoseconds([reading(TURNS / 2), reading(TURNS / 2)], alternating, TURNS),
  },
];

export const pointBench: Bench = {
  name: 'point',
  title: 'A scheduling point (READ_ONCE) of the controlled machine, 2 CPUs that both could move',
  candidates,
  derived: [
    {
      name: 'a point that goes on',
      unit: 'ns',
      of: ['loop, point that goes on', 'loop without points'],
      from: (point, loop) => point - loop,
    },
    {
      name: 'a point that switches',
      unit: 'ns',
      of: ['loop, point that switches', 'loop without points'],
      from: (point, loop) => point - loop,
    },
  ],
};
