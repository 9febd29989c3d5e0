/** The end of an execution on a machine where one CPU moves at a time: nobody can move any more. Is that right? */

import type { Cpu } from '../sync/cpu.js';
import { OP_AWAIT, OP_HALT, OP_NAMES, OP_RELAX, OP_WRITE_LOCK, RW_WRITER, Violation } from '../sync/gate.js';
import { spinOwner } from '../sync/spinlock.js';
import { isAtRest } from './enabled.js';
import type { CycleStep } from './fair-cycle.js';
import type { Model } from './model.js';
import { takesLock } from './perform.js';

/** A CPU and the operation that it waits with. */
export interface Parked {
  readonly id: number;
  readonly op: number;
  readonly opAddress: number;
  readonly current: number;
}

/** What a CPU is about to do, in words: `lock(siglock of process 101) held by CPU 2`. */
export function describeOperation(cpu: Cpu, parked: Parked): string {
  const { op, opAddress } = parked;
  const word = cpu.words[opAddress] as number;
  const operation = cpu.nameOperation(op, opAddress);
  if (!takesLock(op) || word === 0) return operation;
  if (op === OP_WRITE_LOCK && (word & RW_WRITER) === 0) {
    return `${operation} held by ${word} reader${word === 1 ? '' : 's'}`;
  }
  const owner = (word & RW_WRITER) !== 0 ? (word & ~RW_WRITER) - 1 : spinOwner(word);
  return `${operation} held by ${cpu.label(owner)}`;
}

/** All at rest: the model says whether everything was done. Otherwise some wait for each other. */
export function judgeEnd(
  model: Model,
  cpu: Cpu,
  parked: readonly Parked[],
  holdersOf?: HoldersOf,
  cpus?: readonly Cpu[],
): Violation | null {
  return findDeadlock(model, cpu, parked, holdersOf, cpus) ?? model.finish(cpus ?? [cpu]);
}

/**
 * Who waits for whom, where nobody can move and not all are at rest.
 *
 * @param cpu any CPU of the machine
 * @param parked all of them
 * @param holdersOf who holds a lock; what its word says if not given
 * @param cpus all CPUs of the machine, where they are at hand
 */
export function findDeadlock(
  model: Model,
  cpu: Cpu,
  parked: readonly Parked[],
  holdersOf?: HoldersOf,
  cpus?: readonly Cpu[],
): Violation | null {
  let atRest = 0;
  while (atRest < parked.length && isAtRest((parked[atRest] as Parked).op)) atRest++;
  if (atRest === parked.length) return null;
  const stuck = parked.filter((one) => !isAtRest(one.op) && model.isAtRest?.(one) !== true);
  const first = stuck[0];
  if (first === undefined) return null;
  const stall = cpus === undefined || model.flat !== true ? null : rcuStall(model, cpus, stuck);
  if (stall !== null) return stall;
  const lines = stuck.map((waiting) => `${cpu.label(waiting.id)} waits at ${describeOperation(cpu, waiting)}`);
  if (stuck.every(({ op }) => op === OP_RELAX)) {
    const spinning = stuck.map(({ id }) => cpu.label(id)).join(' and ');
    return new Violation('livelock', `livelock: ${spinning} spins, and nobody is left to end it`, first.id, 0);
  }
  const holders = holdersOf ?? ownerOf(cpu);
  const orphan = stuck.find((one) => takesLock(one.op) && holders(one.opAddress).some((id) => hasEnded(parked, id)));
  if (orphan !== undefined) {
    const lock = `${cpu.describe(orphan.opAddress)}, which ${labels(cpu, holders(orphan.opAddress))}`;
    const message = `INFO: ${cpu.label(orphan.id)} blocked for ever: it waits for ${lock} held when it ended`;
    return new Violation('hung-task', message, orphan.id, orphan.current);
  }
  const cycle = findCycle(stuck, ({ op, opAddress }) => {
    const joined = op === OP_AWAIT ? model.endOf?.(opAddress) : undefined;
    if (joined !== undefined) return [joined];
    return takesLock(op) ? holders(opAddress) : [];
  });
  const witnesses =
    cycle.length === 0
      ? []
      : [{ what: `the cycle: ${[...cycle, cycle[0] as number].map((id) => cpu.label(id)).join(' -> ')}`, stack: '' }];
  return new Violation('deadlock', `deadlock: ${lines.join('; ')}`, first.id, first.current, witnesses);
}

