/** What an arena of this kernel holds, and how a CPU finds it. */

import type { Arena, ArenaSpec, Cache } from '../memory/arena.js';
import type { Ptr } from '../memory/layout.js';
import { completion } from '../sync/completion.js';
import { cpu_data } from '../sync/cpu.js';
import { rcu_state } from '../sync/rcu.js';
import { type Kernel, type KernelCaches, RCU_CALLBACKS } from './kernel.js';
import {
  core_state,
  cred,
  file,
  files_struct,
  globals,
  hrtimer_cpu_base,
  idr,
  k_itimer,
  mm_struct,
  nested_idr,
  nsproxy,
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
  tick_sched,
  uidhash,
  user_memory,
  user_namespace,
  user_struct,
} from './structs.js';
import type { UserSpace } from './user.js';

type Task = Ptr<'task_struct'>;

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
      { struct: tick_sched.$, count: cpus },
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
    tick: arena.static(tick_sched, k.id),
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
  const cache = arena.caches[arena.cacheNumber('task_struct')] as Cache;
  return (cache.base + 2) as Task;
}
