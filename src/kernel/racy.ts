/**
 * Fields on which v5.3.1 itself has data races that it can do with, as `__data_racy` marks them in later kernels: both
 * accesses are plain in its source, or one is, and nothing orders the two. Each entry says which, and why either value
 * will do. Where all who write a field are ordered, by a lock, and only those are not who read it, two writes that nothing
 * orders are still reported.
 *
 * Left out thereby: races on these fields that a patch brings in, of the kind that they are listed for.
 */

import { wait_queue_entry } from '../sync/wait.js';
import { _NSIG, NR_OPEN_DEFAULT, PIDTYPE_PGID, PIDTYPE_SID, PIDTYPE_TGID } from './constants.js';
import {
  file,
  files_struct,
  globals,
  hrtimer,
  k_itimer,
  k_sigaction,
  pid_namespace,
  pipe_inode_info,
  rq,
  sighand_struct,
  signal_struct,
  sigpending,
  sigset_t,
  task_struct,
  UID_GID_MAP_MAX_BASE_EXTENTS,
  USER_RESULTS,
  uid_gid_extent,
  uid_gid_map,
  user_memory,
  user_namespace,
} from './structs.js';

/** Where those who write are not ordered either. */
export const RACY_FIELDS: Readonly<Record<string, readonly number[]>> = {
  task_struct: [
    // The task stores it without a lock (__set_current_state). wants_signal and the like ask for stopped or traced only,
    // which are stored under siglock; try_to_wake_up takes any other value for the one before or after, under pi_lock
    // and behind a barrier.
    task_struct.state,
    // de_thread stores SIGCHLD when it has released tasklist_lock; a leader has it already, unless clone gave it another,
    // and then eligible_child finds the one or the other.
    task_struct.exit_signal,
    // finish_wait sees without the queue's lock that a waker has taken the entry off (list_empty_careful), and the sleeper may
    // use it again: what the waker did before that is ordered only in later kernels (list_del_init_careful).
    ...Array.from({ length: wait_queue_entry.$.words }, (_, word) => task_struct.child_wait + word),
    // Not the kernel's: whether the task only stays in user mode.
    task_struct.staying,
  ],
  signal_struct: [
    // Stored under siglock, and by de_thread at its end without a lock, when no other thread is left. Read without siglock by
    // do_group_exit and exit_signals (signal_group_exit); of the count exit_notify looks, under tasklist_lock, for a value
    // below 0, which is stored under that lock.
    signal_struct.group_exit_task,
    signal_struct.notify_count,
    // prctl stores it without a lock; copy_process and find_new_reaper, under tasklist_lock, come before or after.
    signal_struct.is_child_subreaper,
    // Part of mm->flags, which mm_init and get_dumpable read without more ado, and set_dumpable sets by cmpxchg: a fork
    // that another thread's prctl or exec overtakes has the value before or after.
    signal_struct.dumpable,
    // Not the kernel's: there it is the mm's, under mmap_sem, which is left out.
    signal_struct.core_state,
  ],
  files_struct: [
    // __fd_install stores (rcu_assign_pointer) without file_lock, under which dup_fd and do_dup2 read plainly: a descriptor
    // that is given out and has no file yet is left out of the copy, or EBUSY.
    ...Array.from({ length: NR_OPEN_DEFAULT }, (_, fd) => files_struct.fd + fd),
    // Not the kernel's: that a table without files is not copied.
    files_struct.open_fds,
  ],
  // __posix_timers_find reads it under RCU, and __lock_timer again under it_lock. timer_create stores it under siglock, and
  // what it has stored in the timer before is there for whoever finds it as x86 keeps stores in order; timer_delete stores
  // NULL under it_lock.
  k_itimer: [k_itimer.it_signal],
  // Not the kernel's: what programs report, and what they share goes by marked accesses.
  user_memory: Array.from({ length: USER_RESULTS }, (_, result) => user_memory.results + result),
};

