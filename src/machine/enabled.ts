/** When an announced operation can be performed. Shared by the machines that let one CPU move at a time. */

import { cpu_data, IRQ_TIMER } from '../sync/cpu.js';
import {
  OP_AWAIT,
  OP_AWAIT_ABOVE,
  OP_HALT,
  OP_IDLE,
  OP_LOCK,
  OP_READ_LOCK,
  OP_WRITE_LOCK,
  RW_WRITER,
} from '../sync/gate.js';

/**
 * Whether an operation is enabled in a state of the arena.
 *
 * @param words the arena
 * @param op one of `OP_…`
 * @param address its word
 * @param a its first operand
 */
export function isEnabled(words: Int32Array, op: number, address: number, a: number): boolean {
  return isEnabledAt(op, words[address] as number, a);
}

/**
 * Whether an operation is enabled where its word has a value.
 *
 * @param op one of `OP_…`, but not `OP_RELAX`, which looks at more than one word
 */
export function isEnabledAt(op: number, value: number, a: number): boolean {
  switch (op) {
    case OP_LOCK:
    case OP_WRITE_LOCK:
      return value === 0;
    case OP_READ_LOCK:
      // A writer that only waits does not keep readers out here: it may not have arrived yet.
      return (value & RW_WRITER) === 0;
    case OP_AWAIT:
      return value === a;
    case OP_AWAIT_ABOVE:
      return value > a;
    case OP_IDLE:
      return value !== 0 || a !== 0;
    case OP_HALT:
      return false;
    default:
      return true;
  }
}

/** Whether a CPU whose `cpu_data` is at `data` can take a timer interrupt. */
export function isInterruptible(words: Int32Array, data: number): boolean {
  return (
    ((words[data + cpu_data.irq_pending] as number) & IRQ_TIMER) !== 0 && words[data + cpu_data.irqs_disabled] === 0
  );
}

/** Whether a CPU that waits with this operation is at rest, and not held up by another. */
export function isAtRest(op: number): boolean {
  return op === OP_IDLE || op === OP_HALT;
}
