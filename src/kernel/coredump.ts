/**
 * `fs/coredump.c`: a process that dies of certain signals first writes down its memory, alone: every other thread that
 * uses it has to stop before, and stays until it is done.
 *
 * What takes the place of `mmap_sem`, so that an exit without a dump takes no lock: one word of each task says whether it
 * uses its memory, and one exchange on that word decides whether it leaves, or waits for a dump that has counted it.
 */

import { addr, container_of, NULL, type Ptr } from '../memory/layout.js';
import type { Coroutine } from '../sync/gate.js';
import {
  CLONE_VM,
  EAGAIN,
  EBUSY,
  EINTR,
  ELF_MIN_COREDUMP,
  MM_COUNTED,
  MM_GONE,
  MM_IN_USE,
  PF_DUMPCORE,
  SIGKILL,
  SIGNAL_GROUP_COREDUMP,
  SIGNAL_GROUP_EXIT,
  SUID_DUMP_DISABLE,
  TASK_RUNNING,
  TASK_UNINTERRUPTIBLE,
  TASK_WAKEKILL,
  TIF_SIGPENDING,
} from './constants.js';
import type { Kernel } from './kernel.js';
import {
  core_state,
  core_thread,
  mm_struct,
  sighand_struct,
  signal_struct,
  sigpending,
  task_struct,
} from './structs.js';

type Task = Ptr<'task_struct'>;
type CoreState = Ptr<'core_state'>;
type Mm = Ptr<'mm_struct'>;

/** How many pieces a core file is written in. A SIGKILL may come between two of them. */
const CORE_PIECES = 2;

