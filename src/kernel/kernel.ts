/**
 * The kernel of a CPU: an object of functions that call each other through it, so that a patch replaces one of them
 * by its name.
 */

import { addr, type Ptr } from '../memory/layout.js';
import { type ListOps, listOps } from '../memory/list.js';
import { type SlabOps, slabOps } from '../memory/slab.js';
import { type AtomicOps, atomicOps } from '../sync/atomic.js';
import { type CompletionOps, completionOps } from '../sync/completion.js';
import type { Cpu } from '../sync/cpu.js';
import type { Coroutine } from '../sync/gate.js';
import { type MutexOps, mutexOps } from '../sync/mutex.js';
import { type RcuHeadPtr, type RcuOps, rcuOps } from '../sync/rcu.js';
import { type RculistOps, rculistOps } from '../sync/rculist.js';
import { type RwlockOps, rwlockOps } from '../sync/rwlock.js';
import { type SpinlockOps, spinlockOps } from '../sync/spinlock.js';
import { type WaitEntryPtr, type WaitOps, wait_queue_entry, waitOps } from '../sync/wait.js';
import { type CapabilityFunctions, capabilityFunctions } from './capability.js';
import { type CoredumpFunctions, coredumpFunctions } from './coredump.js';
import { type CredFunctions, credFunctions } from './cred.js';
import { type EntryFunctions, entryFunctions } from './entry.js';
import { type ExecFunctions, execFunctions } from './exec.js';
import { type ExitFunctions, exitFunctions } from './exit.js';
import { type FcntlFunctions, fcntlFunctions } from './fcntl.js';
import { type FdtableFunctions, fdtableFunctions } from './fdtable.js';
import { type FileFunctions, fileFunctions } from './file.js';
import { type ForceSignalFunctions, forceSignalFunctions } from './force-signal.js';
import { type ForkFunctions, forkFunctions } from './fork.js';
import { type ForkUndoFunctions, forkUndoFunctions } from './fork-undo.js';
import { type HrtimerFunctions, hrtimerFunctions } from './hrtimer.js';
import { type ItimerFunctions, itimerFunctions } from './itimer.js';
import { type LeakFunctions, leakFunctions } from './leaks.js';
import { type NsproxyFunctions, nsproxyFunctions } from './nsproxy.js';
import { type PgrpFunctions, pgrpFunctions } from './pgrp.js';
import { type PidFunctions, pidFunctions } from './pid.js';
import { type PidNamespaceFunctions, pidNamespaceFunctions } from './pid-namespace.js';
import { type PidfdFunctions, pidfdFunctions } from './pidfd.js';
import { type PipeFunctions, pipeFunctions } from './pipe.js';
import { type PosixClocksFunctions, posixClocksFunctions } from './posix-clocks.js';
import { type PosixCpuTimersFunctions, posixCpuTimersFunctions } from './posix-cpu-timers.js';
import { type PosixTimerSignalFunctions, posixTimerSignalFunctions } from './posix-timer-signal.js';
import { type PosixTimersFunctions, posixTimersFunctions } from './posix-timers.js';
import { type PrctlFunctions, prctlFunctions } from './prctl.js';
import { type PtraceFunctions, ptraceFunctions } from './ptrace.js';
import { type PtraceAccessFunctions, ptraceAccessFunctions } from './ptrace-access.js';
import { type PtraceRequestFunctions, ptraceRequestFunctions } from './ptrace-request.js';
import { type PtraceStopFunctions, ptraceStopFunctions, WAKE_BIT_FUNCTION } from './ptrace-stop.js';
import { type RlimitFunctions, rlimitFunctions } from './rlimit.js';
import type { ProgramFile } from './scenario.js';
import { AUTOREMOVE_WAKE_FUNCTION, DEFAULT_WAKE_FUNCTION, type SchedFunctions, schedFunctions } from './sched.js';
import { POLLWAKE, type SelectFunctions, selectFunctions } from './select.js';
import { type SetidFunctions, setidFunctions } from './setid.js';
import { type SigaltstackFunctions, sigaltstackFunctions } from './sigaltstack.js';
import { type SignalFunctions, signalFunctions } from './signal/index.js';
import type { KernelSiginfo } from './signal/siginfo.js';
import { type SignalfdFunctions, signalfdFunctions } from './signalfd.js';
import { type SigsetFunctions, sigsetFunctions } from './sigset.js';
import { type SleepFunctions, sleepFunctions } from './sleep.js';
import { cred, file, k_itimer, pid, pid_namespace, task_struct } from './structs.js';
import { type TaskFunctions, taskFunctions } from './task.js';
import { type TickFunctions, tickFunctions } from './tick.js';
import { type TraceFunctions, traceFunctions } from './trace.js';
import { type TracehookFunctions, tracehookFunctions } from './tracehook.js';
import { type UidhashFunctions, uidhashFunctions } from './uidhash.js';
import type { UserSpace } from './user.js';
import { type UserNamespaceFunctions, userNamespaceFunctions } from './user-namespace.js';
import { type VforkFunctions, vforkFunctions } from './vfork.js';
import { CHILD_WAIT_CALLBACK, type WaitFunctions, waitFunctions } from './wait.js';

