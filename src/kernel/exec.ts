/** `fs/exec.c`: a process takes a new program, alone. */

import { addr, NULL, type Ptr } from '../memory/layout.js';
import type { Coroutine } from '../sync/gate.js';
import {
  CAP_FULL_SET,
  EAGAIN,
  ENOMEM,
  ERESTARTNOINTR,
  EXIT_DEAD,
  EXIT_ZOMBIE,
  PF_FORKNOEXEC,
  PF_NPROC_EXCEEDED,
  PIDTYPE_PGID,
  PIDTYPE_PID,
  PIDTYPE_SID,
  PIDTYPE_TGID,
  PTRACE_EVENT_EXEC,
  SIGCHLD,
  SUID_DUMP_DISABLE,
  SUID_DUMP_USER,
  TASK_INTERRUPTIBLE,
  TASK_KILLABLE,
  USER_STACK_TOP,
} from './constants.js';
import type { Kernel } from './kernel.js';
import { cred, globals, sighand_struct, signal_struct, task_struct, user_struct } from './structs.js';
import { TRACE_SCHED_PROCESS_EXEC } from './trace.js';

type Task = Ptr<'task_struct'>;

export const execFunctions = {
  /**
   * Makes the current thread the only one of its process, and its leader. The others are told to die; once they are
   * gone and the old leader is a zombie, the current thread takes over the leader's pid, and releases the leader.
   *
   * Between the two the process's pid still leads to the old leader. Whoever looked it up just before finds a task
   * without a sighand: see `kill_pid_info`.
   *
   * @returns 0, −EAGAIN if the process was killed meanwhile, −ENOMEM
   */
  *de_thread(this: Kernel, tsk: Task): Coroutine<number> {
    const sig = this.get(tsk, task_struct.signal);
    const oldsighand = this.get(tsk, task_struct.sighand);
    const lock = addr(oldsighand, sighand_struct.siglock);
    if (!this.thread_group_empty(tsk)) {
      if (this.spin_lock_irq(lock)) yield;
      if (this.signal_group_exit(sig)) {
        this.spin_unlock_irq(lock);
        return -EAGAIN;
      }
      this.set(sig, signal_struct.group_exit_task, tsk);
      const others = yield* this.zap_other_threads(tsk);
      // The leader stays until its pid has been taken over; everybody else must be released.
      this.set(sig, signal_struct.notify_count, this.thread_group_leader(tsk) ? others : others - 1);
      while (this.get(sig, signal_struct.notify_count) !== 0) {
        this.__set_current_state(TASK_KILLABLE);
        this.spin_unlock_irq(lock);
        yield* this.schedule();
        if (this.__fatal_signal_pending(tsk)) return yield* this.deThreadKilled(sig);
        if (this.spin_lock_irq(lock)) yield;
      }
      this.spin_unlock_irq(lock);
      if (!this.thread_group_leader(tsk)) {
        const error = yield* this.takeOverLeader(tsk, sig);
        if (error !== 0) return error;
      }
      this.set(sig, signal_struct.group_exit_task, 0 as Task);
      this.set(sig, signal_struct.notify_count, 0);
    }
    this.set(tsk, task_struct.exit_signal, SIGCHLD);
    // The flush takes a lock and finds nothing where there never was a timer, nor a signal that looks like one's.
    const timers = this.get(sig, signal_struct.posix_timer_id) !== 0;
    if (timers) yield* this.exit_itimers(sig);
    if (timers || this.peek(sig + signal_struct.si_timer_queued) !== 0) yield* this.flush_itimer_signals();
    return yield* this.unshareSighand(tsk, oldsighand);
  },

  /** The middle of `de_thread`, for a thread that is not the leader: waits for the leader's death and becomes it. */
  *takeOverLeader(this: Kernel, tsk: Task, sig: Ptr<'signal_struct'>): Coroutine<number> {
    const tasklist = addr(this.globals, globals.tasklist_lock);
    const leader = this.get(tsk, task_struct.group_leader);
    for (;;) {
      if (this.write_lock_irq(tasklist)) yield;
      // Negative: exit_notify wakes us, not __exit_signal.
      this.set(sig, signal_struct.notify_count, -1);
      if (this.get(leader, task_struct.exit_state) !== 0) break;
      this.__set_current_state(TASK_KILLABLE);
      this.write_unlock_irq(tasklist);
      yield* this.schedule();
      if (this.__fatal_signal_pending(tsk)) return yield* this.deThreadKilled(sig);
    }
    this.BUG_ON(!this.same_thread_group(leader, tsk), 'de_thread: the leader is of another group');
    this.set(tsk, task_struct.pid, this.get(leader, task_struct.pid));
    yield* this.change_pid(tsk, PIDTYPE_PID, this.get(leader, task_struct.thread_pid));
    if (this.transfer_pid(leader, tsk, PIDTYPE_TGID)) yield;
    if (this.transfer_pid(leader, tsk, PIDTYPE_PGID)) yield;
    if (this.transfer_pid(leader, tsk, PIDTYPE_SID)) yield;
    if (this.list_replace_rcu(addr(leader, task_struct.tasks), addr(tsk, task_struct.tasks))) yield;
    this.list_replace_init(addr(leader, task_struct.sibling), addr(tsk, task_struct.sibling));
    this.set(tsk, task_struct.group_leader, tsk);
    this.set(leader, task_struct.group_leader, tsk);
    this.set(tsk, task_struct.exit_signal, SIGCHLD);
    this.set(leader, task_struct.exit_signal, -1);
    this.BUG_ON(this.get(leader, task_struct.exit_state) !== EXIT_ZOMBIE, 'de_thread: the leader is no zombie');
    if (this.WRITE_ONCE(leader, task_struct.exit_state, EXIT_DEAD)) yield;
    // Its tracer may wait for it, and will hear nothing more of it.
    if (this.get(leader, task_struct.ptrace) !== 0) {
      yield* this.__wake_up_parent(leader, this.get(leader, task_struct.parent));
    }
    this.write_unlock_irq(tasklist);
    yield* this.release_task(leader);
    return 0;
  },

  /** `de_thread` was killed while it waited. */
  *deThreadKilled(this: Kernel, sig: Ptr<'signal_struct'>): Coroutine<number> {
    const tasklist = addr(this.globals, globals.tasklist_lock);
    if (this.read_lock(tasklist)) yield;
    this.set(sig, signal_struct.group_exit_task, 0 as Task);
    this.set(sig, signal_struct.notify_count, 0);
    this.read_unlock(tasklist);
    return -EAGAIN;
  },

  /** The new program's handlers are its own: a sighand shared with another process is replaced. */
  *unshareSighand(this: Kernel, tsk: Task, oldsighand: Ptr<'sighand_struct'>): Coroutine<number> {
    if (this.peek(oldsighand + sighand_struct.count) === 1) return 0;
    const newsighand = this.allocSighand();
    if (!newsighand) return -ENOMEM;
    this.copyActions(oldsighand, newsighand);
    const tasklist = addr(this.globals, globals.tasklist_lock);
    const lock = addr(oldsighand, sighand_struct.siglock);
    if (this.write_lock_irq(tasklist)) yield;
    if (this.spin_lock(lock)) yield;
    if (this.rcu_assign_pointer(tsk, task_struct.sighand, newsighand)) yield;
    this.spin_unlock(lock);
    this.write_unlock_irq(tasklist);
    this.__cleanup_sighand(oldsighand);
    return 0;
  },

  /** Past this the old program is gone. Left out: the memory map. */
  *flush_old_exec(this: Kernel): Coroutine<number> {
    const error = yield* this.de_thread(this.current);
    if (error !== 0) return error;
    // exec_mmap.
    if (this.get(this.current, task_struct.vfork_done)) yield* this.mm_release(this.current);
    if (this.peek(this.get(this.current, task_struct.signal) + signal_struct.mm) !== NULL) {
      const dumped = yield* this.exec_mmap();
      if (dumped !== 0) return dumped;
    }
    this.set(this.current, task_struct.flags, this.get(this.current, task_struct.flags) & ~PF_FORKNOEXEC);
    const files = this.get(this.current, task_struct.files);
    if (files) yield* this.do_close_on_exec(files);
    return 0;
  },

  /** @param secureexec the program gets more than its caller has */
  setup_new_exec(this: Kernel, secureexec: boolean): void {
    const tsk = this.current;
    if (secureexec) this.set(tsk, task_struct.pdeath_signal, 0);
    // By the credentials before the new ones, as the kernel does; commit_creds looks at the change.
    const c = this.current_cred();
    const same = this.get(c, cred.euid) === this.get(c, cred.uid) && this.get(c, cred.egid) === this.get(c, cred.gid);
    this.set(this.get(tsk, task_struct.signal), signal_struct.dumpable, same ? SUID_DUMP_USER : SUID_DUMP_DISABLE);
    this.set(tsk, task_struct.sp, USER_STACK_TOP);
    // Not its flags.
    this.set(tsk, task_struct.sas_ss_sp, 0);
    this.set(tsk, task_struct.sas_ss_size, 0);
    this.set(tsk, task_struct.comm_set, 0);
    this.set(tsk, task_struct.self_exec_id, this.get(tsk, task_struct.self_exec_id) + 1);
    this.flush_signal_handlers(tsk, false);
  },

  /**
   * The credentials to be for the new program; 0 if it gets the very same as its caller has, where the kernel makes a
   * copy; −ENOMEM.
   */
  prepare_bprm_creds(this: Kernel, program: number): number {
    const { setuid, setgid } = this.program_file(program);
    const c = this.current_cred();
    const uid = this.get(c, cred.uid);
    const gid = this.get(c, cred.gid);
    const plain =
      setuid === undefined &&
      setgid === undefined &&
      this.get(c, cred.euid) === uid &&
      this.get(c, cred.suid) === uid &&
      this.get(c, cred.fsuid) === uid &&
      this.get(c, cred.egid) === gid &&
      this.get(c, cred.sgid) === gid &&
      this.get(c, cred.fsgid) === gid;
    // Root has all capabilities and others none: nobody's change.
    const capabilities = uid === this.make_kuid(this.get(c, cred.user_ns), 0) ? CAP_FULL_SET : 0;
    const same = this.get(c, cred.cap_permitted) === capabilities && this.get(c, cred.cap_effective) === capabilities;
    if (plain && same && this.get(c, cred.keep_caps) === 0) return 0;
    return this.prepare_creds() || -ENOMEM;
  },

  /**
   * `execve(2)`, with a program's number in place of a path. On success the caller's coroutine is at its end: the
   * machine goes on with the new program's.
   *
   * @returns a negative errno; does not return on success
   */
  *execve(this: Kernel, program: number, arg: number): Coroutine<number> {
    const tsk = this.current;
    const flags = this.get(tsk, task_struct.flags);
    if ((flags & PF_NPROC_EXCEEDED) !== 0) {
      // set_user found too many processes, and left it to exec to fail.
      const mine = this.get(this.current_cred(), cred.user);
      if (this.READ_ONCE(mine, user_struct.processes)) yield;
      const limit = this.get(this.get(tsk, task_struct.signal), signal_struct.rlim_nproc);
      if (this.value(user_struct.processes) > limit) return -EAGAIN;
      this.set(tsk, task_struct.flags, flags & ~PF_NPROC_EXCEEDED);
    }
    let displaced: number = NULL;
    if (this.get(tsk, task_struct.files)) {
      displaced = yield* this.unshare_files();
      if (displaced < 0) return displaced;
    }
    const guard = addr(this.get(tsk, task_struct.signal), signal_struct.cred_guard_mutex);
    if ((yield* this.__mutex_lock_common(guard, TASK_INTERRUPTIBLE)) !== 0) {
      if (displaced) this.reset_files_struct(displaced as Ptr<'files_struct'>);
      return -ERESTARTNOINTR;
    }
    // Left out: opening the file, and the binary format.
    const made = this.prepare_bprm_creds(program);
    if (made < 0) {
      yield* this.mutex_unlock(guard);
      if (displaced) this.reset_files_struct(displaced as Ptr<'files_struct'>);
      return made;
    }
    // prepare_binprm: by the tracer that there is now, whatever becomes of it before the old program is gone.
    const secureexec = made !== 0 && this.cap_bprm_set_creds(made as Ptr<'cred'>, this.program_file(program));
    const oldPid = this.get(tsk, task_struct.pid);
    // As the parent's namespace has it, or the tracer's.
    const old_vpid = this.task_pid_nr_ns(tsk, this.task_active_pid_ns(this.get(tsk, task_struct.parent)));
    const error = yield* this.flush_old_exec();
    if (error !== 0) {
      yield* this.mutex_unlock(guard);
      if (made !== 0) this.abort_creds(made as Ptr<'cred'>);
      if (displaced) this.reset_files_struct(displaced as Ptr<'files_struct'>);
      return error;
    }
    this.setup_new_exec(secureexec);
    // install_exec_creds.
    if (made !== 0) yield* this.commit_creds(made as Ptr<'cred'>);
    yield* this.mutex_unlock(guard);
    this.set(tsk, task_struct.program, program);
    this.set(tsk, task_struct.arg, arg);
    if (this.trace !== null) this.emit(TRACE_SCHED_PROCESS_EXEC, tsk, this.get(tsk, task_struct.pid), oldPid);
    if (this.get(tsk, task_struct.ptrace) !== 0) yield* this.ptrace_event(PTRACE_EVENT_EXEC, old_vpid);
    if (displaced) this.put_files_struct(displaced as Ptr<'files_struct'>);
    this.releaseUserFrames(tsk);
    this.replaceCoroutine(tsk, this.start_program(true));
    if (this.switch_to()) yield;
    throw new Error('unreachable: the old program was resumed after exec');
  },
};

export type ExecFunctions = typeof execFunctions;
