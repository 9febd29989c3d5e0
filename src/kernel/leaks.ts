/** The leak check: when the last process is gone and grace periods have passed, every object is free again. */

import type { Arena } from '../memory/arena.js';
import { addr } from '../memory/layout.js';
import type { Coroutine } from '../sync/gate.js';
import { PF_KTHREAD, PIDTYPE_MAX, SEND_SIG_PRIV, SIGKILL } from './constants.js';
import type { Kernel } from './kernel.js';
import { globals, slab_baseline, task_struct } from './structs.js';

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