/** The numbers of the slab caches. */
export interface KernelCaches {
  readonly task_struct: number;
  readonly signal_struct: number;
  readonly sighand_struct: number;
  readonly sigqueue: number;
  readonly pid: number;
  readonly cred: number;
  readonly user_struct: number;
  readonly sigframe: number;
  readonly posix_timers: number;
  readonly files_struct: number;
  readonly filp: number;
  readonly pipe_inode_info: number;
  readonly signalfd_ctx: number;
  readonly poll_table_entry: number;
  readonly completion: number;
  readonly core_state: number;
  readonly mm_struct: number;
  readonly pid_namespace: number;
  readonly nested_idr: number;
  readonly nsproxy: number;
  readonly user_namespace: number;
}

/** The numbers of the functions that `call_rcu` may be given. */
export interface RcuCallbacks {
  readonly delayed_put_task_struct: number;
  readonly delayed_put_pid: number;
  readonly put_cred_rcu: number;
  readonly file_free_rcu: number;
  readonly delayed_free_pidns: number;
  readonly k_itimer_rcu_free: number;
}

export const RCU_CALLBACKS: RcuCallbacks = {
  delayed_put_task_struct: 0,
  delayed_put_pid: 1,
  put_cred_rcu: 2,
  file_free_rcu: 3,
  delayed_free_pidns: 4,
  k_itimer_rcu_free: 5,
};

/** What a CPU's kernel knows besides its functions. Filled in when the CPU is made. */
export interface KernelData {
  readonly globals: Ptr<'globals'>;
  readonly rcu: Ptr<'rcu_state'>;
  /** This CPU's run queue. */
  readonly rq: Ptr<'rq'>;
  /** Every CPU's run queue, by number. */
  readonly rqs: readonly Ptr<'rq'>[];
  /** Every CPU's timers, by number. */
  readonly hrtimerBases: readonly Ptr<'hrtimer_cpu_base'>[];
  /** This CPU's tick. */
  readonly tick: Ptr<'tick_sched'>;
  readonly init_task: Ptr<'task_struct'>;
  readonly init_pid_ns: Ptr<'pid_namespace'>;
  readonly init_user_ns: Ptr<'user_namespace'>;
  readonly init_nsproxy: Ptr<'nsproxy'>;
  readonly caches: KernelCaches;
  readonly rcuCallbacks: RcuCallbacks;
  readonly userSpace: UserSpace;
  /** The current task's program, from its start; `fromKernel` for a task that has yet to leave the kernel. */
  start_program(fromKernel: boolean): Coroutine<void>;
  /** What the kernel would find in the file of a program. */
  program_file(program: number): ProgramFile;
  /** An error that has come out of a program: a violation, if it is the program's own. */
  program_threw(error: unknown): unknown;
  /** Handler number `handler` of the current task's program; `info` is null unless it was installed with `SA_SIGINFO`. */
  start_handler(handler: number, sig: number, info: KernelSiginfo | null): Coroutine<void>;
}

/** The places where the kernel is called back by `src/sync`. */
export const callbackFunctions = {
  rcu_callback(this: Kernel, func: number, head: RcuHeadPtr): void {
    switch (func) {
      case RCU_CALLBACKS.delayed_put_task_struct:
        this.delayed_put_task_struct((head - task_struct.rcu) as Ptr<'task_struct'>);
        break;
      case RCU_CALLBACKS.delayed_put_pid:
        this.delayed_put_pid((head - pid.rcu) as Ptr<'pid'>);
        break;
      case RCU_CALLBACKS.file_free_rcu:
        this.file_free_rcu((head - file.rcu) as Ptr<'file'>);
        break;
      case RCU_CALLBACKS.delayed_free_pidns:
        this.delayed_free_pidns((head - pid_namespace.rcu) as Ptr<'pid_namespace'>);
        break;
      case RCU_CALLBACKS.k_itimer_rcu_free:
        this.k_itimer_rcu_free((head - k_itimer.rcu) as Ptr<'k_itimer'>);
        break;
      default:
        this.put_cred_rcu((head - cred.rcu) as Ptr<'cred'>);
    }
  },

  wait_queue_function(this: Kernel, func: number, entry: WaitEntryPtr, mode: number, key: number): Coroutine<boolean> {
    switch (func) {
      case CHILD_WAIT_CALLBACK:
        return this.child_wait_callback(entry, mode, key as Ptr<'task_struct'>);
      case POLLWAKE:
        return this.pollwake(entry, mode, key);
      case WAKE_BIT_FUNCTION:
        return this.wake_bit_function(entry, mode, key as Ptr<'task_struct'>);
      case AUTOREMOVE_WAKE_FUNCTION:
        return this.autoremove_wake_function(entry, mode);
      default:
        return this.default_wake_function(this.get(entry, wait_queue_entry.private), mode);
    }
  },

  mutex_waiter_of(this: Kernel, t: Ptr<'task_struct'>): Ptr<'mutex_waiter'> {
    return (t + task_struct.mutex_waiter) as Ptr<'mutex_waiter'>;
  },

  completion_wait_entry(this: Kernel): WaitEntryPtr {
    const entry = addr(this.current, task_struct.child_wait);
    this.init_wait_entry(entry, DEFAULT_WAKE_FUNCTION);
    return entry;
  },
};

