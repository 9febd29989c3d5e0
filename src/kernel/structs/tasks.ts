/** Tasks, processes, and what the whole machine has. */

import { embed, type FieldType, hlistHead, hlistNode, int, listHead, ptr, struct } from '../../memory/layout.js';
import { completionField } from '../../sync/completion.js';
import { mutexField, mutexWaiter } from '../../sync/mutex.js';
import { rcuHead } from '../../sync/rcu.js';
import { rwlock } from '../../sync/rwlock.js';
import { spinlock } from '../../sync/spinlock.js';
import { waitQueueEntry, waitQueueHead } from '../../sync/wait.js';
import { TASK_COMM_LEN } from '../constants.js';
import { cpu_itimer, ktime, pending, siginfo, sigset, thread_group_cputimer, timer } from './signals.js';

export const signal_struct = struct('signal_struct', {
  sigcnt: int,
  live: int,
  nr_threads: int,
  thread_head: listHead,
  wait_chldexit: waitQueueHead,
  curr_target: ptr('task_struct'),
  shared_pending: pending,
  /** Forks under way in this process, each with the signals that came meanwhile. */
  multiprocess: hlistHead,
  group_exit_code: int,
  notify_count: int,
  group_exit_task: ptr('task_struct'),
  group_stop_count: int,
  flags: int,
  is_child_subreaper: int,
  has_child_subreaper: int,
  /** By pid type; the one for `PIDTYPE_PID` is in the task. */
  pids: embed('pid_pointers', 4),
  /** Limits: the soft one, and after it the hard one. */
  rlim_nproc: int,
  rlim_nproc_max: int,
  rlim_sigpending: int,
  rlim_sigpending_max: int,
  rlim_nofile: int,
  rlim_nofile_max: int,
  rlim_core: int,
  rlim_core_max: int,
  cred_guard_mutex: mutexField,
  real_timer: timer,
  it_real_incr: ktime,
  /** By `CPUCLOCK_PROF` and `CPUCLOCK_VIRT`. */
  it: embed('cpu_itimer', cpu_itimer.$.words, 2),
  cputimer: embed('thread_group_cputimer', thread_group_cputimer.$.words),
  posix_timers: listHead,
  posix_timer_id: int,
  /** 1: a signal with `SI_TIMER` has been queued that no timer sent. */
  si_timer_queued: int,
  /** 1: the process is the leader of its session. */
  leader: int,
  /** The kernel's is in the `mm_struct`: processes that share their memory share it. */
  dumpable: int,
  /** Shared with other processes; NULL if it is not. */
  mm: ptr('mm_struct'),
  /** The dump that waits for this process's threads. The kernel's is in the `mm_struct`. */
  core_state: ptr('core_state'),
});

/** On the kernel stack of a task in `copy_process`. */
export const multiprocess_signals = struct('multiprocess_signals', { signal: sigset, node: hlistNode });

/** A thread that waits until its process has dumped its memory. `task` is NULL when it may go on. */
export const core_thread = struct('core_thread', { task: ptr('task_struct'), next: ptr('core_thread') });

/** A dump under way: how many threads have yet to stop, and those that have. */
export const core_state = struct('core_state', {
  nr_threads: int,
  dumper_next: ptr('core_thread'),
  startup: completionField,
});

/** Memory that several processes share. That of one process alone has no such object. */
export const mm_struct = struct('mm_struct', {
  /** Processes. */
  mm_users: int,
  core_state: ptr('core_state'),
});

