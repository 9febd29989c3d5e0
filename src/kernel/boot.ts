/** The machine before the race: what an arena of this kernel holds, how it boots, and the processes of a scenario. */

import type { Arena, ArenaSpec } from '../memory/arena.js';
import { addr, type Field, type Ptr } from '../memory/layout.js';
import { completion } from '../sync/completion.js';
import { cpu_data } from '../sync/cpu.js';
import type { Coroutine } from '../sync/gate.js';
import { rcu_state } from '../sync/rcu.js';
import {
  CAP_FULL_SET,
  CLONE_PTHREAD,
  errorName,
  PF_IDLE,
  PIDNS_ADDING,
  PIDTYPE_MAX,
  PIDTYPE_PGID,
  PIDTYPE_SID,
  PIDTYPE_TGID,
  PR_SET_CHILD_SUBREAPER,
  PR_SET_PDEATHSIG,
  RESERVED_PIDS,
  RLIM_INFINITY,
  SIG_HANDLER_BASE,
  SIG_IGN,
  SIGCHLD,
  SIGNAL_UNKILLABLE,
  SUID_DUMP_USER,
  TASK_INTERRUPTIBLE,
  TASK_RUNNING,
  USER_STACK_TOP,
} from './constants.js';
import { IT_REAL_FN } from './hrtimer.js';
import { findLostWakeup } from './hung.js';
import { type Kernel, type KernelCaches, RCU_CALLBACKS } from './kernel.js';
import { noteBaseline } from './leaks.js';
import type { Program, Scenario } from './scenario.js';
import { EMPTY_MASK } from './sigset.js';
import {
  core_state,
  cred,
  file,
  files_struct,
  globals,
  hrtimer_cpu_base,
  idr,
  k_itimer,
  k_sigaction,
  mm_struct,
  nested_idr,
  nsproxy,
  PID_MAX,
  pid,
  pid_namespace,
  pipe_inode_info,
  poll_table_entry,
  rq,
  sigframe,
  sighand_struct,
  signal_struct,
  signalfd_ctx,
  sigqueue,
  slab_baseline,
  task_struct,
  USER_CELLS,
  USER_RESULTS,
  uidhash,
  user_memory,
  user_namespace,
  user_struct,
} from './structs.js';
import { type HandlerOptions, makeSys, NO_RESULT, programNames, type Sys } from './sys.js';
import type { UserSpace } from './user.js';
import { type IdExtent, USERNS_SETGROUPS_ALLOWED } from './user-namespace.js';

type Task = Ptr<'task_struct'>;

/** The first number that a scenario's processes get. */
const FIRST_PID = 100;

/** How many namespaces of a kind there can be at a time besides the initial one. */
const NAMESPACES = 8;

/** How many of each object an arena has room for. */
export interface KernelLimits {
  /** Threads, all processes together. */
  readonly tasks: number;
  /** Signals queued, all users together. */
  readonly sigqueues: number;
  /** Of other objects, by the names of their slab caches (`filp`, `cred_jar`, …), in place of the usual numbers. */
  readonly objects?: Readonly<Record<string, number>>;
}

export const DEFAULT_LIMITS: KernelLimits = { tasks: 32, sigqueues: 64 };

/** What an arena of this kernel holds. */
export function kernelArena(cpus: number, limits: KernelLimits = DEFAULT_LIMITS): ArenaSpec {
  const tasks = limits.tasks + cpus;
  const caches = cacheSpecs(tasks, limits.sigqueues);
  const { objects = {} } = limits;
  for (const name of Object.keys(objects)) {
    if (!caches.some((cache) => cache.name === name)) throw new Error(`there is no slab cache "${name}"`);
  }
  return {
    statics: [
      { struct: cpu_data.$, count: cpus },
      { struct: rq.$, count: cpus },
      { struct: hrtimer_cpu_base.$, count: cpus },
      { struct: globals.$, count: 1 },
      { struct: rcu_state.$, count: 1 },
      { struct: pid_namespace.$, count: 1 },
      { struct: user_namespace.$, count: 1 },
      { struct: slab_baseline.$, count: 1 },
      { struct: user_memory.$, count: 1 },
      { struct: idr.$, count: 1 },
      { struct: nsproxy.$, count: 1 },
      { struct: uidhash.$, count: 1 },
    ],
    caches: caches.map((cache) => ({ ...cache, capacity: objects[cache.name] ?? cache.capacity })),
    cpus,
  };
}

