/** The operations of a CPU with their footprint kept: put over a machine's own by a strategy that asks for it. */

import { type Access, checkedAccess, plainAccess } from '../memory/access.js';
import { type Cache, FREE_LIST, FREE_NEXT, SLOT_HEADER_WORDS } from '../memory/arena.js';
import { cpu_data, IRQ_TIMER } from '../sync/cpu.js';
import { type Coroutine, OP_CMPXCHG, OP_LOCK, OP_READ, OP_READ_LOCK, OP_RELAX, OP_XCHG } from '../sync/gate.js';
import {
  ACCESS_ADD,
  ACCESS_AND,
  ACCESS_GET,
  ACCESS_OR,
  ACCESS_PUT,
  ACCESS_READ,
  ACCESS_WRITE,
  type AccessLog,
} from './access-log.js';
import type { RaceDetector } from './checkers/races.js';
import { type ControlledCpu, FlatCpu } from './controlled-cpu.js';
import { HostedCpu } from './hosted-cpu.js';
import { modifiesWord } from './perform.js';
import { SerialCpu } from './serial-cpu.js';

interface LoggedCpu extends SerialCpu {
  readonly races: RaceDetector | null;
  readonly accesses: AccessLog;
}

/**
 * The kind of an operation's access to its word.
 *
 * @param succeeds whether it finds what `OP_CMPXCHG` expects
 */
export function accessKind(op: number, succeeds: boolean): number {
  if (op === OP_CMPXCHG) return succeeds ? ACCESS_WRITE : ACCESS_READ;
  if (op === OP_READ_LOCK) return ACCESS_ADD;
  return modifiesWord(op) ? ACCESS_WRITE : ACCESS_READ;
}

/** What a CPU that cannot move would access first: the words that its operation waits for. */
export function guardsOf(cpu: ControlledCpu): Int32Array {
  const { op, opAddress } = cpu;
  if (op !== OP_RELAX || !(cpu instanceof FlatCpu)) return Int32Array.of(opAddress, accessKind(op, true), 0, 0);
  const guards: number[] = [];
  for (let at = 0; at < cpu.watched.length; at += 2) {
    guards.push(cpu.watched[at] as number, ACCESS_READ, 0, cpu.watched[at + 1] as number);
  }
  return Int32Array.from(guards);
}

/**
 * Stands for the timer's bit of `irq_pending`, which any step of the CPU looks at, unlike the other bits. No footprint has what is
 * really in this word; both are 0 when a machine has booted, with interrupts enabled.
 */
const TIMER_LINE = cpu_data.irqs_disabled;

function timerLine(words: Int32Array, data: number): number {
  return ((words[data + cpu_data.irq_pending] as number) & IRQ_TIMER) === 0 ? 0 : 1;
}

/**
 * The memory checker notes which generation of a typesafe object a loaded pointer is to (`memory/kasan.ts`): whoever takes
 * the object from its cache, or gives it back, changes what is noted.
 *
 * @param value what was loaded
 */
function addGeneration({ accesses, arena, words, typesafeStart, typesafeEnd }: LoggedCpu, value: number): void {
  if (value < typesafeStart || value >= typesafeEnd) return;
  const { base, slotWords } = arena.typesafe as Cache;
  if ((value - base) % slotWords !== SLOT_HEADER_WORDS) return;
  const header = value - SLOT_HEADER_WORDS;
  accesses.add(header, ACCESS_READ, words[header] as number, 0);
}

const plain = SerialCpu.prototype;

