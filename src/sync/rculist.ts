/**
 * Lists that readers walk under RCU, after `include/linux/rculist.h`. The one store that publishes a change is a
 * scheduling point, and the last thing each function does; what it stores before that no reader follows.
 */

import { hlist_head, hlist_node, list_head, type Ptr } from '../memory/layout.js';
import type { AtomicOps } from './atomic.js';
import type { Cpu } from './cpu.js';
import { OP_WRITE, ORDER_RELEASE } from './gate.js';
import type { RcuOps } from './rcu.js';

type ListPtr = Ptr<'list_head'>;
type HlistPtr = Ptr<'hlist_node'>;
interface Context extends Cpu, AtomicOps, Pick<RcuOps, 'rcu_assign_pointer'> {}

/** What a deleted node's back pointer holds, as `LIST_POISON2`: the address of nothing, so that using it is caught. */
export const LIST_POISON2 = -0x122;

export const rculistOps = {
  /** Readers find `entry` from the moment that the node before it points to it. */
  list_add_tail_rcu(this: Context, entry: ListPtr, head: ListPtr): boolean {
    const prev = this.get(head, list_head.prev);
    this.set(entry, list_head.next, head);
    this.set(entry, list_head.prev, prev);
    this.set(head, list_head.prev, entry);
    return this.rcu_assign_pointer(prev, list_head.next, entry);
  },

  /** Readers that stand on `entry` can still go on from it: its `next` stays. */
  list_del_rcu(this: Context, entry: ListPtr): boolean {
    const next = this.get(entry, list_head.next);
    const prev = this.get(entry, list_head.prev);
    this.set(next, list_head.prev, prev);
    this.set(entry, list_head.prev, LIST_POISON2 as ListPtr);
    return this.WRITE_ONCE(prev, list_head.next, next);
  },

  /** Readers go on from `old` as before, and find `entry` in its place. */
  list_replace_rcu(this: Context, old: ListPtr, entry: ListPtr): boolean {
    const next = this.get(old, list_head.next);
    const prev = this.get(old, list_head.prev);
    this.set(entry, list_head.next, next);
    this.set(entry, list_head.prev, prev);
    this.set(next, list_head.prev, entry);
    this.set(old, list_head.prev, LIST_POISON2 as ListPtr);
    return this.rcu_assign_pointer(prev, list_head.next, entry);
  },

  hlist_add_head_rcu(this: Context, node: HlistPtr, head: Ptr<'hlist_head'>): boolean {
    const first = this.get(head, hlist_head.first);
    this.set(node, hlist_node.next, first);
    this.set(node, hlist_node.pprev, head + hlist_head.first);
    if (first) this.set(first, hlist_node.pprev, node + hlist_node.next);
    return this.rcu_assign_pointer(head, hlist_head.first, node);
  },

  hlist_del_rcu(this: Context, node: HlistPtr): boolean {
    const next = this.get(node, hlist_node.next);
    const pprev = this.get(node, hlist_node.pprev);
    if (next) this.set(next, hlist_node.pprev, pprev);
    this.set(node, hlist_node.pprev, LIST_POISON2);
    return this.point(OP_WRITE, pprev, next, 0);
  },

  hlist_replace_rcu(this: Context, old: HlistPtr, node: HlistPtr): boolean {
    const next = this.get(old, hlist_node.next);
    const pprev = this.get(old, hlist_node.pprev);
    this.set(node, hlist_node.next, next);
    this.set(node, hlist_node.pprev, pprev);
    if (next) this.set(next, hlist_node.pprev, node + hlist_node.next);
    this.set(old, hlist_node.pprev, LIST_POISON2);
    return this.point(OP_WRITE, pprev, node, ORDER_RELEASE);
  },
};

export type RculistOps = typeof rculistOps;
