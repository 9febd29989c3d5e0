/** How a scenario makes the processes that exist before the race. */

import { addr, type Ptr } from '../memory/layout.js';
import { cpu_data } from '../sync/cpu.js';
import type { Coroutine } from '../sync/gate.js';
import { FIRST_PID, run } from './boot.js';
import {
  CAP_FULL_SET,
  CLONE_PTHREAD,
  errorName,
  PR_SET_CHILD_SUBREAPER,
  PR_SET_PDEATHSIG,
  SIG_HANDLER_BASE,
  SIGCHLD,
  TASK_INTERRUPTIBLE,
  TASK_RUNNING,
} from './constants.js';
import { findStuckTask } from './hung.js';
import type { Kernel } from './kernel.js';
import type { Program, Scenario } from './scenario.js';
import { EMPTY_MASK } from './sigset.js';
import { cred, PID_MAX, pid_namespace, rq, task_struct, USER_CELLS, user_memory, user_struct } from './structs.js';
import { type HandlerOptions, makeSys, programNames, type Sys } from './sys.js';
import type { IdExtent } from './user-namespace.js';

type Task = Ptr<'task_struct'>;

/** A process or thread, as a scenario's setup refers to it. */
export interface SetupTask {
  readonly pid: number;
  readonly task: Task;
}

/** A thread that is there from the beginning: where, and with what. */
export interface TaskOptions {
  /** Where it runs; taken modulo the number of CPUs of the machine. */
  readonly cpu?: number;
  /** What its program finds in `sys.arg`; 0 if not given. */
  readonly arg?: number;
  /** It is inside its program's first system call already: one that only a signal ends, like `pause`. */
  readonly blocked?: boolean;
}

/** What a process is before the race. */
export interface ProcessOptions extends TaskOptions {
  /** init if not given. */
  readonly parent?: SetupTask;
  /** 1000 if not given. */
  readonly uid?: number;
  /** The effective, saved and file user id, as after the exec of a set-user-id program; `uid` if not given. */
  readonly euid?: number;
  /** `uid` if not given. */
  readonly gid?: number;
  /** `CAP_…`, permitted and effective; all for root and in a user namespace of its own, otherwise none. */
  readonly capabilities?: number;
  /** `CLONE_NEWPID`, `CLONE_NEWUSER`: namespaces of its own, whatever its parent may do. */
  readonly namespaces?: number;
  /** What has been written to its `uid_map`; ids of the parent's namespace are those of the initial one. */
  readonly uidMap?: readonly IdExtent[];
  /** Soft limits, and hard ones where they differ, by `RLIMIT_…`. */
  readonly limits?: Readonly<Record<number, number | readonly [soft: number, hard: number]>>;
  /** It has called `setsid`. */
  readonly session?: boolean;
  /** True: a group of its own. Otherwise it joins the group that the process named leads. */
  readonly group?: true | SetupTask;
  /** `PR_SET_CHILD_SUBREAPER`. */
  readonly subreaper?: boolean;
  /** `PR_SET_PDEATHSIG`. */
  readonly pdeathSignal?: number;
}

/** How a scenario makes the processes that exist before the race. */
export interface Setup {
  /** Forks a process that runs one of the scenario's programs. */
  process(program: string, options?: ProcessOptions): SetupTask;
  /** Adds a thread to a process. */
  thread(of: SetupTask, program: string, options?: TaskOptions): SetupTask;
  /** Has a process install a handler, `SIG_DFL` or `SIG_IGN`. */
  sigaction(of: SetupTask, sig: number, handler: string | number, options?: HandlerOptions): void;
  /**
   * Has a process or thread run a program before the race: system calls that do not wait, as if one after the other.
   *
   * @throws Error if it waits, or leaves somebody with a signal to take: that would happen in the race
   */
  run(of: SetupTask, program: Program): void;
  /** Makes pids short: those of the scenario's processes are 100 to `max` − 1, over and over. */
  pidMax(max: number): void;
  /** Sets a cell of the memory that all programs share. */
  cell(cell: number, value: number): void;
}

