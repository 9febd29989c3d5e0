/** The kernel's trace points: that each comes where the kernel has it, with the kernel's own fields. */

import { expect, it } from 'vitest';
import { replayWithStacks, type StoryEvent } from '../../src/explore/replay.js';
import {
  SA_SIGINFO,
  SIG_BLOCK,
  SIG_IGN,
  SIGKILL,
  SIGRTMIN,
  SIGSTOP,
  SIGTERM,
  SIGUSR1,
  WUNTRACED,
} from '../../src/kernel/constants.js';
import { kernelModel } from '../../src/kernel/model.js';
import { sigmask } from '../../src/kernel/sigset.js';
import { TRACE_NAMES } from '../../src/kernel/trace.js';
import { ControlledMachine } from '../../src/machine/controlled.js';
import { EVENT_CONTENDED, OP_LOCK } from '../../src/sync/gate.js';
import { ftraceLine } from '../../src/trace/ftrace.js';
import { type Parts, scenarioOf } from '../support/programs.js';

/** The trace points of the run in which nobody is ever preempted, a line each. */
function traced(parts: Parts, sigqueues = 64): readonly string[] {
  const model = kernelModel(scenarioOf(parts), { limits: { tasks: 32, sigqueues } });
  const { events, violation } = replayWithStacks(new ControlledMachine(model), new Uint8Array());
  expect(violation).toBeNull();
  return events.filter(({ fields }) => fields !== null).map((e) => `${TRACE_NAMES[e.event]}: ${e.fieldText}`);
}

function only(lines: readonly string[], name: string): readonly string[] {
  return lines.filter((line) => line.startsWith(`${name}:`)).map((line) => line.slice(name.length + 2));
}

it('a signal generated has one of five results, with its code', () => {
  const lines = traced(
    {
      cpus: 1,
      programs: {
        *sender(sys) {
          const pid = yield* sys.getpid();
          yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGUSR1, SIGRTMIN));
          yield* sys.kill(pid, SIGUSR1);
          yield* sys.kill(pid, SIGUSR1);
          yield* sys.sigaction(SIGTERM, SIG_IGN);
          yield* sys.kill(pid, SIGTERM);
          yield* sys.kill(pid, SIGRTMIN);
          yield* sys.kill(pid, SIGRTMIN);
          sys.check((yield* sys.sigqueue(pid, SIGRTMIN, 7)) === -11, 'sigqueue was not refused');
        },
      },
      results: [],
      setup: (setup) => void setup.process('sender'),
    },
    2,
  );
  expect(only(lines, 'signal_generate')).toEqual([
    'sig=10 errno=0 code=0 comm=sender pid=100 grp=1 res=0',
    'sig=10 errno=0 code=0 comm=sender pid=100 grp=1 res=2',
    'sig=15 errno=0 code=0 comm=sender pid=100 grp=1 res=1',
    'sig=32 errno=0 code=0 comm=sender pid=100 grp=1 res=0',
    'sig=32 errno=0 code=0 comm=sender pid=100 grp=1 res=4',
    'sig=32 errno=0 code=-1 comm=sender pid=100 grp=1 res=3',
  ]);
});

