/** What must hold of the kernel's functions, and which tests fail where it does not. Rendered into `docs/kernel.md`. */

import type { KernelPart } from './kernel-row.js';
import { LIFE_AND_TIME } from './kernel-rows-life.js';

const K = 'kernel';
const S = 'kernel/syscalls';

export const KERNEL_PARTS: readonly KernelPart[] = [
  {
    title: 'Sending',
    rows: [
      {
        functions: 'kill tgkill tkill rt_sigqueueinfo rt_tgsigqueueinfo pidfd_send_signal',
        holds: 'the argument checks and errnos of the entry points; signal 0 only asks',
        tests: {
          [`${S}/kill`]: [
            'with signal 0 only says whether there is such a process: a zombie is one',
            'refuses what is no signal',
          ],
          [`${S}/tgkill`]: ['refuses numbers below 1, unknown threads and what is no signal'],
          [`${S}/sigqueue`]: ['may not look like kill or the kernel to others, but to oneself it may'],
          [`${S}/pidfd`]: ['refuses flags, other files, another number in the siginfo, and one like the kernel’s'],
        },
      },
      {
        functions: 'kill_something_info',
        holds: 'whom a pid means; of everybody the last error but EPERM counts, and nobody is ESRCH; INT_MIN is ESRCH',
        tests: {
          [`${S}/kill`]: [
            'with pid 0 reaches every process of the group',
            'with pid −1 reaches all others, but neither init nor the sender',
            'with pid −1 forgets the EPERM of each, and says ESRCH only where there is nobody',
          ],
          [`${K}/linux-3-16`]: ['kill(INT_MIN) is ESRCH, by one way or the other'],
        },
        races: { 'kill-all-vs-fork-bomb': ['no-fork-signal-check'] },
      },
      {
        functions: 'kill_pid_info',
        holds: 'looks again where the task that it found was gone: another may have taken the number over in exec',
        tests: { [`${K}/kill-vs-exec`]: ['looks the pid up again in some of these schedules: the race is there'] },
        races: { 'kill-vs-exec': ['no-kill-retry'], 'lookup-vs-free': ['no-rcu-read-lock'] },
      },
      {
        functions: '__kill_pgrp_info kill_pgrp',
        holds: 'one success is a success; otherwise the last error',
        tests: {
          [`${S}/kill`]: ['of a group succeeds where it may signal one of it, and otherwise says EPERM'],
          [`${K}/signals`]: ['kill_pgrp and kill_pid reach a group, and a process'],
        },
        races: { 'fork-vs-group-kill': ['no-fork-signal-check'] },
      },
      {
        functions: 'group_send_sig_info check_kill_permission kill_ok_by_cred',
        holds:
          'who may, by real and effective against real and saved ids, by CAP_KILL, by session for SIGCONT; under RCU',
        tests: {
          [`${S}/kill`]: ['is refused to a process of another user, and allowed to root'],
          [`${S}/identity`]: ['is refused, and SIGCONT is not within the session'],
          [`${K}/setid`]: ['kill races against setuid: the sender may, or may not any more'],
        },
        races: { 'setuid-vs-kill': ['cred-without-rcu'] },
      },
      {
        functions: 'do_send_sig_info do_send_specific do_tkill',
        holds: 'ESRCH where the sighand is gone; to a thread that was found and dies it counts as sent',
        tests: { [`${K}/races`]: ['that dies after it was found is sent, and before that there is nobody'] },
        races: { 'tgkill-vs-thread-exit': ['tgkill-without-rcu'] },
      },
      {
        functions: '__lock_task_sighand unlock_task_sighand',
        holds: 'the sighand is looked at again under its lock: it may have been freed and be another process’s',
        tests: { [`${K}/sending`]: ['reach the one thread that is named'] },
        races: { 'kill-vs-reap': ['no-sighand-recheck'] },
      },
      {
        functions: 'send_signal',
        holds: 'what the kernel and ancestors send gets through to an init; the sender is told in the target’s numbers',
        tests: {
          [`${K}/namespace-init`]: ['takes SIGKILL and SIGSTOP from outside, and ignores other fatal signals'],
          [`${K}/user-namespaces`]: ['translates the sender of a signal'],
        },
      },
      {
        functions: '__send_signal legacy_queue signalfd_notify',
        holds:
          'once below SIGRTMIN; a queue that is full refuses real-time signals not sent by kill, and loses siginfos else; five results; readers are woken; forks under way are told',
        tests: {
          [`${K}/tracepoints`]: ['a signal generated has one of five results, with its code'],
          [`${K}/signals`]: [
            'refuses a real-time signal with a value',
            'lets one from kill through, once, and nothing is known of it',
          ],
        },
        races: {
          'fork-vs-handled-signal': ['no-multiprocess'],
          'signalfd-event-loop': ['signalfd-no-notify'],
          'pending-limit': ['check-then-count'],
          'irq-self-deadlock': ['siglock-irqs-on'],
        },
      },
      {
        functions: 'prepare_signal',
        holds:
          'a dying process takes nothing, a dumping one SIGKILL; stops and SIGCONT flush each other, and SIGCONT wakes',
        tests: {
          [`${K}/coredump`]: ['no other does: the process is dumped all the same'],
          [`${K}/stops`]: ['and SIGCONT sent after it leaves the process running, with its threads'],
          [`${S}/clocks`]: ['that sends SIGCONT has its process go on, stopped as it is'],
          [`${S}/sigprocmask`]: ['has SIGCONT and stop signals drop each other while both are blocked'],
        },
        races: { 'stop-vs-cont': ['no-stop-dequeued'] },
      },
      {
        functions: 'sig_ignored sig_task_ignored sig_handler_ignored',
        holds:
          'what is blocked is not ignored yet, what a tracee ignores its tracer sees, and an init ignores from inside what it has no handler for',
        tests: {
          [`${K}/narrate`]: ['is ignored, does nothing, goes on, stops or kills as its action is'],
          [`${K}/ptrace-signals`]: ['stops it even where it is ignored; SIGKILL does not'],
          [`${K}/namespace-init`]: ['ignores from inside what it has no handler for, and SIGKILL and SIGSTOP always'],
        },
      },
      {
        functions: '__sigqueue_alloc __sigqueue_free flush_sigqueue flush_sigqueue_mask flush_signals',
        holds: 'the count of a user’s queued signals is never leaked, and never above the limit where that applies',
        tests: {
          [`${S}/sigqueue`]: ['gives EAGAIN where as many are queued as the limit allows'],
          [`${K}/signals`]: ['flush_signals drops what is pending for a thread and its process'],
          [`${K}/sigaction`]: ['drops what is pending and blocked with %s'],
        },
        races: { 'pending-limit': ['check-then-count'] },
      },
      {
        functions: 'complete_signal wants_signal',
        holds:
          'the main thread first, then in turn; not those that block it, exit or are stopped; a fatal one kills all at once',
        tests: {
          [`${K}/retarget`]: ['threads that block a signal are passed over, and it stays pending when all do'],
          [`${K}/signals`]: ['goes to the threads in turn where the first does not take it'],
        },
        races: { 'kill-a-stopped-process': ['sigkill-no-wakekill'], 'two-exit-codes': ['group-exit-no-recheck'] },
      },
      {
        functions: 'signal_wake_up_state kick_process recalc_sigpending recalc_sigpending_tsk calculate_sigpending',
        holds:
          'wakes from an interruptible sleep, for SIGKILL also from a stop; interrupts who is in user mode; a new task finds what came before it ran',
        tests: {
          [`${K}/programs`]: [
            'reaches a task that waits in user mode for its turn on its CPU',
            'of everybody during a fork leaves neither parent nor child',
          ],
        },
        races: { 'kill-a-stopped-process': ['sigkill-no-wakekill'], 'pause-wakeup': ['schedule-ignores-pending'] },
      },
      {
        functions: 'force_sig force_sig_fault send_sig',
        holds: 'what an instruction causes can be neither ignored nor blocked',
        tests: {
          [`${K}/faults`]: ['cannot be ignored', 'cannot be blocked: its handler is not called then'],
          [`${K}/signals`]: [
            'send_sig refuses a signal that there is none of; with priv it is the kernel’s, otherwise the task’s',
          ],
        },
      },
    ],
  },
  {
    title: 'Receiving',
    rows: [
      {
        functions: 'exit_to_usermode_loop do_signal',
        holds:
          'a signal is taken on the way to user mode and nowhere else; without a handler a call is restarted, and the saved mask comes back',
        tests: {
          [`${K}/interrupted-calls`]: ['%s goes on after a stop, and after a signal that does nothing'],
          [`${K}/sending`]: ['never misses a signal that is blocked until then, and puts the mask back'],
          [`${K}/programs`]: ['interrupts a program before, between and after its stores'],
        },
      },
      {
        functions: 'handle_signal setup_rt_frame signal_setup_done signal_delivered rt_sigreturn',
        holds: 'EINTR or a restart by SA_RESTART; the mask while the handler runs; nesting; SA_RESETHAND; SA_ONSTACK',
        tests: {
          [`${K}/interrupted-calls`]: ['%s is ended by a handler, %s'],
          [`${K}/sigaction`]: [
            'sees the mask before, its own, and the signal blocked; the first comes back',
            'with SA_RESETHAND is called once; the signal is blocked in it as in any other',
          ],
          [`${K}/sigaltstack`]: ['runs on the stack, which cannot be changed meanwhile'],
          [`${K}/races`]: ['whose handler finds no stack ends the process, whoever sends meanwhile'],
        },
      },
      {
        functions: 'get_signal',
        holds:
          'news of SIGCONT, then a group exit, then stops and traps, then signals; default actions; an init that nothing kills',
        tests: {
          [`${K}/stops`]: ['says that a child has stopped and that it goes on'],
          [`${S}/identity`]: ['does not die of a signal that it blocked when one of its own sent it'],
          [`${K}/sigaction`]: ['handlers, ignoring and defaults, for every signal'],
        },
        races: { 'stop-vs-cont': ['no-stop-dequeued'] },
      },
      {
        functions: 'dequeue_signal __dequeue_signal collect_signal next_signal dequeue_synchronous_signal',
        holds:
          'faults first, own before shared, lowest first, real-time signals in order; the bit stays while another waits',
        tests: {
          [`${S}/sigqueue`]: [
            'queues real-time signals, lowest number first and each number in the order sent; others once',
          ],
          [`${K}/faults`]: ['is taken before another that is not blocked, even if it is blocked itself'],
          [`${S}/sigprocmask`]: ['takes what is pending for the thread before what is pending for the process'],
        },
      },
      {
        functions: 'do_signal_stop task_participate_group_stop do_notify_parent_cldstop',
        holds: 'a stop taken before SIGCONT came does not stop; one notification for a group',
        tests: {
          [`${K}/stops`]: [
            'stops every thread of a process, and the parent hears of it once',
            'is over when the last thread that has not stopped exits',
          ],
          [`${K}/ptrace-races`]: [
            'that its tracer lets run can take a stop signal again: the process is stopped by the first',
          ],
        },
        races: {
          'stop-vs-cont': ['no-stop-dequeued'],
          'stop-vs-thread-exit': ['exit-no-stop-notify'],
          'cont-vs-parent-exit': ['cldstop-without-tasklist'],
        },
      },
      {
        functions: 'do_sigaction rt_sigaction',
        holds: 'an action that ignores drops what is pending',
        tests: { [`${K}/sigaction`]: ['drops what is pending and blocked with %s'] },
      },
      {
        functions: 'sigprocmask rt_sigprocmask __set_task_blocked set_current_blocked retarget_shared_pending',
        holds: 'who blocks a signal that it was chosen for hands it on',
        tests: {
          [`${K}/races`]: ['of two that one thread was to take, each goes to another when it blocks both'],
          [`${K}/retarget`]: ['leaves it to nobody in a kernel that does not look for another'],
        },
        races: { 'block-vs-delivery': ['no-retarget'] },
      },
      {
        functions: 'rt_sigpending rt_sigsuspend pause rt_sigtimedwait signalfd signalfd4 sigaltstack',
        holds: 'a signal that is waited for is taken once, by who waits or by a handler; none is missed',
        tests: {
          [`${K}/sending`]: ['takes the signal or says that the time is over, and never both or neither'],
          [`${K}/signalfd`]: [
            'is taken once: by one of two readers, or by the handler of a thread that does not block it',
          ],
          [`${K}/sigaltstack`]: ['disables it, whatever size is given'],
        },
        races: {
          'pause-wakeup': ['schedule-ignores-pending'],
          'signalfd-vs-handler': ['signalfd-no-siglock'],
          'signalfd-new-mask': ['signalfd4-no-wake-up'],
        },
      },
    ],
  },
  ...LIFE_AND_TIME,
];
