/**
 * Fields on which v5.3.1 itself has data races that it can do with, as `__data_racy` marks them in later kernels: what is
 * read there without the lock is only a hint, is looked at again under the lock, or is stored by one writer whose old and
 * new value the reader takes alike. The race detector leaves their words out.
 *
 * Left out thereby: races on these fields that a patch brings in.
 */

import { list_head } from '../memory/layout.js';
import { wait_queue_entry, wait_queue_head } from '../sync/wait.js';
import { NR_OPEN_DEFAULT } from './constants.js';
import {
  files_struct,
  globals,
  idr,
  NESTED_PID_MAX,
  nested_idr,
  PID_MAX,
  pid_namespace,
  rq,
  signal_struct,
  sigpending,
  sigset_t,
  task_struct,
} from './structs.js';

export const RACY_FIELDS: Readonly<Record<string, readonly number[]>> = {
  task_struct: [
    // Written by wakers and by the task itself; read by senders of signals, who wake too often rather than never.
    task_struct.state,
    // try_to_wake_up reads it after the state, with a read barrier between the two.
    task_struct.on_rq,
    // PF_EXITING and the like are set by the task and read by others, who look again under siglock.
    task_struct.flags,
    // __fatal_signal_pending reads it without siglock: who is too early is woken later.
    task_struct.pending + sigpending.signal + sigset_t.lo,
    task_struct.pending + sigpending.signal + sigset_t.hi,
    // de_thread stores SIGCHLD once more after tasklist_lock was released.
    task_struct.exit_signal,
    // task_stopped_code reads it before siglock is taken, and is called again under it.
    task_struct.jobctl,
    // ptrace_attach stores it with tasklist_lock alone, and sig_ignored reads it with siglock alone: before the attach or after it.
    task_struct.ptrace,
    // do_notify_parent_cldstop reads it without siglock while the parent clears it.
    task_struct.exit_code,
    // Set by the switch to a task before it is run, read by who wakes it.
    task_struct.on_cpu,
    // forget_original_parent reads it while prctl may be setting it.
    task_struct.pdeath_signal,
    // execve tells its parent's tracer the number in the parent's namespace, and holds no more than RCU for that.
    task_struct.parent,
    task_struct.thread_pid,
    // finish_wait sees without the queue's lock that a waker has taken the entry off (list_empty_careful), and the sleeper may
    // use it again: what the waker did before that was ordered only later (list_del_init_careful).
    ...Array.from({ length: wait_queue_entry.$.words }, (_, word) => task_struct.child_wait + word),
    // Not the kernel's: whether the task only stays in user mode.
    task_struct.staying,
  ],
  // task_curr is asked without the run queue's lock, and its answer may be old.
  rq: [rq.curr],
  signal_struct: [
    // do_group_exit (by signal_group_exit) and wait_task_zombie look at them without siglock.
    signal_struct.flags,
    signal_struct.group_exit_task,
    signal_struct.group_exit_code,
  ],
  // fd_install stores without file_lock; dup_fd and dup2 read under it.
  files_struct: [
    ...Array.from({ length: NR_OPEN_DEFAULT }, (_, fd) => files_struct.fd + fd),
    // Not the kernel's: that a table without files is not copied.
    files_struct.open_fds,
  ],
  // A number that is given out is stored by idr_alloc as NULL, which a lookup takes as it takes none.
  idr: Array.from({ length: PID_MAX }, (_, nr) => idr.slots + nr),
  nested_idr: Array.from({ length: NESTED_PID_MAX }, (_, nr) => nested_idr.slots + nr),
  globals: [
    // copy_process: "too late" by as many as fork at once.
    globals.nr_threads,
    // wake_up_bit looks without the lock whether anybody waits (list_add stores it with WRITE_ONCE).
    globals.bit_wait_table + wait_queue_head.head + list_head.next,
  ],
  // zap_pid_ns_processes reads it between sleeps, and is woken when it has changed.
  pid_namespace: [pid_namespace.pid_allocated],
};