/** The slab caches, and how many objects each has room for if a scenario does not say. */
function cacheSpecs(tasks: number, sigqueues: number): ArenaSpec['caches'] {
  return [
    { name: 'task_struct', struct: task_struct.$, capacity: tasks },
    { name: 'signal_cache', struct: signal_struct.$, capacity: tasks },
    { name: 'sighand_cache', struct: sighand_struct.$, capacity: tasks, typesafe: true },
    { name: 'sigqueue', struct: sigqueue.$, capacity: sigqueues },
    { name: 'pid', struct: pid.$, capacity: tasks + 8 },
    { name: 'cred_jar', struct: cred.$, capacity: 2 * tasks },
    { name: 'uid_cache', struct: user_struct.$, capacity: 16 },
    { name: 'posix_timers_cache', struct: k_itimer.$, capacity: 16 },
    { name: 'sigframe', struct: sigframe.$, capacity: sigqueues },
    { name: 'files_cache', struct: files_struct.$, capacity: 16 },
    { name: 'filp', struct: file.$, capacity: 32 },
    { name: 'pipe_inode_info', struct: pipe_inode_info.$, capacity: 8 },
    { name: 'signalfd_ctx', struct: signalfd_ctx.$, capacity: 8 },
    { name: 'poll_table_entry', struct: poll_table_entry.$, capacity: 16 },
    { name: 'completion', struct: completion.$, capacity: tasks },
    { name: 'core_state', struct: core_state.$, capacity: tasks },
    { name: 'mm_struct', struct: mm_struct.$, capacity: tasks },
    { name: 'pid_namespace', struct: pid_namespace.$, capacity: NAMESPACES },
    { name: 'idr', struct: nested_idr.$, capacity: NAMESPACES },
    { name: 'nsproxy', struct: nsproxy.$, capacity: NAMESPACES },
    { name: 'user_namespace', struct: user_namespace.$, capacity: NAMESPACES },
  ];
}

function cachesOf(arena: Arena): KernelCaches {
  return {
    task_struct: arena.cacheNumber('task_struct'),
    signal_struct: arena.cacheNumber('signal_cache'),
    sighand_struct: arena.cacheNumber('sighand_cache'),
    sigqueue: arena.cacheNumber('sigqueue'),
    pid: arena.cacheNumber('pid'),
    cred: arena.cacheNumber('cred_jar'),
    user_struct: arena.cacheNumber('uid_cache'),
    sigframe: arena.cacheNumber('sigframe'),
    posix_timers: arena.cacheNumber('posix_timers_cache'),
    files_struct: arena.cacheNumber('files_cache'),
    filp: arena.cacheNumber('filp'),
    pipe_inode_info: arena.cacheNumber('pipe_inode_info'),
    signalfd_ctx: arena.cacheNumber('signalfd_ctx'),
    poll_table_entry: arena.cacheNumber('poll_table_entry'),
    completion: arena.cacheNumber('completion'),
    core_state: arena.cacheNumber('core_state'),
    mm_struct: arena.cacheNumber('mm_struct'),
    pid_namespace: arena.cacheNumber('pid_namespace'),
    nested_idr: arena.cacheNumber('idr'),
    nsproxy: arena.cacheNumber('nsproxy'),
    user_namespace: arena.cacheNumber('user_namespace'),
  };
}

/** Gives a CPU the addresses of what its kernel works with. */
export function bindKernel(k: Kernel, userSpace: UserSpace): void {
  const { arena } = k;
  const data = {
    globals: arena.static(globals),
    rcu: arena.static(rcu_state),
    rq: arena.static(rq, k.id),
    rqs: k.allData.map((_, id) => arena.static(rq, id)),
    hrtimerBases: k.allData.map((_, id) => arena.static(hrtimer_cpu_base, id)),
    // The idle task of CPU 0 is the first object of its cache.
    init_task: firstTask(arena),
    init_pid_ns: arena.static(pid_namespace),
    init_user_ns: arena.static(user_namespace),
    init_nsproxy: arena.static(nsproxy),
    caches: cachesOf(arena),
    rcuCallbacks: RCU_CALLBACKS,
    userSpace,
    sys: null,
  };
  Object.assign(k, data);
}

function firstTask(arena: Arena): Task {
  const cache = arena.caches[arena.cacheNumber('task_struct')];
  if (cache === undefined) throw new Error('the arena has no tasks');
  return (cache.base + 2) as Task;
}

