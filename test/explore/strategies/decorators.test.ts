import { describe, expect, it } from 'vitest';
import { explore } from '../../../src/explore/explore.js';
import { countSwitches } from '../../../src/explore/schedule.js';
import { checkDeterminism } from '../../../src/explore/strategies/checked.js';
import { dfsStrategy, NondeterminismError } from '../../../src/explore/strategies/dfs.js';
import { withMetrics } from '../../../src/explore/strategies/metrics.js';
import { randomStrategy } from '../../../src/explore/strategies/random.js';
import { ControlledMachine } from '../../../src/machine/controlled.js';
import { OP_ADD } from '../../../src/sync/gate.js';
import { killVsExecMachine } from '../../support/kill-vs-exec.js';
import { addingModel, stepsModel } from '../../support/steps-model.js';
import { walk } from '../../support/walk.js';

describe('metrics', () => {
  it('are right for a model small enough to count: two CPUs with one step each', () => {
    const strategy = withMetrics(dfsStrategy());
    explore(addingModel(2, 1), { strategy });
    // 0 1 and 1 0, each with one decision; CPU 0 counts as the one that moved last before the first step.
    expect(strategy.metrics).toEqual({
      executions: 2,
      abandoned: 0,
      violations: 0,
      steps: 4,
      decisions: 2,
      switches: 1,
      preemptions: 1,
      movers: 4,
      depths: new Map([[1, 2]]),
      preemptionCounts: new Map([
        [0, 1],
        [1, 1],
      ]),
    });
  });

  it('add up to what the executions were like, and leave them as they were', () => {
    const machine = killVsExecMachine();
    const strategy = withMetrics(randomStrategy(4));
    const sums = { steps: 0, decisions: 0, preemptions: 0 };
    const words: string[] = [];
    for (let execution = 0; execution < 20; execution++) {
      strategy.begin();
      const { steps, choices } = machine.execute(strategy);
      const { preemptions } = countSwitches(machine);
      strategy.end({ violation: null, abandoned: false, steps, choices });
      words.push(machine.picked.slice(0, machine.choices).join(' '));
      sums.steps += steps;
      sums.decisions += choices;
      sums.preemptions += preemptions;
    }
    expect(strategy.metrics).toMatchObject({ executions: 20, ...sums });
    expect([...strategy.metrics.depths.values()].reduce((a, b) => a + b)).toBe(20);
    expect(words).toEqual(walk(machine, randomStrategy(4), 20));
  });

  it('leave the strategy its name and its bound', () => {
    expect(withMetrics(dfsStrategy(2))).toMatchObject({ name: 'dfs', bound: 'at most 2 preemptions' });
  });
});

describe('the nondeterminism check', () => {
  it('makes every so many executions again, and finds nothing where a model is a function of its schedule', () => {
    const strategy = checkDeterminism(randomStrategy(1), 5);
    const { executions, outcomes } = explore(killVsExecMachine(), { strategy, schedules: 20 });
    expect(strategy.checked).toBe(4);
    expect({ executions, outcomes }).toEqual({
      executions: 20,
      outcomes: explore(killVsExecMachine(), { strategy: randomStrategy(1), schedules: 20 }).outcomes,
    });
  });

  it('says where a model differs that keeps something outside of its arena', () => {
    let made = 0;
    const model = stepsModel({
      cpus: 2,
      *program(cpu, cell) {
        if (cpu.point(OP_ADD, cell(0), cpu.id === 0 ? 1 + made++ : 1, 0)) yield;
      },
    });
    const strategy = checkDeterminism(randomStrategy(1), 1);
    expect(() => explore(new ControlledMachine(model), { strategy, schedules: 5 })).toThrow(
      /^a schedule made again differs from event \d+ on: CPU \d then, event 5 at \d+ with \d+, and CPU \d now, event 5 at \d+ with \d+$/,
    );
  });

  it('says so where another CPU can move than before', () => {
    let started = 0;
    const model = stepsModel({
      cpus: 2,
      *program(cpu, cell) {
        for (let step = started++ < 4 ? 3 : 1; step > 0; step--) if (cpu.point(OP_ADD, cell(0), 1, 0)) yield;
      },
    });
    const strategy = checkDeterminism(dfsStrategy(), 1);
    expect(() => explore(new ControlledMachine(model), { strategy })).toThrow(NondeterminismError);
  });
});
