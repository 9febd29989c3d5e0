/** The rows about the life and death of tasks, about tracing and time, and about what all of it stands on. */

import type { KernelPart } from './kernel-row.js';

const K = 'kernel';
const S = 'kernel/syscalls';

export const LIFE_AND_TIME: readonly KernelPart[] = [
  {
    title: 'Dying',
    rows: [
      {
        functions: 'do_group_exit exit_group zap_other_threads',
        holds: 'the first to take the siglock sets the code, and the rest die with it',
        tests: { [`${S}/exit`]: ['ends every thread, with the code given'] },
        races: { 'two-exit-codes': ['group-exit-no-recheck'], 'clone-vs-group-exit': ['no-fork-signal-check'] },
      },
      {
        functions: 'do_exit exit_signals exit_notify',
        holds:
          'who exits hands on what it was chosen for; a zombie, or dead where nobody waits; a waiting exec is woken',
        tests: {
          [`${K}/retarget`]: ['exits before taking it is taken by the other'],
          [`${K}/tracepoints`]: [
            'a task that leaves its CPU says in which state, and a result and a handler have their names',
          ],
        },
        races: {
          'exit-vs-delivery': ['exit-no-retarget'],
          'pidfd-poll-vs-exit': ['exit-no-notify-pidfd'],
          'stop-vs-thread-exit': ['exit-no-stop-notify'],
        },
      },
      {
        functions:
          'forget_original_parent find_new_reaper find_child_reaper reparent_leader kill_orphaned_pgrp is_current_pgrp_orphaned',
        holds:
          'a living thread, then a subreaper, then the init of the namespace; PDEATHSIG; SIGHUP and SIGCONT for stopped orphans',
        tests: {
          [`${S}/exit`]: ['gives its children to init, or to a subreaper'],
          [`${S}/identity`]: ['inherits an orphan whose subreaper is outside'],
          [`${K}/pgrp`]: [
            'that dies while a child of it exits passes its orphans on to init',
            'PR_SET_PDEATHSIG races against the death of the parent',
          ],
          [`${K}/jobcontrol`]: [
            'gets SIGHUP and SIGCONT when its parent exits and a member is stopped',
            'is told as well when a member dies that was the last tie',
          ],
        },
        races: {
          'orphan-vs-exit': ['reparent-without-state-check', 'reparent-without-notify'],
          'fork-vs-container-exit': ['zap-without-disable'],
        },
      },
      {
        functions: 'do_notify_parent',
        holds:
          'a parent that ignores SIGCHLD, or says SA_NOCLDWAIT, does not wait; one that has exec’ed gets SIGCHLD; waiters are woken',
        tests: {
          [`${K}/sigaction`]: ['SA_NOCLDWAIT: the child is gone at once, and the handler is called'],
          [`${K}/shared-sighand`]: [
            'a child that promised another signal than SIGCHLD sends SIGCHLD to a parent that has exec’ed since',
          ],
        },
        races: { autoreap: ['ignore-autoreap'] },
      },
      {
        functions:
          'release_task __exit_signal __unhash_process ptrace_release_task proc_flush_task cgroup_release delayed_put_task_struct',
        holds:
          'the last thread of a zombie leader tells the parent, and releases the leader where nobody waits; freed after a grace period',
        tests: {
          [`${K}/waitstatus`]: ['with WNOWAIT a dead leader has its own code, and reaped its process’s'],
          [`${K}/leaks`]: ['says what is left when all processes have ended'],
        },
        races: {
          'leader-dies-first': ['no-zap-leader'],
          'lookup-vs-free': ['put-task-without-grace-period'],
          'lock-inversion': ['siglock-before-tasklist'],
        },
      },
      {
        functions:
          'do_wait wait_consider_task wait_task_zombie wait_task_stopped wait_task_continued child_wait_callback eligible_child wait4 waitid',
        holds:
          'one waiter wins a zombie, and one the news of a stop or of going on; the options as the manual has them',
        tests: {
          [`${K}/races`]: ['for which two threads ask are taken by one of them', 'are there until somebody takes them'],
          [`${S}/wait`]: [
            'of a child without SIGCHLD needs __WCLONE or __WALL',
            'tells stops with WUNTRACED, and continuing with WCONTINUED, once each',
          ],
          [`${S}/waitid`]: ['for stops alone does not find a zombie, which stays to be waited for', 'waits by a pidfd'],
          [`${K}/ptrace-threads`]: [
            'of a tracer: only the one that attached may ask, and each may wait, unless it says __WNOTHREAD',
          ],
        },
        races: { 'two-waiters': ['reap-without-cmpxchg'] },
      },
    ],
  },
  {
    title: 'Being born and changing',
    rows: [
      {
        functions: 'copy_process _do_fork fork vfork clone',
        holds:
          'a child is forked before a signal or after it, and a fatal one lets no child escape; shared handlers, siblings, namespaces, pidfds',
        tests: {
          [`${S}/fork`]: [
            'refuses flags that do not go together',
            'with CLONE_PARENT makes a sibling',
            'with CLONE_PIDFD gives a pidfd',
          ],
          [`${K}/vfork`]: ['returns when the child is gone: what the child did has been done'],
          [`${K}/jobcontrol`]: ['takes a thread along that is made meanwhile'],
        },
        races: {
          'fork-vs-handled-signal': ['no-multiprocess'],
          'fork-vs-group-kill': ['no-fork-signal-check'],
          'clone-vs-group-exit': ['no-fork-signal-check'],
        },
      },
      {
        functions: 'de_thread',
        holds: 'waits for all others and for the leader, and takes its number; EAGAIN in a group exit; killable',
        tests: {
          [`${K}/races`]: [
            'of one of five threads waits for the last of the others',
            'of a thread %s, in a process that is killed meanwhile, leaves nothing behind',
          ],
          [`${S}/execve`]: ['of a thread ends the others, and takes the number of the process'],
        },
        races: { 'kill-vs-exec': ['no-kill-retry'], 'kill-vs-waiting-exec': ['exec-ignores-kill'] },
      },
      {
        functions: 'execve flush_old_exec setup_new_exec flush_signal_handlers',
        holds:
          'handlers go, what is ignored, blocked and pending stays, but for what timers have sent; the alternate stack goes; shared handlers are parted',
        tests: {
          [`${S}/execve`]: [
            'resets handlers, and leaves what is ignored',
            'leaves the mask, pending signals and the alarm',
            'drops a pending signal that looks like a timer’s, though there never was a timer',
          ],
          [`${K}/sigaltstack`]: ['is dropped at exec, not so SS_AUTODISARM'],
          [`${K}/shared-sighand`]: ['has handlers of its own after exec, and the other keeps its own'],
        },
      },
      {
        functions:
          'alloc_pid free_pid find_pid_ns find_vpid pid_task attach_pid detach_pid change_pid transfer_pid get_pid put_pid',
        holds: 'numbers are given again, in turn, EAGAIN where all are taken; what was found stays readable under RCU',
        tests: {
          [`${K}/rlimits`]: ['are used again, cyclically, where a scenario makes them few; EAGAIN where all are taken'],
          [`${K}/pid-namespaces`]: ['gives numbers again, and none where all are taken'],
          [`${S}/pidfd`]: ['never reaches another process that has the number now'],
        },
        races: { 'lookup-vs-free': ['no-rcu-read-lock'], 'setsid-vs-setpgid': ['setsid-no-group-check'] },
      },
      {
        functions:
          'setuid setreuid setresuid setgid setregid setresgid commit_creds capget capset setpgid setsid prctl unshare',
        holds:
          'credentials are replaced under RCU; sessions, groups, namespaces and settings by the rules of the manual',
        tests: {
          [`${K}/setid`]: [
            'setuid frees the old user while others find it: nobody reads what is freed',
            'setresuid sets any of the three to any of the three',
          ],
          [`${S}/setpgid`]: ['refuses a child that has called execve, and one in another session'],
          [`${S}/prctl`]: ['refuses options, values and addresses that there are not'],
          [`${S}/identity`]: ['of user namespaces goes no deeper than 33'],
        },
        races: {
          'setuid-vs-kill': ['cred-without-rcu'],
          'setsid-vs-setpgid': ['setsid-no-group-check'],
          'getppid-vs-exit': ['getppid-without-rcu'],
        },
      },
    ],
  },
  {
    title: 'Tracing and time',
    rows: [
      {
        functions: 'ptrace ptrace_attach ptrace_traceme ptrace_resume ptrace_detach ptrace_stop ptrace_signal',
        holds: 'a tracee stops at each signal and goes on with it, another or none; the requests of the list',
        tests: {
          [`${K}/ptrace-signals`]: ['stops it before it is taken, and PTRACE_CONT delivers it, another, or none'],
          [`${K}/ptrace-stops`]: ['does not stop; INTERRUPT does, without a signal, and LISTEN waits for SIGCONT'],
          [`${K}/ptrace-syscall`]: ['stops before a call and after it, with its number and result'],
          [`${K}/ptrace-races`]: ['is seen by its tracer as restart_syscall'],
        },
      },
      {
        functions: 'ptrace_freeze_traced exit_ptrace',
        holds: 'SIGKILL wakes no tracee that is being read; who dies lets its tracees go, or takes them along',
        tests: {
          [`${K}/ptrace-signals`]: ['does not wake a tracee while its tracer reads it, and does so after'],
          [`${K}/ptrace-exit`]: ['kills them where PTRACE_O_EXITKILL says so'],
        },
        races: { 'trace-vs-kill': ['no-ptrace-freeze'] },
      },
      {
        functions: 'alarm setitimer getitimer nanosleep restart_syscall timer_create timer_settime timer_delete',
        holds:
          'nothing before its time; a sleep goes on over a stop; a timer that expires while it is changed or deleted is waited for',
        tests: {
          [`${K}/timers`]: [
            'interrupted without a handler goes on to the time that was meant',
            'is found by a process that goes to sleep as it comes, and never lost',
          ],
          [`${K}/timer-races`]: [
            'of a process that expires on CPU %d while its last thread exits on CPU %d is waited for',
            'that is deleted between the taking of its signal and its being armed again is not armed',
          ],
        },
        races: { 'alarm-vs-expiry': ['setitimer-no-retry'] },
      },
      {
        functions: 'read write pipe',
        holds: 'readers and writers wait, are interrupted or restarted, and SIGPIPE comes with the last reader gone',
        tests: {
          [`${K}/pipe-signals`]: [
            'means SIGPIPE, and EPIPE to who ignores or handles that',
            'ends a wait for data with EINTR, or it is taken up again after the handler',
          ],
        },
      },
    ],
  },
  {
    title: 'Standing on',
    rows: [
      {
        functions:
          'schedule __schedule try_to_wake_up wake_up_process wake_up_state set_current_state __set_current_state',
        holds: 'who has set its state and has a signal does not sleep; nobody sleeps with a spinlock held',
        tests: {
          [`${K}/generated`]: ['finds a kernel that puts a task to sleep with a signal pending'],
          [`${K}/refusals`]: ['is scheduling while atomic'],
        },
        races: { 'pause-wakeup': ['schedule-ignores-pending'] },
      },
      {
        functions: '__wake_up add_wait_queue remove_wait_queue complete wait_for_common',
        holds: 'no wake-up is lost, and as many are woken as asked for',
        tests: {
          'sync/wait': [
            'a wake-up is not lost',
            'wakes as many exclusive ones as asked for, not counting those that were not asleep',
          ],
          'sync/completion': ['ends the wait, whichever comes first'],
        },
      },
      {
        functions: 'call_rcu synchronize_rcu rcu_read_lock rcu_read_unlock rcu_dereference rcu_assign_pointer',
        holds: 'a callback runs when all readers have left that were there; who reads without a section is told',
        tests: {
          'sync/rcu': [
            'ends when every CPU has passed a quiescent state, and not before',
            'are caught where the writer does not wait for them',
          ],
          [`${K}/rcu-usage`]: ['%s, without any lock, is suspicious RCU usage'],
        },
        races: { 'lookup-vs-free': ['put-task-without-grace-period', 'no-rcu-read-lock'] },
      },
    ],
  },
];
