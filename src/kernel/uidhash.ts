/** `kernel/user.c`: the users that somebody runs as, found by their numbers. */

import { addr, container_of, hlist_head, NULL, type Ptr } from '../memory/layout.js';
import type { Coroutine } from '../sync/gate.js';
import type { Kernel } from './kernel.js';
import { globals, UIDHASH_SZ, uidhash, user_struct } from './structs.js';

type User = Ptr<'user_struct'>;
type Bucket = Ptr<'hlist_head'>;

/** `UIDHASH_BITS` of a small kernel. */
const UIDHASH_BITS = 3;

export const uidhashFunctions = {
  uidhashentry(this: Kernel, uid: number): Bucket {
    const hash = ((uid >>> UIDHASH_BITS) + uid) & (UIDHASH_SZ - 1);
    return (this.arena.static(uidhash) + uidhash.table + hash) as Bucket;
  },

  /** Finds a user and takes a reference; NULL if there is none. Needs `uidhash_lock`. */
  uid_hash_find(this: Kernel, uid: number, bucket: Bucket): User {
    let node = this.get(bucket, hlist_head.first);
    while (node) {
      const user = container_of(node, user_struct.uidhash_node);
      if (this.get(user, user_struct.uid) === uid) return this.get_uid(user);
      node = this.load(node) as Ptr<'hlist_node'>;
    }
    return NULL;
  },

  /** Finds a user and takes a reference; NULL if nobody runs as that user. */
  *find_user(this: Kernel, uid: number): Coroutine<User> {
    const lock = addr(this.globals, globals.uidhash_lock);
    if (this.spin_lock_irqsave(lock)) yield;
    const flags = this.irqflags;
    const user = this.uid_hash_find(uid, this.uidhashentry(uid));
    this.spin_unlock_irqrestore(lock, flags);
    return user;
  },

  /** The `user_struct` of a user, with a reference, made if there is none. NULL if there is no memory. */
  *alloc_uid(this: Kernel, uid: number): Coroutine<User> {
    const bucket = this.uidhashentry(uid);
    const lock = addr(this.globals, globals.uidhash_lock);
    if (this.spin_lock_irq(lock)) yield;
    let up = this.uid_hash_find(uid, bucket);
    this.spin_unlock_irq(lock);
    if (up) return up;
    const made = this.kmem_cache_zalloc<'user_struct'>(this.caches.user_struct);
    if (!made) return NULL;
    this.set(made, user_struct.uid, uid);
    this.set(made, user_struct.__count, 1);
    if (this.spin_lock_irq(lock)) yield;
    // Another CPU may have made it meanwhile.
    up = this.uid_hash_find(uid, bucket);
    if (up) {
      this.kmem_cache_free(this.caches.user_struct, made);
    } else {
      this.hlist_add_head(addr(made, user_struct.uidhash_node), bucket);
      up = made;
    }
    this.spin_unlock_irq(lock);
    return up;
  },

  get_uid(this: Kernel, user: User): User {
    this.atomic_inc(user, user_struct.__count);
    return user;
  },

  /**
   * Drops a reference. The last one is dropped with `uidhash_lock` held, so that nobody finds a user that is being
   * freed. RCU callbacks come here: there is no scheduling point while the lock is held, and taking it here is none.
   */
  free_uid(this: Kernel, user: User): void {
    if (this.refcount_dec_not_one(user, user_struct.__count)) return;
    const lock = addr(this.globals, globals.uidhash_lock);
    this.raw_spin_lock(lock);
    const last = this.refcount_dec_and_test(user, user_struct.__count);
    if (last) this.hlist_del_init(addr(user, user_struct.uidhash_node));
    this.raw_spin_unlock(lock);
    if (last) this.kmem_cache_free(this.caches.user_struct, user);
  },
};

export type UidhashFunctions = typeof uidhashFunctions;