const loggedOperations: ThisType<LoggedCpu> & Record<string, unknown> = {
  completePoint(): void {
    const { op, opAddress, words, accesses } = this;
    const before = words[opAddress] as number;
    if (words[this.data + cpu_data.rcu_eqs] !== 0) accesses.noteQuiescent();
    plain.completePoint.call(this);
    accesses.guards = 0;
    if (op === OP_RELAX) {
      const { watched } = this as unknown as FlatCpu;
      for (let at = 0; at < watched.length; at += 2) {
        const address = watched[at] as number;
        accesses.add(address, ACCESS_READ, words[address] as number, watched[at + 1] as number);
      }
      accesses.guards = accesses.count;
    } else if (opAddress !== 0) {
      const kind = accessKind(op, this.result === this.opA);
      accesses.add(opAddress, kind, before, kind === ACCESS_ADD ? 1 : (words[opAddress] as number));
      if (op >= OP_LOCK) accesses.guards = 1;
      else if (this.checked && (op === OP_READ || op === OP_XCHG || op === OP_CMPXCHG))
        addGeneration(this, this.result);
    }
    if (this.model.clock !== undefined) {
      accesses.add(this.data + TIMER_LINE, ACCESS_READ, timerLine(words, this.data), 0);
    }
  },

  useFreeObjects(address: number): void {
    // Which object it is given shows a CPU both of these; what it leaves comes after (`freeingOps`).
    for (const word of [address + FREE_LIST, address + FREE_NEXT]) {
      this.accesses.add(word, ACCESS_WRITE, this.words[word] as number, this.words[word] as number);
    }
  },

  interrupt(cpu: number, irqs: number): void {
    const data = this.allData[cpu] as number;
    const before = timerLine(this.words, data);
    plain.interrupt.call(this, cpu, irqs);
    if ((irqs & IRQ_TIMER) !== 0) this.accesses.add(data + TIMER_LINE, ACCESS_WRITE, before, 1);
  },

  interruptHandler(): Coroutine<void> {
    this.accesses.guards = 0;
    if (this.words[this.data + cpu_data.rcu_eqs] !== 0) this.accesses.noteQuiescent();
    this.accesses.add(this.data + TIMER_LINE, ACCESS_WRITE, 1, 0);
    return HostedCpu.prototype.interruptHandler.call(this);
  },

  releaseSpin(lock: number): void {
    this.accesses.add(lock, ACCESS_WRITE, this.words[lock] as number, 0);
    plain.releaseSpin.call(this, lock);
  },

  releaseRead(lock: number): void {
    this.accesses.add(lock, ACCESS_ADD, this.words[lock] as number, -1);
    plain.releaseRead.call(this, lock);
  },

  releaseWrite(lock: number): void {
    this.accesses.add(lock, ACCESS_WRITE, this.words[lock] as number, 0);
    plain.releaseWrite.call(this, lock);
  },

  // No step ends while a lock like that is held, and what it protects is in the footprint. But to the race detector it
  // orders what comes before one section and after another.
  releaseRaw(lock: number): void {
    if (this.races !== null) this.accesses.add(lock, ACCESS_WRITE, 0, 0);
    plain.releaseSpin.call(this, lock);
  },

  atomicAdd(address: number, value: number): number {
    const before = this.words[address] as number;
    const sum = plain.atomicAdd.call(this, address, value);
    if (value < 0) this.accesses.noteCountedDown(address);
    if (value < 0 && sum <= 0) this.accesses.add(address, ACCESS_WRITE, before, sum);
    else this.accesses.add(address, value < 0 ? ACCESS_PUT : ACCESS_GET, before, value);
    return sum;
  },

  atomicOr(address: number, bits: number): void {
    const before = this.words[address] as number;
    plain.atomicOr.call(this, address, bits);
    this.accesses.add(address, ACCESS_OR, before, bits);
  },

  atomicAnd(address: number, bits: number): number {
    const before = plain.atomicAnd.call(this, address, bits);
    this.accesses.add(address, ACCESS_AND, before, ~bits);
    return before;
  },

  atomicXchg(address: number, value: number): number {
    const before = plain.atomicXchg.call(this, address, value);
    this.accesses.add(address, ACCESS_WRITE, before, value);
    return before;
  },

  atomicCmpxchg(address: number, expected: number, value: number): number {
    const before = plain.atomicCmpxchg.call(this, address, expected, value);
    this.accesses.add(address, before === expected ? ACCESS_WRITE : ACCESS_READ, before, value);
    if (before === expected && value < before) this.accesses.noteCountedDown(address);
    return before;
  },

  peek(address: number): number {
    const value = plain.peek.call(this, address);
    this.accesses.add(address, ACCESS_READ, value, 0);
    return value;
  },
};

function loggedOver(access: Access): object {
  const loggedAccess: Access & ThisType<LoggedCpu & Access> = {
    get(p, field) {
      // One that a violation ends as well.
      this.accesses.addLoad(p + field, this.words[p + field] as number);
      return access.get.call(this, p, field) as never;
    },
    set(p, field, value) {
      this.accesses.add(p + field, ACCESS_WRITE, this.words[p + field] as number, value as number);
      access.set.call(this, p, field, value);
    },
    load(address) {
      this.accesses.addLoad(address, this.words[address] as number);
      return access.load.call(this, address);
    },
    store(address, value) {
      this.accesses.add(address, ACCESS_WRITE, this.words[address] as number, value);
      access.store.call(this, address, value);
    },
    storeOnce(address, value) {
      this.accesses.add(address, ACCESS_WRITE, this.words[address] as number, value);
      access.storeOnce.call(this, address, value);
    },
  };
  return { ...loggedOperations, ...loggedAccess };
}

const loggedChecked = loggedOver(checkedAccess);
const loggedPlain = loggedOver(plainAccess);

/** @param checked whether the memory checker watches plain accesses */
export function loggedOps(checked: boolean): object {
  return checked ? loggedChecked : loggedPlain;
}