export const coredumpFunctions = {
  // ---- memory, as far as it matters who uses it ----

  /**
   * `copy_mm`: a process made with `CLONE_VM` uses its parent's memory. It is for this that an `mm_struct` is allocated
   * at all: memory that one process uses has none.
   */
  copy_mm(this: Kernel, flags: number, p: Task): void {
    this.set(p, task_struct.mm, MM_IN_USE);
    const signal = this.get(p, task_struct.signal);
    const mine = this.get(this.current, task_struct.signal);
    if (signal === mine || (flags & CLONE_VM) === 0) return;
    let mm = this.peek(mine + signal_struct.mm) as Mm;
    if (!mm) {
      mm = this.kmem_cache_zalloc<'mm_struct'>(this.caches.mm_struct);
      this.BUG_ON(!mm, 'no room for an mm_struct: there is one for each process');
      this.set(mm, mm_struct.mm_users, 1);
      const other = this.atomicCmpxchg(mine + signal_struct.mm, NULL, mm) as Mm;
      if (other) {
        // Another thread has been faster.
        this.kmem_cache_free(this.caches.mm_struct, mm);
        mm = other;
      }
    }
    this.atomic_inc(mm, mm_struct.mm_users);
    this.set(signal, signal_struct.mm, mm);
  },

  /** A process no longer uses memory that it shared. */
  mmput(this: Kernel, signal: Ptr<'signal_struct'>): void {
    const mm = this.atomicXchg(signal + signal_struct.mm, NULL) as Mm;
    if (this.refcount_dec_and_test(mm, mm_struct.mm_users)) this.kmem_cache_free(this.caches.mm_struct, mm);
  },

  /** The current task no longer uses its memory. @returns true if a dump has counted it, and waits for it */
  leave_mm(this: Kernel): boolean {
    return this.atomicCmpxchg(this.current + task_struct.mm, MM_IN_USE, MM_GONE) === MM_COUNTED;
  },

  /**
   * `exec_mmap`, where the old memory is shared with another process. Its siglock keeps a dump there from taking the new
   * memory for the old.
   *
   * @returns 0, or −EINTR if a dump waits for this task
   */
  *exec_mmap(this: Kernel): Coroutine<number> {
    const tsk = this.current;
    const lock = addr(this.get(tsk, task_struct.sighand), sighand_struct.siglock);
    if (this.spin_lock_irq(lock)) yield;
    const counted = this.get(tsk, task_struct.mm) === MM_COUNTED;
    if (!counted) this.mmput(this.get(tsk, task_struct.signal));
    this.spin_unlock_irq(lock);
    return counted ? -EINTR : 0;
  },

  /** The part of `exit_mm` for a task that a dump waits for: says that it is here, and waits until the dump is done. */
  *exitMmCore(this: Kernel): Coroutine<void> {
    const tsk = this.current;
    const core = this.get(this.get(tsk, task_struct.signal), signal_struct.core_state);
    const self = addr(tsk, task_struct.core_thread);
    this.set(self, core_thread.task, tsk);
    // The last use of the core_state by those that have queued themselves, but for the one that completes.
    this.set(self, core_thread.next, this.atomicXchg(core + core_state.dumper_next, self) as Ptr<'core_thread'>);
    if (this.atomic_add_return(core, core_state.nr_threads, -1)) yield;
    if (this.value(core_state.nr_threads) === 0) yield* this.complete(addr(core, core_state.startup));
    for (;;) {
      if (this.set_current_state(TASK_UNINTERRUPTIBLE)) yield;
      if (this.READ_ONCE(self, core_thread.task)) yield;
      if (this.value(core_thread.task) === NULL) break;
      yield* this.schedule();
    }
    this.__set_current_state(TASK_RUNNING);
  },

  // ---- the dump ----

  /**
   * Tells every other thread of a process to die, for a dump of their memory. From here on the process takes no signal
   * but SIGKILL. Needs siglock.
   *
   * @returns how many threads the dump has to wait for
   */
  *zap_process(this: Kernel, start: Task, core: CoreState, exit_code: number, flags: number): Coroutine<number> {
    const signal = this.get(start, task_struct.signal);
    this.set(signal, signal_struct.core_state, core);
    if (this.WRITE_ONCE(signal, signal_struct.flags, SIGNAL_GROUP_COREDUMP | flags)) yield;
    this.set(signal, signal_struct.group_exit_code, exit_code);
    this.set(signal, signal_struct.group_stop_count, 0);
    let nr = 0;
    let t = start;
    do {
      if (this.get(t, task_struct.jobctl) !== 0) yield* this.clearJobctl(t);
      if (t !== this.current && this.atomicCmpxchg(t + task_struct.mm, MM_IN_USE, MM_COUNTED) === MM_IN_USE) {
        this.sigaddset(addr(addr(t, task_struct.pending), sigpending.signal), SIGKILL);
        yield* this.signal_wake_up_state(t, TASK_WAKEKILL);
        nr++;
      }
      t = this.next_thread(t);
    } while (t !== start);
    return nr;
  },

  /**
   * Tells everybody else that uses the current task's memory to die.
   *
   * @returns how many there are; −EAGAIN if the process is dying already, −EBUSY if another process dumps this memory
   */
  *zap_threads(this: Kernel, tsk: Task, core: CoreState, exit_code: number): Coroutine<number> {
    const signal = this.get(tsk, task_struct.signal);
    const mm = this.peek(signal + signal_struct.mm) as Mm;
    const lock = addr(this.get(tsk, task_struct.sighand), sighand_struct.siglock);
    let nr = -EAGAIN;
    if (this.spin_lock_irq(lock)) yield;
    if (!this.signal_group_exit(signal)) {
      if (mm && this.atomicCmpxchg(mm + mm_struct.core_state, NULL, core) !== NULL) {
        nr = -EBUSY;
      } else {
        this.set(signal, signal_struct.group_exit_task, tsk);
        nr = yield* this.zap_process(tsk, core, exit_code, 0);
        this.clear_tsk_thread_flag(tsk, TIF_SIGPENDING);
      }
    }
    this.spin_unlock_irq(lock);
    if (nr < 0) return nr;
    this.set(tsk, task_struct.flags, this.get(tsk, task_struct.flags) | PF_DUMPCORE);
    if (mm && this.peek(mm + mm_struct.mm_users) > 1) nr += yield* this.zapSharers(tsk, mm, core, exit_code);
    return nr;
  },

  /** The part of `zap_threads` for the other processes on the same memory: the parent of a vfork, for one. */
  *zapSharers(this: Kernel, tsk: Task, mm: Mm, core: CoreState, exit_code: number): Coroutine<number> {
    const leader = this.get(tsk, task_struct.group_leader);
    let nr = 0;
    this.rcu_read_lock();
    for (let g = this.next_task(this.init_task); g !== this.init_task; g = this.next_task(g)) {
      if (g === leader || this.peek(this.get(g, task_struct.signal) + signal_struct.mm) !== mm) continue;
      const p = this.userOfMm(g);
      if (!p) continue;
      const sighand = yield* this.__lock_task_sighand(p);
      if (!sighand) continue;
      const flags = this.irqflags;
      // Both may have changed before the lock: it may have exec'ed, or have left.
      const still = this.peek(this.get(p, task_struct.signal) + signal_struct.mm) === mm && this.userOfMm(g) !== NULL;
      if (still) nr += yield* this.zap_process(p, core, exit_code, SIGNAL_GROUP_EXIT);
      this.unlock_task_sighand(sighand, flags);
    }
    this.rcu_read_unlock();
    return nr;
  },

  /** The first thread of a process that uses its memory, or NULL. */
  userOfMm(this: Kernel, g: Task): Task {
    const head = addr(this.get(g, task_struct.signal), signal_struct.thread_head);
    for (let node = this.peek(head); node !== head; node = this.peek(node)) {
      const t = container_of(node as Ptr<'list_head'>, task_struct.thread_node);
      if (this.peek(t + task_struct.mm) === MM_IN_USE) return t;
    }
    return NULL;
  },

  /**
   * Waits until all others have stopped. Left out: `wait_task_inactive`, since nothing reads their registers.
   *
   * @returns 0 or more, or why there is no dump
   */
  *coredump_wait(this: Kernel, exit_code: number, core: CoreState): Coroutine<number> {
    this.init_completion(addr(core, core_state.startup));
    const core_waiters = yield* this.zap_threads(this.current, core, exit_code);
    if (core_waiters > 0) {
      // Those that are here already have counted themselves off.
      if (this.atomic_add_return(core, core_state.nr_threads, core_waiters)) yield;
      if (this.value(core_state.nr_threads) !== 0) yield* this.wait_for_completion(addr(core, core_state.startup));
    }
    return core_waiters;
  },

  /** Lets the others go on dying. Killed meanwhile, the process does not say that it has dumped. */
  *coredump_finish(this: Kernel, core: CoreState, core_dumped: boolean): Coroutine<void> {
    const tsk = this.current;
    const signal = this.get(tsk, task_struct.signal);
    const lock = addr(this.get(tsk, task_struct.sighand), sighand_struct.siglock);
    if (this.spin_lock_irq(lock)) yield;
    if (core_dumped && !this.__fatal_signal_pending(tsk)) {
      this.set(signal, signal_struct.group_exit_code, this.get(signal, signal_struct.group_exit_code) | 0x80);
    }
    this.set(signal, signal_struct.group_exit_task, NULL);
    this.set(signal, signal_struct.flags, SIGNAL_GROUP_EXIT);
    this.spin_unlock_irq(lock);
    let next = this.get(core, core_state.dumper_next);
    while (next) {
      const curr = next;
      const task = this.get(curr, core_thread.task);
      // Before the other sees that it may go: then this is no more.
      next = this.get(curr, core_thread.next);
      if (this.WRITE_ONCE(curr, core_thread.task, NULL)) yield;
      yield* this.wake_up_process(task);
    }
    const mm = this.peek(signal + signal_struct.mm) as Mm;
    if (mm) this.atomicXchg(mm + mm_struct.core_state, NULL);
  },

  /** SIGKILL interrupts a dump; nothing else gets through. */
  dump_interrupted(this: Kernel): boolean {
    return this.READ_ONCE(this.current, task_struct.thread_flags);
  },

  /** Writes the file: pieces of it, as long as no SIGKILL comes. It counts as written once it has been begun. */
  *elf_core_dump(this: Kernel): Coroutine<boolean> {
    for (let piece = 0; piece < CORE_PIECES; piece++) {
      if (this.dump_interrupted()) yield;
      if ((this.value(task_struct.thread_flags) & TIF_SIGPENDING) !== 0) break;
    }
    return true;
  },

  /**
   * Dumps the process's memory, unless it is not to be dumped, its `RLIMIT_CORE` is too small for anything, or somebody
   * has told the process to die before. All others that use the memory are told to die in any case but the first and the
   * last. Left out: the patterns of `core_pattern` other than the name of a file, and that file.
   */
  *do_coredump(this: Kernel, sig: number): Coroutine<void> {
    const tsk = this.current;
    const signal = this.get(tsk, task_struct.signal);
    const limit = this.peek(signal + signal_struct.rlim_core);
    if (this.peek(signal + signal_struct.dumpable) === SUID_DUMP_DISABLE) return;
    // On the kernel stack in the kernel; here an object, so that the use of it after its end is reported.
    const core = this.kmem_cache_zalloc<'core_state'>(this.caches.core_state);
    this.BUG_ON(!core, 'no room for a core_state: a process has one at most');
    if ((yield* this.coredump_wait(sig, core)) >= 0) {
      let dumped = false;
      if (limit >= ELF_MIN_COREDUMP) {
        // So that nobody changes the table meanwhile.
        const files = this.get(tsk, task_struct.files);
        const displaced = files ? yield* this.unshare_files() : NULL;
        if (displaced > 0) this.put_files_struct(displaced as typeof files);
        if (displaced >= 0) {
          if (this.dump_interrupted()) yield;
          if ((this.value(task_struct.thread_flags) & TIF_SIGPENDING) === 0) dumped = yield* this.elf_core_dump();
        }
      }
      yield* this.coredump_finish(core, dumped);
    }
    this.kmem_cache_free(this.caches.core_state, core);
  },
};

export type CoredumpFunctions = typeof coredumpFunctions;
