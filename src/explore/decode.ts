/** The arena's objects, decoded by their layouts. */

import type { ControlledMachine } from '../machine/controlled.js';
import { ALLOCATED, type Arena, SLOT_HEADER_WORDS } from '../memory/arena.js';
import { fieldAt, type Struct, type StructInfo } from '../memory/layout.js';

/** A word of an object. */
export interface DecodedField {
  /** `pid`, `pending.signal.lo`, `pid_links[1].next`. */
  readonly name: string;
  readonly value: number;
  /** What the value means: `task 101`, `NULL`, `TASK_INTERRUPTIBLE`. */
  readonly text: string;
}

/** An object in use. */
export interface DecodedObject {
  /** The struct's name, as the kernel spells it. */
  readonly struct: string;
  /** Address in the arena: the number of its first word. */
  readonly address: number;
  /** Its number among those of its kind. */
  readonly index: number;
  readonly fields: readonly DecodedField[];
}

/** Where the objects of each kind are that are in use now. */
function* places(
  arena: Arena,
): Generator<{ readonly struct: StructInfo; readonly address: number; readonly index: number }> {
  for (const { struct, count } of arena.spec.statics) {
    for (let index = 0; index < count; index++) {
      yield { struct, address: arena.static({ $: struct } as Struct<string, unknown>, index), index };
    }
  }
  for (const { struct, base, end, slotWords } of arena.caches) {
    for (let slot = base, index = 0; slot < end; slot += slotWords, index++) {
      if (arena.words[slot] === ALLOCATED) yield { struct, address: slot + SLOT_HEADER_WORDS, index };
    }
  }
}

/**
 * Decodes the objects that are in use in the state that a machine is in.
 *
 * @param struct only those of one struct, by the kernel's name
 * @example
 * machine.execute({ choose: (movers) => movers.byDefault });
 * for (const { index, fields } of decodeObjects(machine, 'pid')) {
 *   console.log(index, fields.find(({ name }) => name === 'nr')?.text);
 * }
 */
export function decodeObjects(machine: ControlledMachine, struct?: string): readonly DecodedObject[] {
  const { arena, model } = machine;
  const cpu = machine.cpus[0];
  if (cpu === undefined) return [];
  const decoded: DecodedObject[] = [];
  for (const { struct: info, address, index } of places(arena)) {
    if (struct !== undefined && info.name !== struct) continue;
    const fields = Array.from({ length: info.words }, (_, offset) => {
      const value = arena.words[address + offset] as number;
      const text = model.describeValue?.(cpu, address + offset, value) ?? String(value);
      return { name: fieldAt(info, offset).name, value, text };
    });
    decoded.push({ struct: info.name, address, index, fields });
  }
  return decoded;
}
