import { expect, test } from 'vitest';
import {
  allowedOutcomes,
  ControlledMachine,
  decodeToken,
  dfsStrategy,
  encodeToken,
  explore,
  minimize,
  modelOf,
  parseLitmus,
  replay,
  ThreadMachine,
  workerCode,
} from '../src/index.js';

test('the example of the public API finds, shrinks and replays the race', () => {
  const description = { scenario: 'kill-vs-exec', patches: ['no-kill-retry'], cpus: 3 };
  const machine = new ControlledMachine(modelOf(description));
  const { found } = explore(machine, { strategy: dfsStrategy(2) });
  if (found === null) throw new Error('nothing was found');
  const { schedule } = minimize(machine, found.schedule);
  const token = encodeToken({ ...description, schedule });
  expect(replay(machine, decodeToken(token).schedule).violation?.message).toMatch(
    /^kill\(101, SIGTERM\) said ESRCH, but/,
  );
});

test('the public API runs a scenario on real threads', async () => {
  const description = { scenario: 'kill-vs-exec', patches: [], cpus: 3 };
  await using machine = ThreadMachine.start(modelOf(description), workerCode(description));
  const { outcomes, violationCount } = await machine.run({ iterations: 50 });
  expect(outcomes).toEqual({ 'kill 0, died of SIGTERM': 50 });
  expect(violationCount).toBe(0);
});

test('the public API reads a litmus test and finds its outcomes', () => {
  const test = parseLitmus(`
    litmus kill-zombie
    question "Can a zombie be signalled?"
    from kill(2)
    process A { r = kill(B, 0); }
    process B { exit_group(0); }
    forall A:r == 0
  `);
  const { outcomes, exhaustive, holds } = allowedOutcomes(test);
  expect({ texts: outcomes.map(({ text }) => text), exhaustive, holds }).toEqual({
    texts: ['A:r=0'],
    exhaustive: true,
    holds: true,
  });
});