/** Whether the coroutine of a CPU has come to its end, so that it releases nothing any more. */
function hasEnded(parked: readonly Parked[], id: number): boolean {
  return parked.some((one) => one.id === id && one.op === OP_HALT);
}

function labels(cpu: Cpu, ids: readonly number[]): string {
  return ids.map((id) => cpu.label(id)).join(' and ');
}

/**
 * A grace period that cannot end, in the words of the kernel's stall detector.
 *
 * @param cpus all of the machine
 * @param going those that will never be in a quiescent state: they are stuck, or go round for ever
 * @returns null if no grace period is held up by one of them
 */
export function rcuStall(
  model: Model,
  cpus: readonly Cpu[],
  going: readonly { readonly id: number }[],
): Violation | null {
  const stalled = model.stalledGracePeriod?.(cpus) ?? null;
  const [cpu] = cpus;
  if (stalled === null || cpu === undefined) return null;
  const readers = stalled.readers.filter((id) => going.some((one) => one.id === id));
  const [first] = readers;
  if (first === undefined) return null;
  const inside =
    model.flat === true
      ? 'in a read-side section since before the grace period'
      : 'no quiescent state since the grace period began';
  return new Violation(
    'rcu-stall',
    `rcu: INFO: ${stalled.rcu} detected stalls on ${labels(cpu, readers)}: ${inside}; ${stalled.waiter}`,
    first,
    cpus[first]?.current ?? 0,
  );
}

/**
 * Some go on for ever under fair scheduling.
 *
 * @param cpus all of the machine
 * @param cycle the steps that they make over and over
 */
export function livelock(cpus: readonly (Cpu & Parked)[], cycle: readonly CycleStep[], current: number): Violation {
  const [cpu] = cpus;
  const whos = [...new Set(cycle.map((step) => step.cpu))].sort((a, b) => a - b);
  const nameOf = (id: number): string => (cpus[id] === undefined ? 'the clock' : (cpu?.label(id) ?? ''));
  const names = whos.map(nameOf).join(' and ');
  const witnesses = whos.flatMap((id) => {
    const loop = new Map<string, CycleStep>();
    for (const step of cycle) if (step.cpu === id) loop.set(`${step.op} ${step.address} ${step.stack}`, step);
    return [...loop.values()].map(({ op, address, stack }) => ({
      what: `${nameOf(id)}, over and over: ${address === 0 ? OP_NAMES[op] : cpu?.nameOperation(op, address)}`,
      stack,
    }));
  });
  const stuck = cpus.filter((one) => !whos.includes(one.id) && !isAtRest(one.op)).map(({ id }) => nameOf(id));
  const waiting = stuck.length === 0 ? '' : `; ${stuck.join(' and ')} waits meanwhile`;
  const message =
    whos.length === 1
      ? `livelock: ${names} spins, and nobody is left to end it`
      : `livelock: ${names} go on for ever without getting anywhere: every ${cycle.length} steps all is as it was, and each that could move has moved`;
  return new Violation('livelock', message + waiting, current, cpus[current]?.current ?? 0, witnesses);
}

/** The CPUs that hold the lock at an address. */
export type HoldersOf = (lock: number) => readonly number[];

/** What a lock's own word says of who holds it: nothing, where that is readers. */
function ownerOf({ words }: Cpu): HoldersOf {
  return (lock) => {
    const word = words[lock] as number;
    if ((word & RW_WRITER) !== 0) return [(word & ~RW_WRITER) - 1];
    return word === 0 ? [] : [spinOwner(word)];
  };
}

/**
 * CPUs of which each waits for the next one, and the last for the first; empty if there are none.
 *
 * @param blockersOf those that hold the lock which one waits for, or whose end it waits for
 */
function findCycle(stuck: readonly Parked[], blockersOf: (waiting: Parked) => readonly number[]): readonly number[] {
  const waiting = new Map(stuck.map((one) => [one.id, one]));
  const follow = (id: number, way: readonly number[]): readonly number[] => {
    const at = way.indexOf(id);
    if (at >= 0) return way.slice(at);
    const one = waiting.get(id);
    if (one === undefined) return [];
    // One that has a part of the lock itself waits for the others, if there are any.
    for (const holder of [...blockersOf(one)].sort((a, b) => Number(a === id) - Number(b === id))) {
      const cycle = follow(holder, [...way, id]);
      if (cycle.length > 0) return cycle;
    }
    return [];
  };
  for (const { id } of stuck) {
    const cycle = follow(id, []);
    if (cycle.length > 0) return cycle;
  }
  return [];
}
