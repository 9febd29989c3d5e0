/** Timers that expire while somebody deletes them, exits, execs or sleeps, in small scenarios under many schedules. */

import { describe, expect, test } from 'vitest';
import {
  EINTR,
  SIG_BLOCK,
  SIGALRM,
  SIGCONT,
  SIGEV_SIGNAL,
  SIGEV_THREAD_ID,
  SIGRTMIN,
  SIGSTOP,
  SIGUSR1,
} from '../../src/kernel/constants.js';
import { CLOCK_MONOTONIC } from '../../src/kernel/hrtimer.js';
import { SIGNALFD_SIGINFO_SIZE } from '../../src/kernel/signalfd.js';
import { sigmask } from '../../src/kernel/sigset.js';
import type { Sys } from '../../src/kernel/sys.js';
import type { Coroutine } from '../../src/sync/gate.js';
import { told } from '../support/events.js';
import { outcomesOf, type Parts } from '../support/programs.js';
import { itimerspec, seconds } from '../support/time.js';

/** Makes a timer that sends a signal to the process, or to one thread. */
function* timerOf(sys: Sys, sig: number, thread = 0): Coroutine<number> {
  const out = { timerid: -1 };
  const sigev_notify = thread === 0 ? SIGEV_SIGNAL : SIGEV_SIGNAL | SIGEV_THREAD_ID;
  const event = { sigev_notify, sigev_signo: sig, sigev_value: 9, sigev_notify_thread_id: thread };
  sys.check((yield* sys.timer_create(CLOCK_MONOTONIC, event, out)) === 0, 'timer_create');
  return out.timerid;
}

