import { expect, it } from 'vitest';
import { modelOf } from '../../../scenarios/catalog.js';
import { strategyNamed } from '../../../src/explore/strategies/index.js';
import { ControlledMachine } from '../../../src/machine/controlled.js';

/** What is violated in some executions, with data races looked for. */
function violated(strategyName: string, most: number): readonly string[] {
  const strategy = strategyNamed(strategyName, { seed: 1 });
  const model = modelOf({ scenario: 'lookup-vs-free', patches: ['put-task-without-grace-period'], cpus: 2 });
  const machine = new ControlledMachine(model, { footprints: strategy.needsFootprints === true });
  const kinds = new Set<string>();
  for (let made = 0; made < most && strategy.begin(); made++) {
    const execution = machine.execute(strategy);
    strategy.end(execution);
    if (execution.violation !== null) kinds.add(execution.violation.kind);
  }
  return [...kinds].sort();
}

it('dpor finds a data race that the order of sections under a raw spinlock can hide', () => {
  const found = violated('pos', 300);
  expect(found).toContain('data-race');
  expect(violated('dpor', 300)).toEqual(found);
});
