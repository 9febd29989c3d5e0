/** The kernel's structs, with the fields that the model uses, under their names in Linux v5.3.1. */

import { embed, type FieldType, hlistHead, hlistNode, int, listHead, type Ptr, ptr, struct } from '../memory/layout.js';
import { completionField } from '../sync/completion.js';
import { mutexField, mutexWaiter } from '../sync/mutex.js';
import { rcuHead } from '../sync/rcu.js';
import { rwlock } from '../sync/rwlock.js';
import { spinlock } from '../sync/spinlock.js';
import { waitQueueEntry, waitQueueHead } from '../sync/wait.js';
import { _NSIG, NR_OPEN_DEFAULT, PAGE_SIZE, PIPE_DEF_BUFFERS, TASK_COMM_LEN } from './constants.js';

/** A set of signals: 1 to 32 in the first word, 33 to 64 in the second. */
export const sigset_t = struct('sigset_t', { lo: int, hi: int });
const sigset = embed('sigset_t', sigset_t.$.words);

/** Signals sent and not taken: the queue of those with a `sigqueue`, and the set of all. */
export const sigpending = struct('sigpending', { list: listHead, signal: sigset });
const pending = embed('sigpending', sigpending.$.words);

/**
 * What is known of a signal, besides its number. As in the kernel one place serves several kinds: `si_pid` is also a
 * timer's number (`si_tid`), a file descriptor or a fault's address, `si_uid` a timer's overrun count, and `si_status`
 * is also the value given to `sigqueue(3)` or with a timer (`si_value`).
 */
export const kernel_siginfo = struct('kernel_siginfo', {
  si_signo: int,
  si_errno: int,
  si_code: int,
  si_pid: int,
  si_uid: int,
  si_status: int,
  /** Only for the kernel: which arming of a timer sent it. */
  si_sys_private: int,
});
const siginfo = embed('kernel_siginfo', kernel_siginfo.$.words);

/** A pending signal's information. */
export const sigqueue = struct('sigqueue', {
  list: listHead,
  flags: int,
  user: ptr('user_struct'),
  info: siginfo,
});

/** `struct k_sigaction`. */
export const k_sigaction = struct('k_sigaction', { sa_handler: int, sa_flags: int, sa_mask: sigset });

/** A time or an interval in nanoseconds, in two words. */
export const ktime_t = struct('ktime_t', { lo: int, hi: int });
const ktime = embed('ktime_t', ktime_t.$.words);

/** A timer. `function` is a number, `data` what it works on; `cpu` says on whose queue it is. */
export const hrtimer = struct('hrtimer', {
  node: listHead,
  expires: ktime,
  is_queued: int,
  /** 1 while its function runs. */
  running: int,
  function: int,
  data: int,
  cpu: int,
});
const timer = embed('hrtimer', hrtimer.$.words);

/** A CPU's timers, the next to expire first. */
export const hrtimer_cpu_base = struct('hrtimer_cpu_base', { lock: spinlock, queue: listHead });

export const sighand_struct = struct('sighand_struct', {
  count: int,
  siglock: spinlock,
  signalfd_wqh: waitQueueHead,
  action: embed('k_sigaction', k_sigaction.$.words, _NSIG),
});

/** `struct k_itimer`: a POSIX timer. */
export const k_itimer = struct('k_itimer', {
  t_hash: hlistNode,
  list: listHead,
  it_lock: spinlock,
  it_id: int,
  it_clock: int,
  /** Expiries missed since the signal was taken last; −1 for none. */
  it_overrun: int,
  /** As it was when the signal was taken last. */
  it_overrun_last: int,
  /** Which arming of the timer its signal belongs to. Odd while the signal waits to be taken. */
  it_requeue_pending: int,
  it_sigev_notify: int,
  it_active: int,
  it_interval: ktime,
  /** The process that it belongs to; NULL while it is made, and once it is deleted. */
  it_signal: ptr('signal_struct'),
  it_pid: ptr('pid'),
  sigq: ptr('sigqueue'),
  timer,
  rcu: rcuHead,
});

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
  posix_timers: listHead,
  posix_timer_id: int,
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

/** An open file. Every descriptor that stands for it, and every call that uses it, counts. */
export const file = struct('file', {
  f_count: int,
  /** `FMODE_…`. */
  f_mode: int,
  /** `O_…`. */
  f_flags: int,
  /** `pipefifo_fops`, … */
  f_op: int,
  private_data: int,
  f_lock: spinlock,
  /** The next in a task's `task_works`. */
  fu_llist: ptr('file'),
  rcu: rcuHead,
});

/** A descriptor table. The two sets have a bit for each number: those given out, and those that exec closes. */
export const files_struct = struct('files_struct', {
  count: int,
  file_lock: spinlock,
  /** No number below is free. */
  next_fd: int,
  open_fds: int,
  close_on_exec: int,
  fd: { words: NR_OPEN_DEFAULT, kind: '*file' } as FieldType<Ptr<'file'>>,
});

/** A page of a pipe, and what of it has yet to be read. */
export const pipe_buffer = struct('pipe_buffer', {
  offset: int,
  len: int,
  flags: int,
  page: { words: PAGE_SIZE / 4, kind: 'int' } as FieldType<number>,
});