describe('a timer', () => {
  // Which CPU waits for the other's timer makes a difference to the machine.
  test.each([
    [0, 1],
    [1, 0],
  ])('of a process that expires on CPU %d while its last thread exits on CPU %d is waited for', (timer, last) => {
    const parts: Parts = {
      results: ['ended'],
      programs: {
        *main(sys) {
          const child = yield* sys.fork('exits', 0, last);
          yield* sys.waitpid(child);
          sys.result('ended', 1);
        },
        *exits(sys) {
          yield* sys.thread('sets', 0, timer);
          while ((yield* sys.load(0)) === 0) yield* sys.step();
          yield* sys.exit(0);
        },
        *sets(sys) {
          yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGALRM));
          yield* sys.alarm(1);
          yield* sys.store(0, 1);
          yield* sys.exit(0);
        },
      },
      setup: (setup) => void setup.process('main'),
    };
    expect(outcomesOf(parts, 150)).toEqual(['ended=1']);
  });

  test('of the posix kind likewise, whoever deletes it: the last thread, an exec or timer_delete', () => {
    const parts = (way: (sys: Sys, id: number) => Coroutine<unknown>, last = 0): Parts => ({
      results: ['ended'],
      programs: {
        *main(sys) {
          const child = yield* sys.fork('ends', 0, last);
          yield* sys.waitpid(child);
          sys.result('ended', 1);
        },
        *ends(sys) {
          yield* sys.thread('sets', 0, 1 - last);
          while ((yield* sys.load(0)) === 0) yield* sys.step();
          yield* way(sys, (yield* sys.load(0)) - 1);
        },
        *sets(sys) {
          const id = yield* timerOf(sys, SIGRTMIN);
          yield* sys.timer_settime(id, 0, itimerspec(seconds(1), seconds(1)));
          yield* sys.store(0, id + 1);
          yield* sys.exit(0);
        },
        *image() {},
      },
      setup: (setup) => void setup.process('main'),
    });
    for (const last of [0, 1]) {
      const ways = [
        parts((sys) => sys.exit(0), last),
        parts((sys) => sys.execve('image'), last),
        parts((sys, id) => sys.timer_delete(id), last),
      ];
      for (const way of ways) expect(outcomesOf(way, 80)).toEqual(['ended=1']);
    }
  });

  test('that one thread deletes and another looks at is there or not', () => {
    const parts: Parts = {
      results: ['looked'],
      programs: {
        *main(sys) {
          const id = yield* timerOf(sys, SIGUSR1);
          yield* sys.thread('deletes', id, 1);
          sys.result('looked', yield* sys.timer_gettime(id, itimerspec(seconds(0))));
        },
        *deletes(sys) {
          sys.check((yield* sys.timer_delete(sys.arg)) === 0, 'timer_delete');
          yield* sys.exit(0);
        },
      },
      setup: (setup) => void setup.process('main'),
    };
    expect(outcomesOf(parts, 200)).toEqual(['looked=-22', 'looked=0']);
  });

  test('for a thread that has gone sends nothing, and does not keep it from being made', () => {
    const parts: Parts = {
      results: ['made'],
      programs: {
        *main(sys) {
          const tid = yield* sys.thread('ends', 0, 1);
          const out = { timerid: -1 };
          const event = {
            sigev_notify: SIGEV_SIGNAL | SIGEV_THREAD_ID,
            sigev_signo: SIGRTMIN,
            sigev_notify_thread_id: tid,
          };
          const made = yield* sys.timer_create(CLOCK_MONOTONIC, event, out);
          sys.result('made', made);
          if (made !== 0) return;
          yield* sys.timer_settime(out.timerid, 0, itimerspec(seconds(1)));
          while ((yield* sys.tgkill(yield* sys.getpid(), tid, 0)) === 0) yield* sys.step();
          // Past its expiry: who gets the signal now would die of it.
          yield* sys.nanosleep(seconds(5));
          sys.check((yield* sys.timer_delete(out.timerid)) === 0, 'timer_delete');
        },
        *ends(sys) {
          yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGRTMIN));
          yield* sys.exit(0);
        },
      },
      setup: (setup) => void setup.process('main'),
    };
    expect(outcomesOf(parts, 300)).toEqual(['made=-22', 'made=0']);
  });

  test('for a thread can be made on two CPUs at once', () => {
    const parts: Parts = {
      results: ['main', 'other'],
      programs: {
        *main(sys) {
          yield* sys.thread('makes', 0, 1);
          sys.result('main', yield* timerOf(sys, SIGUSR1, sys.tid));
          while (sys.reported('other') === null) yield* sys.step();
        },
        *makes(sys) {
          sys.result('other', yield* timerOf(sys, SIGUSR1, sys.tid));
          yield* sys.stay();
        },
      },
      setup: (setup) => void setup.process('main'),
    };
    expect(outcomesOf(parts, 60)).toEqual(['main=0 other=1', 'main=1 other=0']);
  });

  test('that is deleted between the taking of its signal and its being armed again is not armed', () => {
    const parts: Parts = {
      results: ['took', 'deleted'],
      programs: {
        *main(sys) {
          yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGRTMIN));
          const id = yield* timerOf(sys, SIGRTMIN);
          yield* sys.timer_settime(id, 0, itimerspec(seconds(1), seconds(1)));
          yield* sys.nanosleep(seconds(1));
          yield* sys.thread('deletes', id, 1);
          sys.result('took', yield* sys.sigtimedwait(sigmask(SIGRTMIN), null, seconds(0)));
          while (sys.reported('deleted') === null) yield* sys.step();
          yield* sys.nanosleep(seconds(5));
          const set = { lo: 0, hi: 0 };
          yield* sys.sigpending(set);
          sys.check(set.hi === 0, 'it has been armed again');
        },
        *deletes(sys) {
          sys.result('deleted', yield* sys.timer_delete(sys.arg));
          yield* sys.stay();
        },
      },
      setup: (setup) => void setup.process('main'),
    };
    for (const outcome of outcomesOf(parts, 200)) expect(outcome).toMatch(/^took=(32|-11) deleted=0$/);
  });

  test('is told of when it sends its signal', () => {
    const lines = told(
      {
        results: [],
        cpus: 1,
        programs: {
          *main(sys) {
            const id = yield* timerOf(sys, SIGUSR1);
            yield* sys.timer_settime(id, 0, itimerspec(seconds(1)));
            yield* sys.pause();
          },
        },
        setup: (setup) => void setup.process('main'),
      },
      5,
    );
    expect(lines.join('\n')).toMatch(/sends SIGUSR1 to process 100/);
  });

  test('of a process that execs is deleted, and its signals dropped, whoever sends meanwhile', () => {
    const parts: Parts = {
      results: ['image'],
      programs: {
        *sends(sys) {
          for (let n = 0; n < 3; n++) yield* sys.kill(101, SIGUSR1);
        },
        *execs(sys) {
          const id = yield* timerOf(sys, SIGRTMIN);
          yield* sys.timer_settime(id, 0, itimerspec(seconds(1)));
          yield* sys.execve('image');
        },
        *image(sys) {
          const set = { lo: 0, hi: 0 };
          yield* sys.sigpending(set);
          sys.result('image', set.hi);
        },
      },
      setup(setup) {
        setup.process('sends', { cpu: 0 });
        const execs = setup.process('execs', { cpu: 1 });
        setup.run(execs, (sys) => sys.sigprocmask(SIG_BLOCK, sigmask(SIGRTMIN, SIGUSR1)));
      },
    };
    expect(outcomesOf(parts, 150)).toEqual(['image=0']);
  });

  test.each([0, 1])('on CPU %i wakes who waits at a descriptor, and is armed again whoever sends meanwhile', (cpu) => {
    const parts: Parts = {
      results: ['read'],
      programs: {
        *main(sys) {
          yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGRTMIN, SIGUSR1));
          const fd = yield* sys.signalfd(-1, sigmask(SIGRTMIN));
          const id = yield* timerOf(sys, SIGRTMIN);
          yield* sys.timer_settime(id, 0, itimerspec(seconds(1), seconds(1)));
          yield* sys.fork('sends', 0, 1 - cpu);
          for (let n = 0; n < 2; n++) sys.result('read', yield* sys.read(fd, new Uint8Array(SIGNALFD_SIGINFO_SIZE)));
          yield* sys.timer_delete(id);
        },
        *sends(sys) {
          for (let n = 0; n < 8; n++) yield* sys.kill(100, SIGUSR1);
        },
      },
      setup: (setup) => void setup.process('main', { cpu }),
    };
    expect(outcomesOf(parts, 120)).toEqual([`read=${SIGNALFD_SIGINFO_SIZE}`]);
  });
});

