/**
 * Lock order and interrupt-safety, after `kernel/locking/lockdep.c`: what is learnt from one execution holds for all
 * that take the same locks in the same order, so that a lock inversion is reported on runs that do not hang.
 *
 * What an execution is reported for is always seen in that execution alone, so that its schedule shows it again. What
 * only several executions together show is kept, and is for the explorer to ask for when it has found nothing else.
 */

import type { Cpu } from '../../sync/cpu.js';
import type { Witness } from '../../sync/gate.js';
import type { Model } from '../model.js';
import { HeldLocks } from './held-locks.js';
import { LockClasses, MAX_CLASSES, NO_CLASS } from './lock-classes.js';
import { edgeKey, LockGraph, TAKEN_EXCLUSIVE, TAKEN_RECURSIVE, TAKEN_SHARED } from './lock-graph.js';
import {
  IRQS_ON,
  IRQS_ON_READ,
  LockUsage,
  type UnsafeLocks,
  USAGE_NAMES,
  USED_IN_IRQ,
  USED_IN_IRQ_READ,
} from './lock-usage.js';

/** A CPU, as lockdep sees it. */
export interface LockingCpu extends Cpu {
  /** Whether the handler of an interrupt runs on it. */
  readonly inInterrupt: boolean;
}

/** The machine that lockdep watches. */
export interface LockdepHost {
  /** Keep the stack of each lock taken. Slow; for replays. */
  readonly captureStacks: boolean;
  /** The clock runs, and no CPU, though one lends it its functions. */
  readonly ticking: boolean;
}

/** Where an edge or a usage of this execution was first seen. */
interface Seen {
  readonly by: string;
  readonly heldAt: string;
  readonly stack: string;
}

export class Lockdep {
  /** By CPU: the locks held there that no context switch carries elsewhere. */
  readonly held: readonly HeldLocks[];
  private readonly classes: LockClasses;
  private readonly now = new LockGraph();
  private readonly all = new LockGraph();
  private readonly usageNow = new LockUsage();
  private readonly usageAll = new LockUsage();
  /** Mutexes and the tasks that hold them, in the order in which they were taken. */
  private readonly mutexes: number[] = [];
  private readonly owners: number[] = [];
  /** By edge, and by class and usage: where it was seen first. Kept while stacks are captured. */
  private readonly edgesSeen = new Map<number, Seen>();
  private readonly usageSeen = new Map<number, Seen>();
  /** Some executions together have closed a cycle, or have shown a class to be unsafe. */
  private cyclic = false;
  private unsafe = false;

  /**
   * @param host the machine
   * @param model what runs
   * @param words words of the arena
   */
  constructor(
    private readonly host: LockdepHost,
    model: Pick<Model, 'cpus' | 'flat'>,
    words: number,
  ) {
    this.held = Array.from({ length: model.cpus }, () => new HeldLocks());
    // In a model of one's own each lock is a variable with a name.
    this.classes = new LockClasses(words, model.flat === true);
  }

  get captures(): boolean {
    return this.host.captureStacks;
  }

  /** Begins an execution. */
  begin(): void {
    for (const locks of this.held) locks.clear();
    this.now.clear();
    this.usageNow.clear();
    // Where there is nothing left, nothing is thrown away.
    if (this.mutexes.length !== 0) this.mutexes.length = 0;
    if (this.owners.length !== 0) this.owners.length = 0;
    if (this.edgesSeen.size !== 0) this.edgesSeen.clear();
    if (this.usageSeen.size !== 0) this.usageSeen.clear();
  }

