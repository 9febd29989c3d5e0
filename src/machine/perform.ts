/** What an announced operation does, when one CPU moves at a time: no atomics are needed. */

import type { Cpu } from '../sync/cpu.js';
import {
  OP_ADD,
  OP_CMPXCHG,
  OP_IDLE,
  OP_LOCK,
  OP_READ,
  OP_READ_LOCK,
  OP_SYSCALL_EXIT,
  OP_WRITE,
  OP_WRITE_LOCK,
  OP_XCHG,
  RW_WRITER,
} from '../sync/gate.js';

/** Performs the operation that a CPU has announced, and leaves what it found in `result`. */
export function performSerially(cpu: Cpu): void {
  const { words, op, opAddress: at } = cpu;
  switch (op) {
    case OP_READ:
    case OP_SYSCALL_EXIT: {
      cpu.result = words[at] as number;
      break;
    }
    case OP_WRITE:
      cpu.touchWord(at);
      words[at] = cpu.opA;
      cpu.result = cpu.opA;
      break;
    case OP_XCHG:
      cpu.touchWord(at);
      cpu.result = words[at] as number;
      words[at] = cpu.opA;
      break;
    case OP_CMPXCHG:
      cpu.result = words[at] as number;
      if (cpu.result === cpu.opA) {
        cpu.touchWord(at);
        words[at] = cpu.opB;
      }
      break;
    case OP_ADD:
      cpu.touchWord(at);
      cpu.result = ((words[at] as number) + cpu.opA) | 0;
      words[at] = cpu.result;
      break;
    case OP_LOCK:
      cpu.touchWord(at);
      words[at] = cpu.id + 1;
      break;
    case OP_READ_LOCK:
      cpu.touchWord(at);
      words[at] = (words[at] as number) + 1;
      break;
    case OP_WRITE_LOCK:
      cpu.touchWord(at);
      words[at] = RW_WRITER | (cpu.id + 1);
      break;
    case OP_IDLE:
      cpu.result = words[at] as number;
      break;
  }
}

/** Whether an operation touches its word, so that the memory checker must look at it. */
export function touchesWord(op: number): boolean {
  return op >= OP_READ && op <= OP_WRITE_LOCK;
}

/** Whether an operation takes a lock, so that it is held from then on. */
export function takesLock(op: number): boolean {
  return op >= OP_LOCK && op <= OP_WRITE_LOCK;
}

/** Whether an operation changes its word, apart from `OP_CMPXCHG`, which depends on what it finds. */
export function modifiesWord(op: number): boolean {
  return op === OP_WRITE || op === OP_XCHG || op === OP_ADD || takesLock(op);
}
