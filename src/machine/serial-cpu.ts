/** A CPU of a machine where one CPU moves at a time: its operations need no atomics. */

import { cpu_data } from '../sync/cpu.js';
import { EVENT_CONTENDED, OP_CMPXCHG, OP_READ, OP_START, OP_XCHG } from '../sync/gate.js';
import { isEnabled, isInterruptible } from './enabled.js';
import { HostedCpu } from './hosted-cpu.js';
import { performSerially, takesLock, touchesWord } from './perform.js';

export abstract class SerialCpu extends HostedCpu {
  enabled(): boolean {
    return isEnabled(this.words, this.op, this.opAddress, this.opA) || isInterruptible(this.words, this.data);
  }

  /** Emits `lock_contended` where the operation just announced is for a lock that somebody holds. */
  protected noteContention(): void {
    const { op, opAddress } = this;
    if (!takesLock(op) || isEnabled(this.words, op, opAddress, this.opA)) return;
    this.emit(EVENT_CONTENDED, opAddress, this.words[opAddress] as number, op);
  }

  /** Performs the announced operation. */
  completePoint(): void {
    const { op, opAddress } = this;
    if (this.checked && this.shadow[opAddress] !== 0 && touchesWord(op)) this.checkMarked(opAddress, op !== OP_READ);
    performSerially(this);
    if (this.checked && (op === OP_READ || op === OP_XCHG || op === OP_CMPXCHG)) {
      const { result } = this;
      if (result >= this.typesafeStart && result < this.typesafeEnd) this.notePointer(result);
    }
    if (this.trace !== null && op !== OP_START) {
      if (takesLock(op)) this.held.push(opAddress);
      this.trace.emit(this.id, this.current, op, opAddress, this.result, this.opA, this.opB);
    }
  }

  releaseSpin(lock: number): void {
    this.words[lock] = 0;
  }

  override releaseRaw(lock: number): void {
    this.words[lock] = 0;
  }

  releaseRead(lock: number): void {
    this.words[lock] = (this.words[lock] as number) - 1;
  }

  releaseWrite(lock: number): void {
    this.words[lock] = 0;
  }

  acquireRaw(lock: number): void {
    if (this.words[lock] !== 0) {
      this.violate('BUG', `${this.describe(lock)} is held across a scheduling point, and may not be`);
    }
    this.touchWord(lock);
    this.words[lock] = this.id + 1;
  }

  atomicAdd(address: number, value: number): number {
    if (this.checked && this.shadow[address] !== 0) this.checkMarked(address, true);
    this.touchWord(address);
    const sum = ((this.words[address] as number) + value) | 0;
    this.words[address] = sum;
    return sum;
  }

  atomicOr(address: number, bits: number): void {
    if (this.checked && this.shadow[address] !== 0) this.checkMarked(address, true);
    this.touchWord(address);
    this.words[address] = (this.words[address] as number) | bits;
  }

  atomicAnd(address: number, bits: number): number {
    if (this.checked && this.shadow[address] !== 0) this.checkMarked(address, true);
    this.touchWord(address);
    const old = this.words[address] as number;
    this.words[address] = old & bits;
    return old;
  }

  atomicXchg(address: number, value: number): number {
    if (this.checked && this.shadow[address] !== 0) this.checkMarked(address, true);
    this.touchWord(address);
    const old = this.words[address] as number;
    this.words[address] = value;
    return old;
  }

  atomicCmpxchg(address: number, expected: number, value: number): number {
    if (this.checked && this.shadow[address] !== 0) this.checkMarked(address, true);
    const old = this.words[address] as number;
    if (old === expected) {
      this.touchWord(address);
      this.words[address] = value;
    }
    return old;
  }

  peek(address: number): number {
    if (this.checked && this.shadow[address] !== 0) this.checkMarked(address, false);
    return this.words[address] as number;
  }

  interrupt(cpu: number, irqs: number): void {
    this.atomicOr((this.allData[cpu] as number) + cpu_data.irq_pending, irqs);
  }
}
