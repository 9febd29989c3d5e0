/** Lost wake-ups, by name: who should have been woken, by whom, and the window; and hangs that are none. */

import { describe, expect, it } from 'vitest';
import { findScenario, modelOf } from '../../scenarios/catalog.js';
import { explore } from '../../src/explore/explore.js';
import { minimize } from '../../src/explore/minimize.js';
import { replay, replayWithStacks } from '../../src/explore/replay.js';
import type { KernelPatch } from '../../src/kernel/kernel.js';
import { kernelModel } from '../../src/kernel/model.js';
import { pipe_inode_info } from '../../src/kernel/structs.js';
import { ControlledMachine } from '../../src/machine/controlled.js';
import { addr, NULL } from '../../src/memory/layout.js';
import { defineModel, type ModelBuilder } from '../../src/model/define.js';
import type { ThreadBody } from '../../src/model/thread.js';
import type { Violation } from '../../src/sync/gate.js';
import { mutex } from '../../src/sync/mutex.js';
import { violationReport } from '../../src/trace/report.js';
import { simulatedFrames } from '../../src/trace/stack.js';
import { patchOf, scenarioOf } from '../support/programs.js';

/** The first violation of a model, by all its schedules. */
function violationOf(declare: (m: ModelBuilder) => void): Violation | null {
  const { found } = explore(defineModel('m', declare), { strategy: 'dfs' });
  return found?.violation ?? null;
}

/** The steps that witnesses tell of, and what each says. */
function momentsOf(violation: Violation | null): readonly { readonly step: number; readonly what: string }[] {
  return (violation?.witnesses ?? []).map(({ what }) => {
    const [, step = '', said = ''] = /^step (\d+): (.*)$/.exec(what) ?? [];
    return { step: Number(step), what: said };
  });
}

describe('a condition variable', () => {
  /** A sleeper that looks and sleeps, and a waker. @param waker what it does */
  function sleeperAnd(waker: (m: ModelBuilder, is: ReturnType<typeof declared>) => ThreadBody) {
    return (m: ModelBuilder): void => {
      const is = declared(m);
      m.thread('sleeper', function* (t) {
        yield t.lock(is.mutex);
        while ((yield t.load(is.ready)) === 0) yield* t.wait(is.changed, is.mutex);
        t.unlock(is.mutex);
      });
      m.thread('waker', waker(m, is));
    };
  }
  function declared(m: ModelBuilder) {
    return { mutex: m.mutex('mutex'), changed: m.condition('changed'), ready: m.cell('ready') };
  }

  it('that is signalled without the lock, between the look and the sleep', () => {
    const violation = violationOf(
      sleeperAnd(
        (_, { ready, changed }) =>
          function* (t) {
            yield t.store(ready, 1);
            yield* t.signal(changed);
          },
      ),
    );
    expect(violation?.kind).toBe('lost-wakeup');
    expect(violation?.message).toBe(
      'lost wake-up: thread sleeper sleeps in wait(changed), though ready is 1 by now; thread waker should have woken it, ' +
        'and found it awake: it had looked before that, and went to sleep after it',
    );
    const moments = momentsOf(violation);
    expect(moments.map(({ what }) => what)).toEqual([
      'thread sleeper looked at ready: 0',
      'thread waker changed ready from 0 to 1',
      'thread waker looked for whom to wake, and thread sleeper was not asleep yet',
      'thread sleeper went to sleep, and nobody wakes it',
    ]);
    const steps = moments.map(({ step }) => step);
    expect(steps).toEqual([...steps].sort((a, b) => a - b));
  });

  it('that nobody signals', () => {
    const violation = violationOf(
      sleeperAnd(
        (_, { ready }) =>
          function* (t) {
            yield t.store(ready, 1);
          },
      ),
    );
    expect(violation?.kind).toBe('lost-wakeup');
    expect(violation?.message).toMatch(/; thread waker changed that .*, and did not wake it$/);
  });

  it('that is signalled before anybody waits, and remembers nothing', () => {
    const violation = violationOf((m) => {
      const { mutex, changed } = declared(m);
      m.thread('sleeper', function* (t) {
        yield t.lock(mutex);
        yield* t.wait(changed, mutex);
        t.unlock(mutex);
      });
      m.thread('waker', (t) => t.signal(changed));
    });
    expect(violation?.kind).toBe('lost-wakeup');
    expect(violation?.message).toMatch(/; thread waker woke nobody, as it came before thread sleeper slept$/);
  });

  it('whose signal wakes one that waits for something else', () => {
    const violation = violationOf((m) => {
      const { mutex, changed } = declared(m);
      const words = [m.plain('left'), m.plain('right')] as const;
      for (const word of [0, 1] as const) {
        m.thread(`sleeper ${word}`, function* (t) {
          yield t.lock(mutex);
          while (t.read(words[word]) === 0) yield* t.wait(changed, mutex);
          t.unlock(mutex);
        });
      }
      for (const word of [0, 1] as const) {
        m.thread(`waker ${word}`, function* (t) {
          yield t.lock(mutex);
          t.write(words[word], 1);
          yield* t.signal(changed);
          t.unlock(mutex);
        });
      }
    });
    expect(violation?.kind).toBe('lost-wakeup');
    expect(violation?.message).toMatch(
      /^lost wake-up: thread sleeper (\d) sleeps in wait\(changed\), though (?:left|right) is 1 by now; thread waker \1 /,
    );
  });

  it('under its lock loses none', () => {
    const violation = violationOf(
      sleeperAnd(
        (_, { mutex, ready, changed }) =>
          function* (t) {
            yield t.lock(mutex);
            yield t.store(ready, 1);
            yield* t.signal(changed);
            t.unlock(mutex);
          },
      ),
    );
    expect(violation).toBeNull();
  });

  it('is a deadlock where what the sleeper waits for has not come', () => {
    const violation = violationOf((m) => {
      const { mutex, changed } = declared(m);
      const count = m.plain('count');
      m.thread('sleeper', function* (t) {
        yield t.lock(mutex);
        while (t.read(count) < 2) yield* t.wait(changed, mutex);
        t.unlock(mutex);
      });
      m.thread('waker', function* (t) {
        yield t.lock(mutex);
        t.write(count, 1);
        yield* t.signal(changed);
        t.unlock(mutex);
      });
    });
    expect(violation?.kind).toBe('deadlock');
  });
});