/** Runs a scenario's setup on a booted machine whose gate is open. */
export function setUp(cpus: readonly Kernel[], scenario: Scenario): void {
  const k = cpus[0] as Kernel;
  const programs = programNames(scenario);
  const handlers = Object.keys(scenario.handlers ?? {});
  const init = k.get(k.arena.static(pid_namespace), pid_namespace.child_reaper);

  function as<T>(task: Task, coroutine: () => Coroutine<T>): T {
    const before = k.current;
    k.current = task;
    const result = run(k, coroutine());
    k.current = before;
    return result;
  }

  function must(call: string, result: number): void {
    if (result < 0) throw new Error(`scenario ${scenario.name}: ${call} failed with ${errorName(result)}`);
  }

  function make(parent: Task, program: string, options: TaskOptions, flags: number): SetupTask {
    const number = programs.indexOf(program);
    if (number < 0) throw new Error(`scenario ${scenario.name} has no program "${program}"`);
    const cpu = (options.cpu ?? 0) % cpus.length;
    const args = { flags, exit_signal: SIGCHLD, program: number, arg: options.arg ?? 0, cpu };
    const made = as(parent, () => k.copy_process(args));
    if (made < 0) throw new Error(`scenario ${scenario.name}: making ${program} failed with ${made}`);
    const task = made as Task;
    place(cpus[cpu] as Kernel, task, options.blocked ?? false);
    return { pid: k.get(task, task_struct.pid), task };
  }

  /** With the right to make namespaces, for the moment. */
  function makeInNamespaces(parent: Task, program: string, options: ProcessOptions): SetupTask {
    const c = k.get(parent, task_struct.cred);
    const before = k.get(c, cred.cap_effective);
    k.set(c, cred.cap_effective, CAP_FULL_SET);
    const made = make(parent, program, options, options.namespaces ?? 0);
    k.set(c, cred.cap_effective, before);
    return made;
  }

  scenario.setup({
    process(program, options = {}) {
      const made = makeInNamespaces(options.parent?.task ?? init, program, options);
      // init ignores SIGCHLD, and ignoring is inherited; a process starts with the default actions, as from a shell.
      if (options.parent === undefined) k.flush_signal_handlers(made.task, true);
      giveIds(k, made.task, options);
      const { session, group, subreaper, pdeathSignal, uidMap, limits = {} } = options;
      if (uidMap !== undefined) {
        must(
          'uid_map',
          as(k.init_task, () => k.proc_uid_map_write(made.pid, uidMap)),
        );
      }
      for (const [resource, limit] of Object.entries(limits)) {
        const [rlim_cur, rlim_max] = typeof limit === 'number' ? [limit, limit] : limit;
        const wanted = { rlim_cur, rlim_max };
        must(
          'setrlimit',
          as(k.init_task, () => k.do_prlimit(made.task, Number(resource), wanted, null)),
        );
      }
      if (session)
        must(
          'setsid',
          as(made.task, () => k.setsid()),
        );
      if (group !== undefined) {
        must(
          'setpgid',
          as(made.task, () => k.setpgid(0, group === true ? 0 : group.pid)),
        );
      }
      if (subreaper)
        must(
          'prctl',
          as(made.task, () => k.prctl(PR_SET_CHILD_SUBREAPER, 1)),
        );
      if (pdeathSignal !== undefined)
        must(
          'prctl',
          as(made.task, () => k.prctl(PR_SET_PDEATHSIG, pdeathSignal)),
        );
      return made;
    },
    thread: (of, program, options = {}) => make(of.task, program, options, CLONE_PTHREAD),
    sigaction(of, sig, handler, options = {}) {
      const number = typeof handler === 'number' ? handler : SIG_HANDLER_BASE + handlers.indexOf(handler);
      if (number < 0 || (typeof handler === 'string' && !handlers.includes(handler))) {
        throw new Error(`scenario ${scenario.name} has no handler "${handler}"`);
      }
      const act = { handler: number, flags: options.flags ?? 0, mask: options.mask ?? EMPTY_MASK };
      as(of.task, () => k.rt_sigaction(sig, act, null));
    },
    run(of, program) {
      // Its handlers take it from there.
      const user = k as Kernel & { sys: Sys | null };
      user.sys ??= makeSys(k, scenario);
      const { sys } = user;
      const inside = k.get(of.task, task_struct.in_syscall);
      const state = k.get(of.task, task_struct.state);
      k.set(of.task, task_struct.in_syscall, 0);
      as(of.task, () => program(sys));
      k.set(of.task, task_struct.in_syscall, inside);
      k.set(of.task, task_struct.state, state);
      const stuck = findStuckTask(k.arena);
      if (stuck !== null && 'message' in stuck)
        throw new Error(`scenario ${scenario.name}: after the setup ${stuck.message}; block it there first`);
    },
    pidMax(max) {
      if (max <= FIRST_PID || max > PID_MAX) throw new Error(`there can be no ${max} pids`);
      k.set(k.init_pid_ns, pid_namespace.pid_max, max);
      k.set(k.init_pid_ns, pid_namespace.reserved_pids, FIRST_PID);
    },
    cell(cell, value) {
      if (cell < 0 || cell >= USER_CELLS) throw new Error(`there is no cell ${cell}`);
      k.store(k.arena.static(user_memory) + user_memory.cells + cell, value);
    },
  });
  for (const cpu of cpus) {
    cpu.current = cpu.get(cpu.rq, rq.curr);
    cpu.set(cpu.data, cpu_data.rcu_eqs, 1);
  }
}

