/** The machine before a scenario: idle tasks, the initial namespaces, and init. */

import { addr, type Field, NULL, type Ptr } from '../memory/layout.js';
import { cpu_data } from '../sync/cpu.js';
import type { Coroutine } from '../sync/gate.js';
import {
  CAP_FULL_SET,
  PF_IDLE,
  PIDNS_ADDING,
  PIDTYPE_MAX,
  PIDTYPE_PGID,
  PIDTYPE_SID,
  PIDTYPE_TGID,
  RESERVED_PIDS,
  RLIM_INFINITY,
  SIG_IGN,
  SIGCHLD,
  SIGNAL_UNKILLABLE,
  SUID_DUMP_USER,
  TASK_INTERRUPTIBLE,
  USER_STACK_TOP,
} from './constants.js';
import { IT_REAL_FN, TICK_SCHED_TIMER } from './hrtimer.js';
import type { Kernel } from './kernel.js';
import { noteBaseline } from './leaks.js';
import {
  cred,
  globals,
  hrtimer_cpu_base,
  idr,
  k_sigaction,
  nsproxy,
  PID_MAX,
  pid,
  pid_namespace,
  rq,
  sighand_struct,
  signal_struct,
  task_struct,
  tick_sched,
  USER_RESULTS,
  user_memory,
  user_namespace,
} from './structs.js';
import { NO_RESULT } from './sys.js';
import { USERNS_SETGROUPS_ALLOWED } from './user-namespace.js';

type Task = Ptr<'task_struct'>;

/** The timer slack of init, in nanoseconds. */
const TIMER_SLACK_NSEC = 50_000;

/** The first number that a scenario's processes get. */
export const FIRST_PID = 100;

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
  k.storeTime(addr(t, task_struct.timer_slack_ns), TIMER_SLACK_NSEC);
  k.storeTime(addr(t, task_struct.default_timer_slack_ns), TIMER_SLACK_NSEC);
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
  k.hrtimer_init(addr(k.tick, tick_sched.sched_timer), TICK_SCHED_TIMER, NULL);
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
export function run<T>(k: Kernel, coroutine: Coroutine<T>): T {
  const step = coroutine.next();
  if (!step.done) throw new Error(`a scenario's setup blocked on CPU ${k.id}`);
  return step.value;
}
