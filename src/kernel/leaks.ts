/** The leak check: when the last process is gone and grace periods have passed, every object is free again. */

import { ALLOCATED, type Arena, SLOT_HEADER_WORDS } from '../memory/arena.js';
import { addr, NULL } from '../memory/layout.js';
import type { Coroutine } from '../sync/gate.js';
import { PF_KTHREAD, PIDTYPE_MAX, SEND_SIG_PRIV, SIGKILL } from './constants.js';
import { objectName } from './describe.js';
import type { Kernel } from './kernel.js';
import {
  cred,
  file,
  files_struct,
  globals,
  mm_struct,
  nsproxy,
  pid,
  pid_namespace,
  sighand_struct,
  signal_struct,
  slab_baseline,
  task_struct,
  user_namespace,
  user_struct,
} from './structs.js';

/** As `LeakedObject` of `machine/model.ts`. */
interface LeakedObject {
  readonly address: number;
  readonly name: string;
  readonly count: number;
}

/** Remembers what is in use now, right after booting, as what may be in use at the end. */
export function noteBaseline(k: Kernel): void {
  const baseline = k.arena.static(slab_baseline);
  Object.values(k.arena.inUse()).forEach((count, cache) => {
    k.store(baseline + slab_baseline.in_use + cache, count);
  });
}

/**
 * What is in use and should not be, in words, or null. Where processes are still there, nothing can be said.
 *
 * @param arena at the end of an execution, with every CPU at rest
 */
export function findLeak(arena: Arena): string | null {
  if (arena.words[arena.static(globals) + globals.nr_threads] !== 0) return null;
  const baseline = arena.static(slab_baseline) + slab_baseline.in_use;
  const leaked: string[] = [];
  Object.entries(arena.inUse()).forEach(([name, count], cache) => {
    const extra = count - (arena.words[baseline + cache] as number);
    if (extra !== 0) leaked.push(`${extra} of ${name}`);
  });
  return leaked.length === 0 ? null : leaked.join(', ');
}

/** Where each struct counts references to it. */
const REFCOUNTS: Readonly<Record<string, number>> = {
  [task_struct.$.name]: task_struct.usage,
  [signal_struct.$.name]: signal_struct.sigcnt,
  [sighand_struct.$.name]: sighand_struct.count,
  [pid.$.name]: pid.count,
  [cred.$.name]: cred.usage,
  [user_struct.$.name]: user_struct.__count,
  [files_struct.$.name]: files_struct.count,
  [file.$.name]: file.f_count,
  [mm_struct.$.name]: mm_struct.mm_users,
  [pid_namespace.$.name]: pid_namespace.kref,
  [nsproxy.$.name]: nsproxy.count,
  [user_namespace.$.name]: user_namespace.count,
};

/**
 * The objects that `findLeak` counts. What booting has left in use are the first of each cache: it frees nothing, and
 * init never ends.
 */
export function leakedObjects(arena: Arena): readonly LeakedObject[] {
  const baseline = arena.static(slab_baseline) + slab_baseline.in_use;
  return arena.caches.flatMap(({ base, end, slotWords, struct }, cache) => {
    const leaked: LeakedObject[] = [];
    const first = base + (arena.words[baseline + cache] as number) * slotWords;
    for (let slot = first; slot < end; slot += slotWords) {
      if (arena.words[slot] !== ALLOCATED) continue;
      const address = slot + SLOT_HEADER_WORDS;
      const count = REFCOUNTS[struct.name];
      const name = objectName(arena, struct.name, address, (slot - base) / slotWords);
      leaked.push({ address, name, count: count === undefined ? NULL : address + count });
    }
    return leaked;
  });
}

export const leakFunctions = {
  /** `drivers/tty/sysrq.c`: SIGKILL to everything but init, as Alt-SysRq-I sends it from an interrupt. */
  *send_sig_all(this: Kernel): Coroutine<void> {
    const eqs = this.irq_enter();
    const lock = addr(this.globals, globals.tasklist_lock);
    if (this.read_lock(lock)) yield;
    for (let p = this.next_task(this.init_task); p !== this.init_task; p = this.next_task(p)) {
      if ((this.get(p, task_struct.flags) & PF_KTHREAD) !== 0 || this.is_global_init(p)) continue;
      yield* this.do_send_sig_info(SIGKILL, SEND_SIG_PRIV, p, PIDTYPE_MAX);
    }
    this.read_unlock(lock);
    this.irq_exit(eqs);
  },
};

export type LeakFunctions = typeof leakFunctions;
