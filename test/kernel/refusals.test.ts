/** What ends a run, or keeps it from beginning, with a message that says why. */

import { describe, expect, it } from 'vitest';
import { findExecution } from '../../src/explore/find.js';
import { randomStrategy } from '../../src/explore/strategies/random.js';
import { CLONE_NEWUSER, SIG_BLOCK, SIGRTMIN, SIGUSR1 } from '../../src/kernel/constants.js';
import { CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID } from '../../src/kernel/hrtimer.js';
import { kernelModel } from '../../src/kernel/model.js';
import type { Program } from '../../src/kernel/scenario.js';
import { completeFunctions } from '../../src/kernel/signal/complete.js';
import { sigmask } from '../../src/kernel/sigset.js';
import { globals } from '../../src/kernel/structs.js';
import { ControlledMachine } from '../../src/machine/controlled.js';
import { addr } from '../../src/memory/layout.js';
import { alone, outcomesOf, type Parts, patchOf, scenarioOf } from '../support/programs.js';

/** One process of root, on one CPU. */
function ofRoot(main: Program, more: Partial<Parts> = {}): Parts {
  return alone([], main, { cpus: 1, setup: (setup) => void setup.process('main', { uid: 0 }), ...more });
}

describe('what the model does not have', () => {
  it.each<[string, Program, string]>([
    [
      'a limit that nothing asks for',
      function* (sys) {
        yield* sys.getrlimit(0, { rlim_cur: 0, rlim_max: 0 });
      },
      'a limit for resource 0',
    ],
    [
      'a map of many lines',
      function* (sys) {
        const child = yield* sys.clone(CLONE_NEWUSER, 'main');
        const extents = Array.from({ length: 6 }, (_, id) => ({ first: id, lower_first: id, count: 1 }));
        yield* sys.write_uid_map(child, extents);
      },
      'a map of more than 5 lines',
    ],
    [
      'a clock of the time that a process has had',
      function* (sys) {
        yield* sys.clock_gettime(CLOCK_PROCESS_CPUTIME_ID, { tv_sec: 0, tv_nsec: 0 });
      },
      'clocks of CPU time',
    ],
    [
      'a clock of the time that a thread has had',
      function* (sys) {
        yield* sys.timer_create(CLOCK_THREAD_CPUTIME_ID, null, { timerid: 0 });
      },
      'clocks of CPU time',
    ],
  ])('ends the run where a program asks for it: %s', (_, main, message) => {
    expect(() => outcomesOf(ofRoot(main), 1)).toThrow(message);
  });
});

describe('a name that the scenario has not', () => {
  it.each<[string, Program, string]>([
    ['of a program', (sys) => sys.fork('other'), 'the scenario has no program "other"; it has main'],
    ['of a handler', (sys) => sys.sigaction(SIGUSR1, 'other'), 'the scenario has no handler "other"; it has none'],
  ])('is refused with those that it has: %s', (_, main, message) => {
    expect(() => outcomesOf(ofRoot(main), 1)).toThrow(message);
  });
});

describe('a slab cache that there is not', () => {
  it('cannot be made small', () => {
    expect(() =>
      outcomesOf(
        ofRoot(function* () {}, { objects: { nothing: 1 } }),
        1,
      ),
    ).toThrow('there is no slab cache "nothing"');
  });
});

describe('a task that sleeps with a spinlock held', () => {
  it('is scheduling while atomic', () => {
    const patched = patchOf({
      *pause() {
        if (this.read_lock(addr(this.globals, globals.tasklist_lock))) yield;
        yield* this.schedule();
        return 0;
      },
    });
    const parts = ofRoot((sys) => sys.pause());
    expect(() => outcomesOf(parts, 1, [patched])).toThrow('BUG: scheduling while atomic: a spinlock is held');
  });
});

describe('a real-time signal that nobody is told of', () => {
  it('is found at the end, by its name', () => {
    const untold = patchOf({
      *signal_wake_up_state(t, state) {
        if (this.current !== t) yield* completeFunctions.signal_wake_up_state.call(this, t, state);
      },
      *complete_signal() {},
    });
    const parts: Parts = {
      results: [],
      programs: {
        *sleeps(sys) {
          yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGUSR1));
          yield* sys.pause();
        },
        *sends(sys) {
          yield* sys.kill(100, SIGRTMIN + 5);
        },
      },
      setup(setup) {
        setup.process('sleeps', { cpu: 0 });
        setup.process('sends', { cpu: 1 });
      },
    };
    const machine = new ControlledMachine(kernelModel(scenarioOf(parts), { patches: [untold] }));
    const found = findExecution(machine, randomStrategy(1), 50, (violation) => violation !== null);
    expect(found?.violation?.message).toMatch(
      /task 100 sleeps, though SIGRTMIN\+5 is pending and not blocked: nobody told it/,
    );
  });
});

describe('an outcome that is not possible', () => {
  it('is a violation, with the reason where the scenario gives one', () => {
    const scenario = {
      ...scenarioOf(ofRoot(function* () {})),
      outcome: () => 'odd',
      possible: [{ outcome: 'even', because: 'it always is' }],
    };
    const violationOf = (impossible?: typeof scenario.possible): string | undefined => {
      const machine = new ControlledMachine(kernelModel({ ...scenario, ...(impossible && { impossible }) }));
      return findExecution(machine, randomStrategy(1), 1, () => true)?.violation?.message;
    };
    expect(violationOf()).toBe('"odd" is not possible');
    expect(violationOf([{ outcome: 'odd', because: 'one is added' }])).toBe('"odd" is not possible: one is added');
  });
});