  /**
   * A CPU has taken a lock.
   *
   * @param raw whether no scheduling point, and so no interrupt, can come while it is held
   * @param stack where, if stacks are captured
   */
  acquired(cpu: LockingCpu, address: number, shared: boolean, raw: boolean, stack: string): void {
    if (this.host.ticking) return;
    const lockClass = this.classes.of(cpu, address);
    if (lockClass === NO_CLASS) return;
    const inInterrupt = cpu.inInterrupt;
    const mode = !shared ? TAKEN_EXCLUSIVE : inInterrupt ? TAKEN_RECURSIVE : TAKEN_SHARED;
    const locks = this.held[cpu.id] as HeldLocks;
    const last = locks.count - 1;
    const irq = inInterrupt ? 1 : 0;
    if (last >= 0 && locks.inInterrupt[last] === irq) {
      const before = locks.classes[last] as number;
      this.order(cpu, before, locks.modes[last] as number, locks.stacks[last] as string, lockClass, mode, stack);
    } else if (this.mutexes.length > 0 && !inInterrupt) {
      const mutex = this.lastMutexOf(cpu.current);
      if (mutex !== 0) this.order(cpu, this.classes.of(cpu, mutex), TAKEN_EXCLUSIVE, '', lockClass, mode, stack);
    }
    locks.push(address, lockClass, mode, irq, stack);
    if (inInterrupt) this.use(cpu, lockClass, shared ? USED_IN_IRQ_READ : USED_IN_IRQ, stack);
    else if (!raw && !cpu.irqs_disabled()) this.use(cpu, lockClass, shared ? IRQS_ON_READ : IRQS_ON, stack);
  }

  released(cpu: LockingCpu, address: number): void {
    (this.held[cpu.id] as HeldLocks).remove(address);
  }

  /** The current task has taken a mutex. */
  mutexAcquired(cpu: LockingCpu, mutex: number, stack: string): void {
    const lockClass = this.classes.of(cpu, mutex);
    const before = this.lastMutexOf(cpu.current);
    if (before !== 0 && lockClass !== NO_CLASS) {
      this.order(cpu, this.classes.of(cpu, before), TAKEN_EXCLUSIVE, '', lockClass, TAKEN_EXCLUSIVE, stack);
    }
    this.mutexes.push(mutex);
    this.owners.push(cpu.current);
  }

  mutexReleased(mutex: number): void {
    const at = this.mutexes.lastIndexOf(mutex);
    if (at < 0) return;
    this.mutexes.splice(at, 1);
    this.owners.splice(at, 1);
  }

  /** Interrupts are enabled on a CPU: what it holds may be held when one comes. */
  interruptsEnabled(cpu: LockingCpu): void {
    const locks = this.held[cpu.id] as HeldLocks;
    for (let at = 0; at < locks.count; at++) {
      if (locks.inInterrupt[at] === 1) continue;
      const bit = locks.modes[at] === TAKEN_EXCLUSIVE ? IRQS_ON : IRQS_ON_READ;
      this.use(cpu, locks.classes[at] as number, bit, locks.stacks[at] as string);
    }
  }

  /** The CPUs that hold a lock. */
  holdersOf(address: number): readonly number[] {
    return this.held.flatMap((locks, cpu) => (locks.has(address) ? [cpu] : []));
  }

  private lastMutexOf(task: number): number {
    const at = this.owners.lastIndexOf(task);
    return at < 0 ? 0 : (this.mutexes[at] as number);
  }

  private order(
    cpu: LockingCpu,
    held: number,
    heldAs: number,
    heldAt: string,
    taken: number,
    takenAs: number,
    stack: string,
  ): void {
    if (held === NO_CLASS) return;
    const key = edgeKey(held, taken);
    if (!this.now.add(key, heldAs, takenAs)) return;
    if (this.captures && !this.edgesSeen.has(key)) this.edgesSeen.set(key, { by: whoIs(cpu), heldAt, stack });
    if (held === taken) {
      if (heldAs === TAKEN_EXCLUSIVE || takenAs === TAKEN_EXCLUSIVE) this.recursion(cpu, held, heldAt);
      return;
    }
    if (this.all.add(key, heldAs, takenAs)) {
      this.cyclic ||= this.all.cycleOf(held, heldAs, taken, takenAs) !== null;
      this.unsafe ||= this.usageAll.findUnsafe(this.all) !== null;
    }
    if (this.cyclic) {
      const way = this.now.cycleOf(held, heldAs, taken, takenAs);
      if (way !== null) this.inversion(cpu, way, heldAt);
    }
    if (this.unsafe) this.checkUsage(cpu);
  }

