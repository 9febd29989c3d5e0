/**
 * Intrusive lists in the arena, as `include/linux/list.h` has them. A list is circular and its head is a node;
 * an hlist has a single-pointer head, and a node knows the word that points to it.
 *
 * What a look without a lock (`list_empty`) may find is stored by a marked store, as there. The `_rcu` variants, whose
 * stores a reader without a lock can follow, are in `src/sync/rculist.ts`.
 */

import type { Access } from './access.js';
import { type Embedded, type Field, hlist_head, hlist_node, list_head, NULL, type Ptr } from './layout.js';

type ListPtr = Ptr<'list_head'>;
type HlistPtr = Ptr<'hlist_node'>;

/** What list functions need of the CPU that they are on. */
interface ListContext extends Access, ListOps {}

export const listOps = {
  INIT_LIST_HEAD(this: Access, list: ListPtr): void {
    this.storeOnce(list + list_head.next, list);
    this.set(list, list_head.prev, list);
  },

  list_empty(this: Access, head: ListPtr): boolean {
    return this.get(head, list_head.next) === head;
  },

  __list_add(this: Access, entry: ListPtr, prev: ListPtr, next: ListPtr): void {
    this.set(next, list_head.prev, entry);
    this.set(entry, list_head.next, next);
    this.set(entry, list_head.prev, prev);
    this.storeOnce(prev + list_head.next, entry);
  },

  /** Adds after the head: a stack. */
  list_add(this: ListContext, entry: ListPtr, head: ListPtr): void {
    this.__list_add(entry, head, this.get(head, list_head.next));
  },

  /** Adds before the head: a queue. */
  list_add_tail(this: ListContext, entry: ListPtr, head: ListPtr): void {
    this.__list_add(entry, this.get(head, list_head.prev), head);
  },

  __list_del_entry(this: Access, entry: ListPtr): void {
    const next = this.get(entry, list_head.next);
    const prev = this.get(entry, list_head.prev);
    this.set(next, list_head.prev, prev);
    this.storeOnce(prev + list_head.next, next);
  },

  list_del_init(this: ListContext, entry: ListPtr): void {
    this.__list_del_entry(entry);
    this.INIT_LIST_HEAD(entry);
  },

  /** Puts `entry` in the place of `old` and makes `old` a list of its own. */
  list_replace_init(this: ListContext, old: ListPtr, entry: ListPtr): void {
    const next = this.get(old, list_head.next);
    const prev = this.get(old, list_head.prev);
    this.set(entry, list_head.next, next);
    this.set(next, list_head.prev, entry);
    this.set(entry, list_head.prev, prev);
    this.set(prev, list_head.next, entry);
    this.INIT_LIST_HEAD(old);
  },

  /** Moves every entry of `list` to the tail of `head`, and leaves `list` empty. */
  list_splice_tail_init(this: ListContext, list: ListPtr, head: ListPtr): void {
    if (this.list_empty(list)) return;
    const first = this.get(list, list_head.next);
    const last = this.get(list, list_head.prev);
    const tail = this.get(head, list_head.prev);
    this.set(tail, list_head.next, first);
    this.set(first, list_head.prev, tail);
    this.set(last, list_head.next, head);
    this.set(head, list_head.prev, last);
    this.INIT_LIST_HEAD(list);
  },

  /** The object that holds the node after `node`, or NULL where that is `head` again. */
  list_next_entry<S extends string>(
    this: Access,
    node: ListPtr,
    head: ListPtr,
    member: Field<S, Embedded<'list_head'>>,
  ): Ptr<S> {
    const next = this.get(node, list_head.next);
    return next === head ? NULL : ((next - member) as Ptr<S>);
  },

  INIT_HLIST_NODE(this: Access, node: HlistPtr): void {
    this.set(node, hlist_node.next, NULL);
    this.set(node, hlist_node.pprev, 0);
  },

  hlist_empty(this: Access, head: Ptr<'hlist_head'>): boolean {
    return this.get(head, hlist_head.first) === NULL;
  },

  hlist_unhashed(this: Access, node: HlistPtr): boolean {
    return this.get(node, hlist_node.pprev) === 0;
  },

  hlist_add_head(this: Access, node: HlistPtr, head: Ptr<'hlist_head'>): void {
    const first = this.get(head, hlist_head.first);
    this.set(node, hlist_node.next, first);
    this.set(node, hlist_node.pprev, head + hlist_head.first);
    if (first) this.set(first, hlist_node.pprev, node + hlist_node.next);
    this.storeOnce(head + hlist_head.first, node);
  },

  hlist_del_init(this: ListContext, node: HlistPtr): void {
    if (this.hlist_unhashed(node)) return;
    const next = this.get(node, hlist_node.next);
    const pprev = this.get(node, hlist_node.pprev);
    this.storeOnce(pprev, next);
    if (next) this.set(next, hlist_node.pprev, pprev);
    this.INIT_HLIST_NODE(node);
  },
};

export type ListOps = typeof listOps;