type CallbackFunctions = typeof callbackFunctions;

/** Everything that kernel code can call through `this`. */
export interface Kernel
  extends Cpu,
    KernelData,
    ListOps,
    SlabOps,
    AtomicOps,
    SpinlockOps,
    RwlockOps,
    RcuOps,
    RculistOps,
    WaitOps,
    MutexOps,
    CompletionOps,
    SigsetFunctions,
    TraceFunctions,
    PidFunctions,
    PgrpFunctions,
    PrctlFunctions,
    CapabilityFunctions,
    NsproxyFunctions,
    PidNamespaceFunctions,
    RlimitFunctions,
    SetidFunctions,
    UidhashFunctions,
    UserNamespaceFunctions,
    CredFunctions,
    SchedFunctions,
    SignalFunctions,
    ExitFunctions,
    WaitFunctions,
    ForkFunctions,
    ForkUndoFunctions,
    TaskFunctions,
    VforkFunctions,
    CoredumpFunctions,
    SigaltstackFunctions,
    ForceSignalFunctions,
    ExecFunctions,
    PtraceFunctions,
    PtraceRequestFunctions,
    PtraceAccessFunctions,
    PtraceStopFunctions,
    TracehookFunctions,
    HrtimerFunctions,
    ItimerFunctions,
    PosixTimersFunctions,
    PosixClocksFunctions,
    PosixTimerSignalFunctions,
    PosixCpuTimersFunctions,
    TickFunctions,
    EntryFunctions,
    FileFunctions,
    FcntlFunctions,
    FdtableFunctions,
    PipeFunctions,
    SignalfdFunctions,
    PidfdFunctions,
    SelectFunctions,
    LeakFunctions,
    SleepFunctions,
    CallbackFunctions {}

/** The functions of the unpatched kernel, v5.3.1, and what they lock and link with. */
export const KERNEL_FUNCTIONS: readonly object[] = [
  listOps,
  slabOps,
  atomicOps,
  spinlockOps,
  rwlockOps,
  rcuOps,
  rculistOps,
  waitOps,
  mutexOps,
  completionOps,
  sigsetFunctions,
  traceFunctions,
  pidFunctions,
  pgrpFunctions,
  prctlFunctions,
  capabilityFunctions,
  nsproxyFunctions,
  pidNamespaceFunctions,
  rlimitFunctions,
  setidFunctions,
  uidhashFunctions,
  userNamespaceFunctions,
  credFunctions,
  schedFunctions,
  ...signalFunctions,
  exitFunctions,
  waitFunctions,
  forkFunctions,
  forkUndoFunctions,
  taskFunctions,
  vforkFunctions,
  coredumpFunctions,
  sigaltstackFunctions,
  forceSignalFunctions,
  execFunctions,
  ptraceFunctions,
  ptraceRequestFunctions,
  ptraceAccessFunctions,
  ptraceStopFunctions,
  tracehookFunctions,
  hrtimerFunctions,
  itimerFunctions,
  posixTimersFunctions,
  posixClocksFunctions,
  posixTimerSignalFunctions,
  posixCpuTimersFunctions,
  tickFunctions,
  entryFunctions,
  fileFunctions,
  fcntlFunctions,
  fdtableFunctions,
  pipeFunctions,
  signalfdFunctions,
  pidfdFunctions,
  selectFunctions,
  leakFunctions,
  sleepFunctions,
  callbackFunctions,
];

/** Functions that stand in for the kernel's own of the same names. */
export type KernelPatch = Partial<Pick<Kernel, PatchableName>>;
type PatchableName = keyof (PidFunctions &
  PgrpFunctions &
  PrctlFunctions &
  CapabilityFunctions &
  NsproxyFunctions &
  PidNamespaceFunctions &
  RlimitFunctions &
  SetidFunctions &
  UidhashFunctions &
  UserNamespaceFunctions &
  CredFunctions &
  SchedFunctions &
  SignalFunctions &
  ExitFunctions &
  WaitFunctions &
  ForkFunctions &
  ForkUndoFunctions &
  TaskFunctions &
  VforkFunctions &
  CoredumpFunctions &
  SigaltstackFunctions &
  ForceSignalFunctions &
  ExecFunctions &
  PtraceFunctions &
  PtraceRequestFunctions &
  PtraceAccessFunctions &
  PtraceStopFunctions &
  TracehookFunctions &
  HrtimerFunctions &
  ItimerFunctions &
  PosixTimersFunctions &
  PosixClocksFunctions &
  PosixTimerSignalFunctions &
  PosixCpuTimersFunctions &
  TickFunctions &
  FileFunctions &
  FcntlFunctions &
  FdtableFunctions &
  PipeFunctions &
  SignalfdFunctions &
  PidfdFunctions &
  SelectFunctions &
  EntryFunctions);
