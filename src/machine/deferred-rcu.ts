/**
 * RCU where footprints are kept: callbacks wait for the end of the execution, and the state of grace periods is in no
 * footprint. Otherwise every way back to user mode would conflict with every `call_rcu`, and the executions that are told
 * apart would differ in nothing but the moment at which something that nobody uses any more was freed.
 *
 * Whether nobody does is looked at when an execution has ended (`explore/strategies/grace-periods.ts`): this is where it
 * is written down what was freed, and what for.
 */

import {
  ALLOCATED,
  CACHE_CPUS,
  type Cache,
  FREE_LIST,
  FREE_NEXT,
  FREE_WORDS,
  SLOT_HEADER_WORDS,
} from '../memory/arena.js';
import { NULL, type Ptr } from '../memory/layout.js';
import { slabOps } from '../memory/slab.js';
import type { Cpu } from '../sync/cpu.js';
import { type RcuHeadPtr, type RcuModel, rcuOps } from '../sync/rcu.js';
import { ACCESS_WORDS, ACCESS_WRITE, type AccessLog } from './access-log.js';
import type { Model } from './model.js';

/** A callback that waits: who queued it, and in which step. */
interface Deferred {
  readonly cpu: RcuCpu;
  readonly head: RcuHeadPtr;
  readonly func: number;
  readonly step: number;
}

/** An object that a callback has freed. */
export interface FreedObject {
  readonly address: number;
  readonly words: number;
  /** The steps in which callbacks were queued that have accessed it: it is freed a grace period after each of them. */
  readonly after: readonly number[];
}

interface RcuCpu extends Cpu, RcuModel {
  readonly accesses: AccessLog;
  readonly machine: { readonly deferred: DeferredCallbacks; readonly steps: number };
}

/** What waits for the end of an execution. */
export class DeferredCallbacks {
  /** If not, callbacks are called when their grace period ends, and its state is in the footprints. */
  on = false;
  private short = false;
  private readonly waiting: Deferred[] = [];
  /** The step that the callback under way is there for; −1 outside callbacks. */
  private root = -1;
  /** What callbacks have accessed: the address, and the root of the callback, by turns. */
  private readonly touched: number[] = [];
  private readonly freed: FreedObject[] = [];

  /** Forgets an execution. */
  clear(): void {
    this.waiting.length = 0;
    this.touched.length = 0;
    this.freed.length = 0;
    this.short = false;
    this.root = -1;
  }

  add(cpu: RcuCpu, head: RcuHeadPtr, func: number): void {
    this.waiting.push({ cpu, head, func, step: this.root >= 0 ? this.root : cpu.machine.steps - 1 });
  }

  noteShortage(): void {
    this.short = true;
  }

  /** Memory ran out in an execution in which callbacks waited that give some back. */
  get shortOfMemory(): boolean {
    return this.short && this.waiting.length > 0;
  }

  /** Notes that an object is freed. @returns false if no callback that has waited does so */
  noteFreed(address: number, words: number): boolean {
    if (this.root < 0) return false;
    this.freed.push({ address, words, after: [this.root] });
    return true;
  }

  /**
   * Calls all that wait, and what is queued thereby. At the end of an execution, when every CPU is at rest.
   *
   * @param accesses of the last step: as they were when this returns
   */
  run(accesses: AccessLog): void {
    accesses.recording = true;
    const { count } = accesses;
    const countedDown = accesses.countedDown.length;
    for (const { cpu, head, func, step } of this.waiting) {
      accesses.forgetLoads();
      this.root = step;
      cpu.rcu_callback(func, head);
      for (let at = count; at < accesses.count; at++)
        this.touched.push(accesses.words[at * ACCESS_WORDS] as number, step);
      accesses.count = count;
    }
    accesses.countedDown.length = countedDown;
    this.root = -1;
  }

  /** What the callbacks have freed. */
  objects(): readonly FreedObject[] {
    const { touched } = this;
    return this.freed.map((object) => {
      const after = new Set(object.after);
      for (let at = 0; at < touched.length; at += 2) {
        const within = (touched[at] as number) - object.address;
        if (within >= 0 && within < object.words) after.add(touched[at + 1] as number);
      }
      return { ...object, after: [...after] };
    });
  }
}