export const task_struct = struct('task_struct', {
  // First what other CPUs look at without a lock.
  thread_flags: int,
  state: int,
  on_rq: int,
  on_cpu: int,
  cpu: int,
  usage: int,
  flags: int,
  ptrace: int,
  exit_state: int,
  exit_code: int,
  exit_signal: int,
  pdeath_signal: int,
  jobctl: int,
  pid: int,
  tgid: int,
  /** Not the kernel's: the number it was made with, so that reports can tell a task from the one whose pid it takes. */
  birth_pid: int,
  real_parent: ptr('task_struct'),
  parent: ptr('task_struct'),
  children: listHead,
  sibling: listHead,
  group_leader: ptr('task_struct'),
  tasks: listHead,
  thread_group: listHead,
  thread_node: listHead,
  ptraced: listHead,
  ptrace_entry: listHead,
  thread_pid: ptr('pid'),
  pid_links: embed('hlist_node', 2, 4),
  real_cred: ptr('cred'),
  cred: ptr('cred'),
  signal: ptr('signal_struct'),
  sighand: ptr('sighand_struct'),
  blocked: sigset,
  real_blocked: sigset,
  saved_sigmask: sigset,
  pending,
  self_exec_id: int,
  /** A bit of `atomic_flags`. */
  no_new_privs: int,
  parent_exec_id: int,
  pi_lock: spinlock,
  run_list: listHead,
  wake_entry: ptr('task_struct'),
  rcu: rcuHead,
  // `struct pt_regs`, as far as a system call needs it.
  orig_ax: int,
  ax: int,
  /** 1: the interrupted system call is made again. 2: `restart_syscall` goes on with it. */
  restart: int,
  /** The innermost signal frame on the user stack. */
  sigframe: ptr('sigframe'),
  /** What it runs in user mode, and the argument it was started with. */
  program: int,
  arg: int,
  /** 1: in user mode with nothing to do, so that others on its CPU go first (`sys.stay`). */
  staying: int,
  /** 1: the program's first system call is one that it is inside already. */
  in_syscall: int,
  // Objects on its kernel stack that others can reach.
  child_wait: waitQueueEntry,
  /** The caller's wishes in `do_wait`, for whoever wakes it. */
  wait_type: int,
  wait_pid: ptr('pid'),
  wait_nothread: int,
  delayed: embed('multiprocess_signals', multiprocess_signals.$.words),
  dead: listHead,
  mutex_waiter: mutexWaiter,
  sleep_timer: timer,
  /** `struct restart_block`: what goes on with an interrupted call, and until when. */
  restart_fn: int,
  restart_expires: ktime,
  /** How late its sleep may end: told to `prctl`, and no more. */
  timer_slack_ns: ktime,
  default_timer_slack_ns: ktime,
  nsproxy: ptr('nsproxy'),
  alloc_lock: spinlock,
  /** 1: `comm` has been set; otherwise the name is that of the program. */
  comm_set: int,
  comm: { words: TASK_COMM_LEN / 4, kind: 'int' } satisfies FieldType<number>,
  /** NULL: a table of its own in which nothing was opened yet. */
  files: ptr('files_struct'),
  /** Files whose last reference it has dropped, to be released before it is back in user mode. */
  task_works: ptr('file'),
  /** The credentials of the tracer when it attached. */
  ptracer_cred: ptr('cred'),
  /** For `PTRACE_GETEVENTMSG`. */
  ptrace_message: int,
  /** NULL, or the siginfo that it has stopped with. */
  last_siginfo: ptr('kernel_siginfo'),
  /** On its kernel stack while it is stopped for its tracer: what `last_siginfo` points to. */
  ptrace_siginfo: siginfo,
  /** On its kernel stack: for whose `JOBCTL_TRAPPING` it waits, with its `child_wait` in the queue. */
  wait_bit_key: ptr('task_struct'),
  /** `poll_wqueues.triggered`: a wake-up has come since its `poll` looked last. */
  poll_triggered: int,
  /** With `CLONE_VFORK`: what it completes at its exec or exit, for its parent. */
  vfork_done: ptr('completion'),
  /** For `vfork_done` the kernel takes the task's `alloc_lock`. */
  vfork_lock: spinlock,
  /** The user stack pointer. */
  sp: int,
  // The alternate signal stack.
  sas_ss_sp: int,
  sas_ss_size: int,
  sas_ss_flags: int,
  /** `MM_…`: whether it still uses its memory. */
  mm: int,
  /** In `exit_mm`, where a dump waits for it. */
  core_thread: embed('core_thread', core_thread.$.words),
});

/** A CPU's run queue, and its mailbox: the list of tasks that others have woken for it. */
export const rq = struct('rq', {
  lock: spinlock,
  wake_list: ptr('task_struct'),
  curr: ptr('task_struct'),
  idle: ptr('task_struct'),
  nr_running: int,
  queue: listHead,
});

/** The kernel's global variables. */
export const globals = struct('globals', {
  tasklist_lock: rwlock,
  pidmap_lock: spinlock,
  nr_threads: int,
  max_threads: int,
  /** A bit for each CPU that has a timer for which its interrupt has not been sent. */
  timers_armed: int,
  clock_lock: spinlock,
  /** The time since boot. */
  clock: ktime,
  init_task: ptr('task_struct'),
  posix_timers_lock: spinlock,
  posix_timers_hashtable: hlistHead,
  uidhash_lock: spinlock,
  /** `INIT_USER`. */
  root_user: ptr('user_struct'),
  /** How many user namespaces there are besides the initial one. */
  user_namespaces: int,
  userns_state_mutex: mutexField,
  /** `bit_wait_table`: the kernel's has 256, chosen by the address. */
  bit_wait_table: waitQueueHead,
});

/** How many objects of each slab cache are in use when the machine has booted: what is left when all processes are gone. */
export const MAX_CACHES = 32;

export const slab_baseline = struct('slab_baseline', {
  in_use: { words: MAX_CACHES, kind: 'int' } satisfies FieldType<number>,
});

/** Memory of user programs: cells that they share, and the results that they report. */
export const USER_CELLS = 64;

export const USER_RESULTS = 112;

export const user_memory = struct('user_memory', {
  cells: { words: USER_CELLS, kind: 'int' } satisfies FieldType<number>,
  results: { words: USER_RESULTS, kind: 'int' } satisfies FieldType<number>,
});