/** Boots: idle tasks, the initial namespaces, and init, which ignores SIGCHLD so that orphans are released at once. */
export function bootKernel(cpus: readonly Kernel[]): void {
  const k = cpus[0] as Kernel;
  const ns = k.arena.static(pid_namespace);
  k.set(ns, pid_namespace.pid_allocated, PIDNS_ADDING);
  k.set(ns, pid_namespace.pid_max, PID_MAX);
  k.set(ns, pid_namespace.reserved_pids, RESERVED_PIDS);
  k.set(ns, pid_namespace.user_ns, k.init_user_ns);
  k.set(k.init_nsproxy, nsproxy.pid_ns_for_children, ns);
  k.set(k.init_user_ns, user_namespace.flags, USERNS_SETGROUPS_ALLOWED);
  k.mutex_init(addr(k.globals, globals.userns_state_mutex));
  k.init_waitqueue_head(addr(k.globals, globals.bit_wait_table));
  k.set(ns, pid_namespace.idr_cursor, 1);
  k.set(ns, pid_namespace.idr, k.arena.static(idr));
  k.set(k.globals, globals.max_threads, RLIM_INFINITY);
  k.set(k.globals, globals.init_task, k.init_task);
  // Its first reference is for ever.
  const root = run(k, k.alloc_uid(0));
  k.set(k.globals, globals.root_user, root);
  const rootCred = makeRootCred(k, root);
  for (const cpu of cpus) bootIdle(cpu, rootCred, ns);
  const init = makeFirstProcess(k, rootCred, ns);
  k.set(ns, pid_namespace.child_reaper, init);
  k.set(ns, pid_namespace.idr_cursor, FIRST_PID);
  const memory = k.arena.static(user_memory);
  for (let result = 0; result < USER_RESULTS; result++) k.store(memory + user_memory.results + result, NO_RESULT);
  noteBaseline(k);
}

function makeRootCred(k: Kernel, user: Ptr<'user_struct'>): Ptr<'cred'> {
  const c = k.kmem_cache_zalloc<'cred'>(k.caches.cred);
  k.set(c, cred.usage, 1);
  k.set(c, cred.cap_permitted, CAP_FULL_SET);
  k.set(c, cred.cap_effective, CAP_FULL_SET);
  k.set(c, cred.user, user);
  k.set(c, cred.user_ns, k.init_user_ns);
  return c;
}

/** A task with its own signal_struct and sighand, made from nothing. */
function makeTask(k: Kernel, c: Ptr<'cred'>, cpu: number): Task {
  const t = k.kmem_cache_zalloc<'task_struct'>(k.caches.task_struct);
  const signal = k.kmem_cache_zalloc<'signal_struct'>(k.caches.signal_struct);
  k.set(t, task_struct.usage, 2);
  k.set(t, task_struct.cpu, cpu);
  k.set(t, task_struct.sp, USER_STACK_TOP);
  k.set(t, task_struct.group_leader, t);
  k.set(t, task_struct.real_parent, k.init_task);
  k.set(t, task_struct.parent, k.init_task);
  k.set(t, task_struct.signal, signal);
  k.set(t, task_struct.nsproxy, k.init_nsproxy);
  k.set(t, task_struct.sighand, k.allocSighand());
  k.set(t, task_struct.cred, k.get_cred(c));
  k.set(t, task_struct.real_cred, k.get_cred(c));
  for (const list of [task_struct.children, task_struct.sibling, task_struct.tasks, task_struct.thread_group]) {
    k.INIT_LIST_HEAD(addr(t, list));
  }
  for (const list of [task_struct.ptraced, task_struct.ptrace_entry, task_struct.run_list, task_struct.thread_node]) {
    k.INIT_LIST_HEAD(addr(t, list));
  }
  k.init_sigpending(addr(t, task_struct.pending));
  k.set(signal, signal_struct.nr_threads, 1);
  k.set(signal, signal_struct.live, 1);
  k.set(signal, signal_struct.sigcnt, 1);
  k.set(signal, signal_struct.curr_target, t);
  k.set(signal, signal_struct.dumpable, SUID_DUMP_USER);
  for (const limit of [signal_struct.rlim_nproc, signal_struct.rlim_sigpending])
    setLimit(k, signal, limit, RLIM_INFINITY);
  setLimit(k, signal, signal_struct.rlim_nofile, 1024, 4096);
  setLimit(k, signal, signal_struct.rlim_core, 0, RLIM_INFINITY);
  k.INIT_LIST_HEAD(addr(signal, signal_struct.thread_head));
  k.list_add_tail(addr(t, task_struct.thread_node), addr(signal, signal_struct.thread_head));
  k.init_waitqueue_head(addr(signal, signal_struct.wait_chldexit));
  k.init_sigpending(addr(signal, signal_struct.shared_pending));
  k.hrtimer_init(addr(signal, signal_struct.real_timer), IT_REAL_FN, signal);
  k.INIT_LIST_HEAD(addr(signal, signal_struct.posix_timers));
  k.mutex_init(addr(signal, signal_struct.cred_guard_mutex));
  return t;
}