/** Put over the functions of the same names in `rcuOps`. */
const deferring: ThisType<RcuCpu> = {
  call_rcu(head: RcuHeadPtr, func: number): void {
    const { deferred } = this.machine;
    if (deferred.on) deferred.add(this, head, func);
    else rcuOps.call_rcu.call(this as never, head, func);
  },

  rcu_qs(): void {
    this.accesses.noteQuiescent();
    if (!this.machine.deferred.on) rcuOps.rcu_qs.call(this as never);
  },
};

/** Put over the functions of the same names in `slabOps`. */
const noting: ThisType<RcuCpu> = {
  kmem_cache_alloc(cacheNumber: number): number {
    const { accesses, words } = this;
    const object: number = slabOps.kmem_cache_alloc.call(this as never, cacheNumber);
    if (object === NULL) {
      this.machine.deferred.noteShortage();
      return object;
    }
    accesses.noteAllocated(object);
    const cache = this.arena.caches[cacheNumber] as Cache;
    // Whoever still accesses what was there before is caught before that, and after it no longer: but for a typesafe object,
    // whose generation tells.
    if (cache.typesafe) return object;
    for (let at = object; at < object + cache.struct.words; at++) {
      accesses.add(at, ACCESS_WRITE, words[at] as number, words[at] as number);
    }
    return object;
  },

  kmem_cache_free(cacheNumber: number, object: Ptr<string>): void {
    const { accesses, words } = this;
    const size = (this.arena.caches[cacheNumber] as Cache).struct.words;
    if (!this.machine.deferred.noteFreed(object, size)) {
      // Whoever accesses the object does so before that, or is caught.
      for (let at: number = object; at < object + size; at++) {
        accesses.add(at, ACCESS_WRITE, words[at] as number, words[at] as number);
      }
    }
    slabOps.kmem_cache_free.call(this as never, cacheNumber, object);
    const { meta, cpus } = this.arena.caches[cacheNumber] as Cache;
    const header = object - SLOT_HEADER_WORDS;
    accesses.add(header, ACCESS_WRITE, ALLOCATED, words[header] as number);
    noteFreeObjects(this, meta + CACHE_CPUS + (cpus === 1 ? 0 : FREE_WORDS * this.id));
  },

  takeFreeObject(cache: Cache, cpu: number): number {
    const { words } = this;
    const free = cache.meta + CACHE_CPUS + FREE_WORDS * cpu;
    const first = words[free + FREE_LIST] as number;
    const header = first === 0 ? (words[free + FREE_NEXT] as number) : first - SLOT_HEADER_WORDS;
    const link = words[header] as number;
    const object = slabOps.takeFreeObject.call(this as never, cache, cpu);
    if (object !== NULL) this.accesses.add(header, ACCESS_WRITE, link, ALLOCATED);
    noteFreeObjects(this, free);
    return object;
  },
};

/** Notes what a step leaves of a CPU's free objects. */
function noteFreeObjects({ accesses, words }: RcuCpu, free: number): void {
  for (const word of [free + FREE_LIST, free + FREE_NEXT]) {
    accesses.add(word, ACCESS_WRITE, words[word] as number, words[word] as number);
  }
}

/** Whether a model has functions as they are in `ops`. */
function has(model: Model, ops: object): boolean {
  return Object.entries(ops).every(([name, own]) => {
    const last = model.functions.findLast((functions) => Object.hasOwn(functions, name));
    return last !== undefined && Reflect.get(last, name) === own;
  });
}

/** What a machine that keeps footprints puts on its CPUs for RCU and the slab caches. */
export function freeingOps(model: Model): readonly object[] {
  return [...(has(model, slabOps) ? [noting] : []), ...(canDefer(model) ? [deferring] : [])];
}

/** Whether callbacks can be deferred: not where a model has its own functions in the place of these. */
export function canDefer(model: Model): boolean {
  return has(model, slabOps) && has(model, rcuOps);
}
