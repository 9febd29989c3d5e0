import { expect, it } from 'vitest';
import { explore } from '../../src/explore/explore.js';
import { randomStrategy } from '../../src/explore/strategies/random.js';
import { SIG_BLOCK, SIGUSR1 } from '../../src/kernel/constants.js';
import { kernelModel } from '../../src/kernel/model.js';
import type { Scenario } from '../../src/kernel/scenario.js';
import { sigmask } from '../../src/kernel/sigset.js';
import type { Sys } from '../../src/kernel/sys.js';
import type { Coroutine } from '../../src/sync/gate.js';

/** Two processes: one stores, the other does what is given. */
function scenario(program: (sys: Sys) => Coroutine<void>, handler: (sys: Sys) => Coroutine<void>): Scenario {
  return {
    name: 'thrower',
    subject: 'programs',
    title: '',
    story: '',
    cast: [],
    claim: '',
    watch: [],
    patches: [],
    learn: '',
    cpus: 2,
    results: [],
    programs: {
      *storing(sys) {
        yield* sys.store(0, 1);
        yield* sys.store(0, 2);
      },
      program,
    },
    handlers: { handler },
    setup(setup) {
      setup.process('storing', { cpu: 0 });
      setup.sigaction(setup.process('program', { cpu: 1 }), SIGUSR1, 'handler');
    },
    outcome: () => 'ended',
  };
}

function* nothing(): Coroutine<void> {}

it('an error that a program throws is a violation, of that program and under that schedule', () => {
  const model = kernelModel(
    scenario(function* (sys) {
      const before = yield* sys.load(0);
      if ((yield* sys.load(0)) !== before) throw new RangeError('it has changed');
    }, nothing),
  );
  const { found } = explore(model, { strategy: 'pos', schedules: 500 });
  expect(found?.violation).toMatchObject({
    kind: 'exception',
    message: 'the program of task 101 threw RangeError: it has changed',
    cpu: 1,
  });
  expect(found?.violation.stack).toContain('exception.test.ts');
});

it.each([
  ['is no error', (): unknown => 'enough', 'exception: the program of task 101 threw enough'],
  [
    'has no stack',
    (): unknown => Object.assign(new Error('enough'), { stack: undefined }),
    'exception: the program of task 101 threw Error: enough',
  ],
])('what a program throws is one also where it %s', (_, thrown, expected) => {
  const model = kernelModel(
    scenario(function* (sys) {
      yield* sys.load(0);
      throw thrown();
    }, nothing),
  );
  const { found } = explore(model, { strategy: 'random', schedules: 1 });
  expect(`${found?.violation.kind}: ${found?.violation.message}`).toBe(expected);
});

it('one that a handler throws is one too', () => {
  const model = kernelModel(
    scenario(
      function* (sys) {
        yield* sys.kill(yield* sys.getpid(), SIGUSR1);
      },
      function* () {
        throw new Error('in the handler');
      },
    ),
  );
  const { found } = explore(model, { strategy: 'random', schedules: 1 });
  expect(`${found?.violation.kind}: ${found?.violation.message}`).toBe(
    'exception: the program of task 101 threw Error: in the handler',
  );
});

it('one of a strategy comes up through the same programs, and is nobody’s violation', () => {
  const model = kernelModel(
    scenario(function* (sys) {
      yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGUSR1));
    }, nothing),
  );
  let asked = 0;
  const strategy = Object.create(randomStrategy(1), {
    choose: {
      value: (...given: Parameters<ReturnType<typeof randomStrategy>['choose']>) => {
        if (++asked === 6) throw new Error('no idea');
        return given[0].byDefault;
      },
    },
  });
  expect(() => explore(model, { strategy, schedules: 10 })).toThrow('no idea');
  expect(asked).toBe(6);
});