describe('a wait of one’s own making', () => {
  it('that looked before the other changed what it looks at', () => {
    const violation = violationOf((m) => {
      const [ready, waiting, woken] = [m.cell('ready'), m.cell('waiting'), m.cell('woken')];
      m.thread('sleeper', function* (t) {
        if ((yield t.load(ready)) === 1) return;
        yield t.store(waiting, 1);
        yield t.until(woken, 1);
      });
      m.thread('waker', function* (t) {
        yield t.store(ready, 1);
        if ((yield t.load(waiting)) === 1) yield t.store(woken, 1);
      });
    });
    expect(violation?.kind).toBe('lost-wakeup');
    expect(violation?.message).toMatch(
      /^lost wake-up: thread sleeper sleeps at until\(woken\), though ready is 1 by now; /,
    );
    expect(momentsOf(violation).map(({ what }) => what)[2]).toMatch(/^thread waker looked for whom to wake/);
  });

  it('loses none where it says that it waits before it looks', () => {
    const violation = violationOf((m) => {
      const [ready, waiting, woken] = [m.cell('ready'), m.cell('waiting'), m.cell('woken')];
      m.thread('sleeper', function* (t) {
        yield t.store(waiting, 1);
        if ((yield t.load(ready)) === 0) yield t.until(woken, 1);
      });
      m.thread('waker', function* (t) {
        yield t.store(ready, 1);
        if ((yield t.load(waiting)) === 1) yield t.store(woken, 1);
      });
    });
    expect(violation).toBeNull();
  });

  it.each<[string, (m: ModelBuilder) => void]>([
    [
      'for a word that nobody stores to, whatever else was looked at',
      (m) => {
        const [looked, word] = [m.cell('looked'), m.cell('word')];
        m.thread('sleeper', function* (t) {
          yield t.load(looked);
          yield t.until(word, 1);
        });
        m.thread('other', function* (t) {
          yield t.store(looked, 1);
        });
      },
    ],
    [
      'for one that waits for it in turn',
      (m) => {
        const [looked, left, right] = [m.cell('looked'), m.cell('left'), m.cell('right')];
        m.thread('one', function* (t) {
          yield t.load(looked);
          yield t.until(left, 1);
          yield t.store(right, 1);
        });
        m.thread('other', function* (t) {
          yield t.store(looked, 1);
          yield t.until(right, 1);
          yield t.store(left, 1);
        });
      },
    ],
  ])('is a deadlock %s', (_, declare) => {
    expect(violationOf(declare)?.kind).toBe('deadlock');
  });
});