/** Gives a new process, whose credentials nobody has seen yet, the ids and capabilities that it is to have. */
function giveIds(k: Kernel, t: Task, options: ProcessOptions): void {
  const c = k.get(t, task_struct.cred);
  const { uid = 1000, gid = uid, euid = uid } = options;
  const from = k.get(c, cred.user);
  const to = run(k, k.alloc_uid(uid));
  if (!to) throw new Error('more users than the machine has room for');
  k.set(from, user_struct.processes, k.get(from, user_struct.processes) - 1);
  k.set(to, user_struct.processes, k.get(to, user_struct.processes) + 1);
  k.free_uid(from);
  k.set(c, cred.user, to);
  k.set(c, cred.uid, uid);
  for (const field of [cred.euid, cred.suid, cred.fsuid]) k.set(c, field, euid);
  for (const field of [cred.gid, cred.egid, cred.sgid, cred.fsgid]) k.set(c, field, gid);
  const inNewNamespace = k.get(c, cred.user_ns) !== k.init_user_ns;
  const capabilities = options.capabilities ?? (uid === 0 || euid === 0 || inNewNamespace ? CAP_FULL_SET : 0);
  k.set(c, cred.cap_permitted, capabilities);
  k.set(c, cred.cap_effective, euid === 0 || uid !== 0 ? capabilities : 0);
}

/** Puts a task that the setup made where it is when the race begins. */
function place(k: Kernel, t: Task, blocked: boolean): void {
  if (blocked) {
    k.set(t, task_struct.state, TASK_INTERRUPTIBLE);
    k.set(t, task_struct.in_syscall, 1);
    return;
  }
  k.set(t, task_struct.state, TASK_RUNNING);
  k.set(t, task_struct.on_rq, 1);
  k.set(k.rq, rq.nr_running, k.get(k.rq, rq.nr_running) + 1);
  const idle = k.get(k.rq, rq.idle);
  if (k.get(k.rq, rq.curr) === idle) {
    // The first runnable task of a CPU is in user mode there when the race begins.
    k.set(k.rq, rq.curr, t);
    k.set(t, task_struct.on_cpu, 1);
    k.set(idle, task_struct.on_cpu, 0);
  } else {
    k.list_add_tail(addr(t, task_struct.run_list), addr(k.rq, rq.queue));
  }
}