describe('nanosleep', () => {
  test('that a signal ends when its time has come already returns 0', () => {
    // Both sleep until the same moment. The clock reaches it on CPU 0; the signal comes before the timer of CPU 1 does.
    const parts: Parts = {
      results: ['slept', 'left'],
      cpus: 3,
      programs: {
        *other(sys) {
          yield* sys.nanosleep(seconds(1));
        },
        *sleeps(sys) {
          const left = seconds(-1);
          sys.result('slept', yield* sys.nanosleep(seconds(1), left));
          sys.result('left', left.tv_sec);
        },
        *sends(sys) {
          yield* sys.kill(101, SIGUSR1);
        },
      },
      handlers: { *onUsr1() {} },
      setup(setup) {
        setup.process('other', { cpu: 0 });
        setup.sigaction(setup.process('sleeps', { cpu: 1 }), SIGUSR1, 'onUsr1');
        setup.process('sends', { cpu: 2 });
      },
    };
    expect(outcomesOf(parts, 400)).toEqual([`slept=${-EINTR} left=1`, 'slept=0 left=-1'].sort());
  });

  test('that would go on after a stop is ended by a handler that runs in between', () => {
    const parts: Parts = {
      results: ['slept', 'handled'],
      programs: {
        *sleeps(sys) {
          sys.result('slept', yield* sys.nanosleep(seconds(1)));
        },
        *sends(sys) {
          yield* sys.kill(100, SIGSTOP);
          yield* sys.kill(100, SIGCONT);
          yield* sys.kill(100, SIGUSR1);
        },
      },
      handlers: {
        *onUsr1(sys) {
          sys.result('handled', 1);
        },
      },
      setup(setup) {
        setup.sigaction(setup.process('sleeps', { cpu: 0 }), SIGUSR1, 'onUsr1');
        setup.process('sends', { cpu: 1 });
      },
    };
    expect(outcomesOf(parts, 600)).toEqual([`slept=${-EINTR} handled=1`, 'slept=0 handled=1', 'slept=0 handled=null']);
  });
});