it('a life has fork, wait, wake-up, switch, exec, exit and free, and system calls have their numbers', () => {
  const lines = traced({
    cpus: 2,
    programs: {
      *shell(sys) {
        yield* sys.sigaction(SIGUSR1, 'onUsr1', { flags: SA_SIGINFO });
        const child = yield* sys.fork('before', 0, 1);
        yield* sys.wait4(child);
        yield* sys.kill(yield* sys.getpid(), SIGUSR1);
      },
      *before(sys) {
        yield* sys.execve('a-rather-long-name');
      },
      *'a-rather-long-name'(sys) {
        yield* sys.kill(yield* sys.getpid(), SIGKILL);
      },
    },
    handlers: { *onUsr1() {} },
    results: [],
    setup: (setup) => void setup.process('shell'),
  });
  expect(only(lines, 'sched_process_fork')).toEqual(['comm=shell pid=100 child_comm=before child_pid=101']);
  expect(only(lines, 'sched_wakeup_new')).toEqual(['comm=before pid=101 prio=120 target_cpu=001']);
  expect(only(lines, 'sched_process_exec')).toEqual(['filename=a-rather-long-n pid=101 old_pid=101']);
  expect(only(lines, 'sched_process_wait')).toEqual(['comm=shell pid=101 prio=120']);
  expect(only(lines, 'sched_process_exit')).toEqual([
    'comm=a-rather-long-n pid=101 prio=120',
    'comm=shell pid=100 prio=120',
  ]);
  expect(only(lines, 'sched_process_free')).toEqual([
    'comm=a-rather-long-n pid=101 prio=120',
    'comm=shell pid=100 prio=120',
  ]);
  expect(only(lines, 'signal_deliver')).toEqual([
    'sig=9 errno=0 code=0 sa_handler=0 sa_flags=0',
    // The kernel does not tell of SIGCHLD here: its default action is to be ignored, and it is never queued.
    'sig=10 errno=0 code=0 sa_handler=2 sa_flags=4',
  ]);
  expect(only(lines, 'sched_switch')).toContain(
    'prev_comm=shell prev_pid=100 prev_prio=120 prev_state=S ==> next_comm=swapper/0 next_pid=0 next_prio=120',
  );
  expect(only(lines, 'sched_waking')).toContain('comm=shell pid=100 prio=120 target_cpu=000');
  expect(only(lines, 'sched_wakeup')).toContain('comm=shell pid=100 prio=120 target_cpu=000');
  expect(only(lines, 'sys_enter')).toContain('NR 62 (65, 9, 0)');
  expect(only(lines, 'sys_exit')).toContain('NR 61 = 101');
  expect(only(lines, 'rcu_grace_period').slice(0, 2)).toEqual(['rcu_sched 1 start', 'rcu_sched 4 end']);
});

it('a task that leaves its CPU says in which state, and a result and a handler have their names', () => {
  const lines = traced({
    cpus: 1,
    programs: {
      *parent(sys) {
        const child = yield* sys.fork('child');
        yield* sys.sigaction(SIGUSR1, 'onUsr1');
        yield* sys.kill(yield* sys.getpid(), SIGUSR1);
        yield* sys.wait4(child, WUNTRACED);
        yield* sys.kill(child, SIGKILL);
        sys.result('reaped', (yield* sys.wait4(-1)).pid);
      },
      *child(sys) {
        yield* sys.kill(yield* sys.getpid(), SIGSTOP);
      },
    },
    handlers: { *onUsr1() {} },
    results: ['reaped'],
    setup: (setup) => void setup.process('parent'),
  });
  const states = new Set(
    only(lines, 'sched_switch').map((line) => /prev_pid=(\d+).*prev_state=(\S+)/.exec(line)?.slice(1).join(' ')),
  );
  expect(states).toEqual(new Set(['100 S', '101 T', '101 Z', '100 X']));
  expect(only(lines, 'user_result')).toEqual(['name=reaped value=101']);
  expect(only(lines, 'user_handler')).toEqual(['sig=10']);
  expect(only(lines, 'sched_process_wait')).toEqual(['comm=parent pid=101 prio=120', 'comm=parent pid=0 prio=120']);
  expect(only(lines, 'exit_resource').slice(0, 2)).toEqual(['exit_mm', 'exit_sem']);
});

it('a lock that somebody holds is contended before it is acquired', () => {
  const model = kernelModel(
    scenarioOf({
      cpus: 2,
      programs: {
        *sender(sys) {
          yield* sys.kill(102, SIGTERM);
        },
        *target(sys) {
          yield* sys.stay();
        },
      },
      results: [],
      setup(setup) {
        setup.process('sender', { cpu: 0 });
        setup.process('sender', { cpu: 1 });
        setup.process('target', { cpu: 0 });
      },
    }),
  );
  // To the point where CPU 0 holds the target's siglock, and then the other CPU for as long as it can.
  for (let decisions = 1; decisions < 20; decisions++) {
    const schedule = new Uint8Array(decisions + 1).fill(0);
    schedule[decisions] = 1;
    const machine = new ControlledMachine(model);
    const { events } = replayWithStacks(machine, schedule);
    const contended = events.findIndex(({ event }) => event === EVENT_CONTENDED);
    if (contended < 0) continue;
    const wanted = events[contended] as StoryEvent;
    const line = ftraceLine(wanted, contended, {});
    expect(line).toMatch(/^ +task-101 +\[001\] .*: lock_contended: 0x[0-9a-f]+ siglock of process 102$/);
    const acquired = events.findIndex((e) => e.event === OP_LOCK && e.cpu === 1 && e.address === wanted.address);
    expect(acquired).toBeGreaterThan(contended);
    return;
  }
  expect.fail('no schedule found with a contended siglock');
});
