import { ESRCH, errorName, SA_RESTART, SIGCHLD, SIGTERM, signalName } from '../src/kernel/constants.js';
import type { Scenario } from '../src/kernel/scenario.js';

/** The pid of the target: the second process that the setup makes. */
const TARGET = 101;

export const killVsExec: Scenario = {
  name: 'kill-vs-exec',
  subject: 'kill and exec',
  title: 'kill(2) to a process whose second thread is in execve(2)',
  story:
    'A process of two threads is about to be replaced: its second thread calls execve while its leader sleeps in ' +
    'pause. exec wants the process for itself alone, so it kills the leader, waits until it is a zombie, takes over ' +
    'its pid and releases it. At the same time the parent sends the process SIGTERM. kill looks the pid up, finds the ' +
    'leader, and then locks what the leader shares with its threads. If exec releases the leader between the two, the ' +
    'task that kill found is gone, but the process is not: its pid has a new owner.',
  cast: [
    'CPU 0: process 100, the parent: kill(101, SIGTERM), then wait4(101), with a handler for SIGCHLD',
    'CPU 1: thread 101, the leader of the target, asleep in pause()',
    'CPU 2: thread 102, the second thread of the target: execve()',
  ],
  claim: 'kill never says ESRCH (no such process) while the process lives, and the process dies of SIGTERM.',
  watch: ['kill_pid_info', '__lock_task_sighand', 'de_thread', '__exit_signal', 'complete_signal'],
  patches: [
    {
      name: 'no-kill-retry',
      breaks: 'kill says ESRCH for a process that lives',
      kind: 'invariant',
    },
  ],
  possible: [
    {
      outcome: 'kill 0, died of SIGTERM',
      because: 'the signal is sent to the old leader, to both threads, or to the new leader: it is the same process.',
    },
  ],
  seen: [
    {
      counter: 'kill_pid_info.retry',
      because:
        'the task that kill found had lost its sighand when kill came to lock it, and kill looked the pid up again.',
    },
  ],
  learn:
    'A lookup under RCU gives you an object that was right a moment ago. Whoever then finds it dead must ask whether ' +
    'the thing it stood for is dead as well, and look again if it may not be.',
  reading: [
    'kernel/signal.c: kill_pid_info, and what its comment says of de_thread',
    'fs/exec.c: de_thread, from "release_task(leader)" upwards',
    'kernel/exit.c: __exit_signal, where a task loses its sighand',
  ],
  cpus: 3,
  results: ['kill', 'wait', 'status', 'sigchld'],

  programs: {
    *killer(sys) {
      const error = yield* sys.kill(TARGET, SIGTERM);
      sys.result('kill', error);
      sys.check(
        error !== -ESRCH,
        `kill(${TARGET}, SIGTERM) said ESRCH, but process ${TARGET} is alive: its parent has not waited for it`,
      );
      const child = yield* sys.wait4(TARGET);
      sys.result('wait', child.pid);
      sys.result('status', child.status);
      sys.check(child.pid === TARGET, `wait4(${TARGET}) gave ${errorName(child.pid)}`);
      yield* sys.stay();
    },
    *leader(sys) {
      for (;;) yield* sys.pause();
    },
    *execer(sys) {
      yield* sys.execve('image');
    },
    *image(sys) {
      yield* sys.stay();
    },
  },

  handlers: {
    *onChild(sys, sig) {
      sys.result('sigchld', sig);
    },
  },

  setup(setup) {
    const killer = setup.process('killer', { cpu: 0 });
    setup.sigaction(killer, SIGCHLD, 'onChild', { flags: SA_RESTART });
    const target = setup.process('leader', { parent: killer, cpu: 1, blocked: true });
    setup.thread(target, 'execer', { cpu: 2 });
  },

  unfinished: ({ wait }) =>
    wait === null ? `process ${TARGET} was sent SIGTERM, and its parent waits for it for ever` : null,

  outcome: ({ kill, status }) => {
    const end = status === null ? 'not reaped' : `died of ${signalName(status & 0x7f)}`;
    return `kill ${kill === null ? 'did not return' : errorName(kill)}, ${end}`;
  },
};
