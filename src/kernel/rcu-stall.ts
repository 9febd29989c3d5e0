/** A grace period that does not end, after `kernel/rcu/tree_stall.h`. */

import { type Cpu, cpu_data } from '../sync/cpu.js';
import { rcu_state } from '../sync/rcu.js';

/** Which CPUs have passed no quiescent state since a grace period began that callbacks wait for; null if none is under way. */
export function stalledGracePeriod(cpus: readonly Cpu[]): {
  readonly rcu: string;
  readonly readers: readonly number[];
  readonly waiter: string;
  readonly readerWord: number;
} | null {
  const [first] = cpus;
  if (first === undefined) return null;
  const { words, arena } = first;
  const rcu = arena.static(rcu_state);
  if (words[rcu + rcu_state.gp_active] === 0 || words[rcu + rcu_state.head] === 0) return null;
  const readers = cpus.filter(({ data }) => words[data + cpu_data.core_needs_qs] !== 0).map(({ id }) => id);
  const gp = (words[rcu + rcu_state.gp_seq] as number) + 1;
  return { rcu: 'rcu_sched', readers, waiter: `callbacks wait for grace period ${gp}`, readerWord: 0 };
}