describe('in the kernel', () => {
  const machineOf = (scenario: string, patch: string): ControlledMachine =>
    new ControlledMachine(modelOf({ scenario, patches: [patch], cpus: findScenario(scenario).cpus }));
  /** The shrunk schedule's violation, with stacks. */
  const shrunk = (machine: ControlledMachine): { readonly violation: Violation | null; readonly report: string } => {
    const { found } = explore(machine, { strategy: 'random', schedules: 2000 });
    if (found === null) throw new Error('nothing was found');
    const { schedule, violation } = minimize(machine, found.schedule);
    const told = replayWithStacks(machine, schedule).violation;
    expect(told?.message).toBe(violation.message);
    expect(replay(machine, schedule).violation?.message).toBe(violation.message);
    return { violation: told, report: told === null ? '' : violationReport(machine, told, 'title', 'token') };
  };
  const innermost = (violation: Violation | null): readonly (string | undefined)[] =>
    (violation?.witnesses ?? []).map(({ stack }) => simulatedFrames(stack)[0]?.function);

  it('a task that goes to sleep in pause with its signal pending: the window, with both stacks', () => {
    const { violation, report } = shrunk(machineOf('pause-wakeup', 'schedule-ignores-pending'));
    expect(violation?.kind).toBe('lost-wakeup');
    expect(violation?.message).toMatch(
      /nobody woke it; an interrupt on CPU 1 should have woken it, and found it awake/,
    );
    expect(innermost(violation)).toEqual(['pause', 'set_tsk_thread_flag', 'try_to_wake_up', '__schedule']);
    const steps = momentsOf(violation).map(({ step }) => step);
    expect(steps).toEqual([...steps].sort((a, b) => a - b));
    expect(report).toMatch(
      /step \d+: task 101 looked at task 101 thread_flags: nothing to do:\n {4}pause \(src\/kernel\//,
    );
    expect(report).toMatch(/ {4}hrtimer_interrupt \(src\/kernel\//);
  });

  it('a parent that nobody tells of the death that it waits for', () => {
    const { violation } = shrunk(machineOf('leader-dies-first', 'no-zap-leader'));
    expect(violation?.kind).toBe('lost-wakeup');
    expect(violation?.message).toMatch(
      /^lost wake-up: task 100 sleeps, though task 101 exit_state is EXIT_ZOMBIE by now; task 10\d changed that/,
    );
    expect(innermost(violation)).toContain('wait_consider_task');
  });

  it('a thread that nobody tells of a signal that another one will not take', () => {
    const { violation } = shrunk(machineOf('block-vs-delivery', 'no-retarget'));
    expect(violation?.message).toMatch(/nobody told it; task 101 was the last to change that, and told nobody else$/);
    expect(innermost(violation)).toEqual(['sigaddset', 'clear_tsk_thread_flag']);
  });

  it('a process that is stopped when it is killed, and stays so', () => {
    const { violation } = shrunk(machineOf('kill-a-stopped-process', 'sigkill-no-wakekill'));
    expect(violation?.message).toMatch(/nobody woke it; task 100 looked at it, and did not wake it$/);
  });

  it('a mutex that is given back without a wake-up', () => {
    const functions: KernelPatch = {
      *__pipe_unlock(pipe) {
        const lock = addr(pipe, pipe_inode_info.mutex);
        this.mutexReleased(lock);
        if (this.xchg(lock, mutex.owner, NULL)) yield;
      },
    };
    const scenario = scenarioOf({
      results: [],
      programs: {
        *main(sys) {
          yield* sys.write(1, new Uint8Array(1));
        },
      },
      setup(setup) {
        const main = setup.process('main', { cpu: 0 });
        setup.thread(main, 'main', { cpu: 1 });
        setup.run(main, function* (sys) {
          yield* sys.pipe([-1, -1]);
        });
      },
    });
    const machine = new ControlledMachine(kernelModel(scenario, { patches: [patchOf(functions)] }));
    const { violation } = shrunk(machine);
    expect(violation?.message).toMatch(
      /^lost wake-up: task 10\d sleeps in uninterruptible sleep, though .*mutex\.owner is NULL by now; task 10\d /,
    );
  });

  it('is no lost wake-up where a task waits for what has not happened', () => {
    const machine = new ControlledMachine(modelOf({ scenario: 'exec-vs-attach', patches: [], cpus: 3 }));
    const { found } = explore(machine, { strategy: 'random', schedules: 2000 });
    expect(found?.violation.kind).toBe('hung-task');
  });
});

it('is told of a sleeper whose set of signals has changed, and whom nobody woke', () => {
  const model = modelOf({ scenario: 'signalfd-new-mask', patches: ['signalfd4-no-wake-up'], cpus: 2 });
  const { found } = explore(model);
  expect(found?.violation.kind).toBe('lost-wakeup');
  expect(found?.violation.message).toContain('task 101 changed that after it went to sleep, and did not wake it');
});