/** Where those who write are ordered, by a lock or as there is only one. */
export const RACY_READS: Readonly<Record<string, readonly number[]>> = {
  task_struct: [
    // try_to_wake_up reads it after the state, with smp_rmb between them, and ttwu_remote again under the queue's lock.
    task_struct.on_rq,
    // prepare_task stores 1 before the switch. try_to_wake_up waits for 0 (smp_cond_load_acquire), and wait_task_inactive
    // (task_running) for as long as it is not 0.
    task_struct.on_cpu,
    // Only the task writes it: exit_signals PF_EXITING, without siglock where nobody else can take its signals, and
    // flush_old_exec PF_FORKNOEXEC. wants_signal, find_alive_thread, setpgid and ptrace_traceme come before or after.
    task_struct.flags,
    // __fatal_signal_pending looks for SIGKILL without siglock: whoever puts it there afterwards wakes the task.
    task_struct.pending + sigpending.signal + sigset_t.lo,
    // task_stopped_code looks for JOBCTL_LISTENING under tasklist_lock, and wait_task_stopped calls it again under siglock;
    // ptrace_freeze_traced looks for it before siglock, but only the tracer, which is the caller, sets it.
    task_struct.jobctl,
    // ptrace_attach stores it under tasklist_lock, before it takes siglock, under which sig_ignored reads it: before the
    // attach or after it.
    task_struct.ptrace,
    // do_notify_parent_cldstop tells it for a trap under tasklist_lock for reading, under which wait_task_stopped, in
    // another thread of the tracer, sets it to 0 with siglock.
    task_struct.exit_code,
    // forget_original_parent reads it under tasklist_lock; prctl, exec and commit_creds of the child store without a lock.
    task_struct.pdeath_signal,
    // exec_binprm reads its parent, and that one's thread_pid (task_active_pid_ns), under RCU only: the number that it
    // tells the tracer is that in the namespace of the parent before or after.
    task_struct.parent,
    task_struct.thread_pid,
    // setup_new_exec counts it up without a lock; do_notify_parent, under tasklist_lock, finds that the parent has called
    // exec or that it has not yet.
    task_struct.self_exec_id,
    // mm_release looks whether there is one, and complete_vfork_done again under alloc_lock, under which a parent that is
    // killed takes it away (wait_for_vfork_done).
    task_struct.vfork_done,
  ],
  // task_curr reads it without the queue's lock: wants_signal chooses another thread, or kick_process interrupts a CPU for
  // nothing.
  rq: [rq.curr],
  signal_struct: [
    // Read without siglock by do_group_exit and exit_signals (signal_group_exit), by wait_task_zombie, and by
    // task_stopped_code and wait_task_continued, whose callers look again under it.
    signal_struct.flags,
    signal_struct.group_exit_code,
    // hrtimer_active reads the state without the base's lock, and again where the base's sequence count has moved on.
    signal_struct.real_timer + hrtimer.is_queued,
    // __change_pid stores under tasklist_lock. Read under RCU, without that lock, by getpgid and getsid (task_pgrp,
    // task_session), by __task_pid_nr_ns and by child_wait_callback (eligible_pid): a pid is freed after a grace period.
    signal_struct.pids + PIDTYPE_TGID,
    signal_struct.pids + PIDTYPE_PGID,
    signal_struct.pids + PIDTYPE_SID,
  ],
  // setup_new_exec resets handlers and flags (flush_signal_handlers) without siglock, under which sig_handler,
  // do_notify_parent and do_notify_parent_cldstop read them: the signal comes before the exec, or after it.
  sighand_struct: Array.from({ length: _NSIG }, (_, sig) => sighand_struct.action + sig * k_sigaction.$.words).flatMap(
    (action) => [action + k_sigaction.sa_handler, action + k_sigaction.sa_flags],
  ),
  files_struct: [
    // fcntl(F_GETFD) reads it under RCU (rcu_read_lock), without the lock that F_SETFD has: the flag before or after.
    files_struct.close_on_exec,
  ],
  // hrtimer_active, as of signal_struct.real_timer.
  k_itimer: [k_itimer.timer + hrtimer.is_queued],
  // pipe_poll reads them without the mutex, and is woken when they have changed.
  pipe_inode_info: [pipe_inode_info.nrbufs, pipe_inode_info.readers, pipe_inode_info.writers],
  // fcntl stores it under f_lock; read and write look at it once, without the lock: the flags before or after.
  file: [file.f_flags],
  // map_write stores the extents before their number, with smp_wmb between, and map_id_range_down and map_id_up_base read
  // them after it, with smp_rmb.
  user_namespace: [user_namespace.uid_map, user_namespace.gid_map].flatMap((map) =>
    Array.from(
      { length: UID_GID_MAP_MAX_BASE_EXTENTS * uid_gid_extent.$.words },
      (_, word) => map + uid_gid_map.extent + word,
    ),
  ),
  // copy_process compares it without a lock: as many forks as are under way at once may go beyond the limit.
  globals: [globals.nr_threads],
  // zap_pid_ns_processes reads it between sleeps; free_pid counts it down under pidmap_lock, and then wakes. copy_process
  // looks for PIDNS_ADDING under tasklist_lock: a child that still finds it is listed when the dying init looks for all.
  pid_namespace: [pid_namespace.pid_allocated],
};