function setLimit(
  k: Kernel,
  signal: Ptr<'signal_struct'>,
  limit: Field<'signal_struct', number>,
  soft: number,
  hard = soft,
): void {
  k.store(signal + limit, soft);
  k.store(signal + limit + 1, hard);
}

function bootIdle(k: Kernel, c: Ptr<'cred'>, ns: Ptr<'pid_namespace'>): void {
  const idle = makeTask(k, c, k.id);
  k.set(idle, task_struct.flags, PF_IDLE);
  k.set(idle, task_struct.on_cpu, 1);
  const p = k.kmem_cache_zalloc<'pid'>(k.caches.pid);
  k.set(p, pid.count, 1);
  k.set(p, pid.ns, ns);
  k.set(idle, task_struct.thread_pid, p);
  const pids = k.get(idle, task_struct.signal) + signal_struct.pids;
  for (const type of [PIDTYPE_TGID, PIDTYPE_PGID, PIDTYPE_SID]) k.store(pids + type, p);
  k.set(k.rq, rq.curr, idle);
  k.set(k.rq, rq.idle, idle);
  k.INIT_LIST_HEAD(addr(k.rq, rq.queue));
  k.INIT_LIST_HEAD(addr(k.arena.static(hrtimer_cpu_base, k.id), hrtimer_cpu_base.queue));
  k.set(k.data, cpu_data.rcu_eqs, 0);
  k.current = idle;
}

/** Process 1. It never runs: it ignores SIGCHLD, and its children are released without it. */
function makeFirstProcess(k: Kernel, c: Ptr<'cred'>, ns: Ptr<'pid_namespace'>): Task {
  const init = makeTask(k, c, 0);
  k.set(init, task_struct.exit_signal, SIGCHLD);
  k.set(init, task_struct.state, TASK_INTERRUPTIBLE);
  const number = run(k, k.alloc_pid(ns));
  const p = number as Ptr<'pid'>;
  k.set(init, task_struct.pid, k.get(p, pid.nr));
  k.set(init, task_struct.tgid, k.get(p, pid.nr));
  k.set(init, task_struct.birth_pid, k.get(p, pid.nr));
  k.set(init, task_struct.thread_pid, p);
  const signal = k.get(init, task_struct.signal);
  for (const type of [PIDTYPE_TGID, PIDTYPE_PGID, PIDTYPE_SID]) k.store(signal + signal_struct.pids + type, p);
  k.set(signal, signal_struct.flags, SIGNAL_UNKILLABLE);
  k.set(signal, signal_struct.leader, 1);
  const sigchld = k.get(init, task_struct.sighand) + sighand_struct.action + (SIGCHLD - 1) * k_sigaction.$.words;
  k.store(sigchld + k_sigaction.sa_handler, SIG_IGN);
  const tasklist = addr(k.globals, globals.tasklist_lock);
  run(k, locked(k, tasklist, init));
  k.list_add_tail(addr(init, task_struct.sibling), addr(k.init_task, task_struct.children));
  return init;
}

function* locked(k: Kernel, tasklist: Ptr<'rwlock_t'>, init: Task): Coroutine<void> {
  if (k.write_lock_irq(tasklist)) yield;
  if (k.list_add_tail_rcu(addr(init, task_struct.tasks), addr(k.init_task, task_struct.tasks))) yield;
  for (let type = 0; type < PIDTYPE_MAX; type++) if (k.attach_pid(init, type)) yield;
  k.write_unlock_irq(tasklist);
}

/** Runs a coroutine to its end. The gate is open while a scenario is set up: nothing yields. */
function run<T>(k: Kernel, coroutine: Coroutine<T>): T {
  const step = coroutine.next();
  if (!step.done) throw new Error(`a scenario's setup blocked on CPU ${k.id}`);
  return step.value;
}

/** A process or thread, as a scenario's setup refers to it. */
export interface SetupTask {
  readonly pid: number;
  readonly task: Task;
}

export interface TaskOptions {
  /** Where it runs; taken modulo the number of CPUs of the machine. */
  readonly cpu?: number;
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
      const lost = findLostWakeup(k.arena);
      if (lost !== null) throw new Error(`scenario ${scenario.name}: after the setup ${lost}; block it there first`);
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