  private use(cpu: LockingCpu, lockClass: number, bit: number, stack: string): void {
    if (lockClass === NO_CLASS || !this.usageNow.add(lockClass, bit)) return;
    if (this.captures) this.usageSeen.set(usageKey(lockClass, bit), { by: whoIs(cpu), heldAt: '', stack });
    if (this.usageAll.add(lockClass, bit)) this.unsafe ||= this.usageAll.findUnsafe(this.all) !== null;
    if (this.unsafe) this.checkUsage(cpu);
  }

  private checkUsage(cpu: LockingCpu): void {
    const found = this.usageNow.findUnsafe(this.now);
    if (found !== null) this.irqUnsafe(cpu, found);
  }

  private recursion(cpu: LockingCpu, lockClass: number, heldAt: string): never {
    const name = this.classes.names[lockClass];
    cpu.violate(
      'lock-recursion',
      `WARNING: possible recursive locking detected: ${name} is taken while another ${name} is held`,
      [{ what: `the ${name} that is held was taken`, stack: heldAt }],
    );
  }

  /** @param way from the class just taken to the one held */
  private inversion(cpu: LockingCpu, way: readonly number[], heldAt: string): never {
    const { names } = this.classes;
    const taken = names[way[0] as number];
    const held = names[way.at(-1) as number];
    const chain = way.map((lockClass) => names[lockClass]).join(' -> ');
    const witnesses: Witness[] = [{ what: `${held}, which it holds, was taken`, stack: heldAt }];
    for (let at = 1; at < way.length; at++)
      witnesses.push(...this.edgeWitnesses(way[at - 1] as number, way[at] as number));
    cpu.violate(
      'lock-inversion',
      `WARNING: possible circular locking dependency detected: ${taken} is taken while ${held} is held, ` +
        `but there is the order ${chain}`,
      witnesses,
    );
  }

  private edgeWitnesses(held: number, taken: number): Witness[] {
    const { names } = this.classes;
    const seen = this.edgesSeen.get(edgeKey(held, taken));
    if (seen === undefined) return [];
    return [
      { what: `${seen.by} took ${names[taken]} while it held ${names[held]}`, stack: seen.stack },
      { what: `${seen.by} had taken ${names[held]}`, stack: seen.heldAt },
    ];
  }

  private irqUnsafe(cpu: LockingCpu, { way, usedIn, enabled }: UnsafeLocks): never {
    const { names } = this.classes;
    const safe = way[0] as number;
    const other = way.at(-1) as number;
    const witnesses: Witness[] = [];
    const tell = (lockClass: number, bit: number, what: string): void => {
      const seen = this.usageSeen.get(usageKey(lockClass, bit));
      if (seen !== undefined) witnesses.push({ what: `${seen.by} ${what} ${names[lockClass]}`, stack: seen.stack });
    };
    tell(safe, usedIn, 'took, in an interrupt,');
    for (let at = 1; at < way.length; at++)
      witnesses.push(...this.edgeWitnesses(way[at - 1] as number, way[at] as number));
    tell(other, enabled, 'took, with interrupts enabled,');
    const usages = `{${USAGE_NAMES[enabled]}} and {${USAGE_NAMES[usedIn]}}`;
    cpu.violate(
      'irq-unsafe-lock',
      way.length === 1
        ? `WARNING: inconsistent lock state: ${names[safe]} is ${usages}: an interrupt that takes it may come while it is held`
        : `WARNING: HARDIRQ-safe -> HARDIRQ-unsafe lock order detected: ${way.map((one) => names[one]).join(' -> ')}, ` +
            `of which an interrupt takes the first, and may come while the last is held: ${usages}`,
      witnesses,
    );
  }
}

function usageKey(lockClass: number, bit: number): number {
  return bit * MAX_CLASSES + lockClass;
}

function whoIs(cpu: Cpu): string {
  const label = cpu.label(cpu.id);
  return cpu.current === 0 ? label : `${label}, ${cpu.describe(cpu.current).replace(/ \S+$/, '')},`;
}