/** A pipe, and the part of its inode that matters. */
export const pipe_inode_info = struct('pipe_inode_info', {
  mutex: mutexField,
  wait: waitQueueHead,
  nrbufs: int,
  curbuf: int,
  readers: int,
  writers: int,
  /** Of writers asleep on a full pipe. */
  waiting_writers: int,
  /** The inode's lock, for `files`. */
  i_lock: spinlock,
  files: int,
  bufs: embed('pipe_buffer', pipe_buffer.$.words, PIPE_DEF_BUFFERS),
});

/** What a signalfd does not take: the complement of the set that it was made with. */
export const signalfd_ctx = struct('signalfd_ctx', { sigmask: sigset });

/** A poll's place in the wait queue of one file. */
export const poll_table_entry = struct('poll_table_entry', {
  filp: ptr('file'),
  /** The events that it waits for. */
  key: int,
  wait: waitQueueEntry,
  wait_address: ptr('wait_queue_head'),
});

/** What `setup_rt_frame` saves on the user stack and `sigreturn` takes back. */
export const sigframe = struct('sigframe', {
  next: ptr('sigframe'),
  ax: int,
  orig_ax: int,
  restart: int,
  blocked: sigset,
  handler: int,
  /** `SA_…` of the handler's action. */
  flags: int,
  info: siginfo,
  /** The stack pointer, and the alternate stack, before. */
  sp: int,
  ss_sp: int,
  ss_size: int,
  ss_flags: int,
});

/** Of the kernel's 32: how deep pid namespaces may be nested. */
export const MAX_PID_NS_LEVEL = 4;

/** A number in a namespace. */
export const upid = struct('upid', { nr: int, ns: ptr('pid_namespace') });

/** A pid: what tasks point to, and its number in each namespace that can see it. */
export const pid = struct('pid', {
  count: int,
  /** How deep the namespace is nested that it was made in. */
  level: int,
  tasks: embed('hlist_head', 1, 4),
  rcu: rcuHead,
  wait_pidfd: waitQueueHead,
  /** In the namespace that it was made in: `numbers[level]`. */
  nr: int,
  ns: ptr('pid_namespace'),
  /** In the namespaces above that, from the parent up: `numbers[level - 1]` to `numbers[0]`. */
  outer: embed('upid', upid.$.words, MAX_PID_NS_LEVEL),
});

export const pid_namespace = struct('pid_namespace', {
  level: int,
  parent: ptr('pid_namespace'),
  child_reaper: ptr('task_struct'),
  pid_allocated: int,
  pid_max: int,
  /** The last number given out: the search for the next begins after it. */
  idr_cursor: int,
  /** The table from number to `struct pid`. The kernel has a radix tree; a flat array reads the same. */
  idr: int,
  /** Where the search begins again after the last number. */
  reserved_pids: int,
  kref: int,
  user_ns: ptr('user_namespace'),
  rcu: rcuHead,
});

/** `pid_ns_for_children` need not be the namespace that the task itself is in. */
export const nsproxy = struct('nsproxy', { count: int, pid_ns_for_children: ptr('pid_namespace') });

export const user_struct = struct('user_struct', {
  __count: int,
  processes: int,
  sigpending: int,
  uid: int,
  uidhash_node: hlistNode,
});

/** The table of users. */
export const UIDHASH_SZ = 8;
export const uidhash = struct('uidhash', { table: embed('hlist_head', 1, UIDHASH_SZ) });

export const UID_GID_MAP_MAX_BASE_EXTENTS = 5;
export const uid_gid_extent = struct('uid_gid_extent', { first: int, lower_first: int, count: int });
export const uid_gid_map = struct('uid_gid_map', {
  nr_extents: int,
  extent: embed('uid_gid_extent', uid_gid_extent.$.words, UID_GID_MAP_MAX_BASE_EXTENTS),
});
const idMap = embed('uid_gid_map', uid_gid_map.$.words);

export const user_namespace = struct('user_namespace', {
  parent: ptr('user_namespace'),
  owner: int,
  group: int,
  level: int,
  count: int,
  flags: int,
  uid_map: idMap,
  gid_map: idMap,
});

export const cred = struct('cred', {
  usage: int,
  uid: int,
  euid: int,
  suid: int,
  cap_effective: int,
  user: ptr('user_struct'),
  user_ns: ptr('user_namespace'),
  rcu: rcuHead,
  fsuid: int,
  gid: int,
  egid: int,
  sgid: int,
  fsgid: int,
  cap_permitted: int,
  cap_inheritable: int,
  /** `SECURE_KEEP_CAPS` of the securebits. */
  keep_caps: int,
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

/** A nested namespace's table from number to `struct pid`. Shorter than the first one's: a scenario has no use for more. */
export const NESTED_PID_MAX = 64;
export const nested_idr = struct('nested_idr', {
  slots: { words: NESTED_PID_MAX, kind: '*pid' } satisfies FieldType<number>,
});
/** The initial namespace's table from number to `struct pid`. */
export const PID_MAX = 1024;
export const idr = struct('idr', { slots: { words: PID_MAX, kind: '*pid' } satisfies FieldType<number> });
