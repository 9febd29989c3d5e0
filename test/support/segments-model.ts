/** Random small models of CPUs that do several things in a step, as the kernel does between two scheduling points. */

import fc from 'fast-check';
import type { Model } from '../../src/machine/model.js';
import type { Ptr } from '../../src/memory/layout.js';
import { OP_AWAIT, OP_LOCK, OP_READ, OP_READ_LOCK, OP_WRITE, OP_WRITE_LOCK } from '../../src/sync/gate.js';
import { type SlabCpu, stepsModel } from './steps-model.js';

type Deed = readonly [
  what: 'load' | 'store' | 'load, then store' | 'put' | 'set a bit' | 'clear a bit' | 'allocate' | 'free',
  cell: 0 | 1,
  value: 0 | 1 | 2,
];

/** The operation that a step begins with, and what else is done in it. */
export type Segment = readonly [
  first: 'read' | 'write' | 'await' | 'lock' | 'read lock' | 'write lock',
  cell: 0 | 1,
  value: 0 | 1 | 2,
  deeds: readonly Deed[],
];

const cell = fc.constantFrom(0 as const, 1 as const);
const value = fc.constantFrom(0 as const, 1 as const, 2 as const);
const deed: fc.Arbitrary<Deed> = fc.tuple(
  fc.constantFrom('load', 'store', 'load, then store', 'put', 'put', 'set a bit', 'clear a bit', 'allocate', 'free'),
  cell,
  value,
);
const segment: fc.Arbitrary<Segment> = fc.tuple(
  fc.constantFrom('read', 'write', 'await', 'await', 'lock', 'read lock', 'write lock'),
  cell,
  value,
  fc.array(deed, { maxLength: 2 }),
);

/** Two CPUs with up to three steps, or three with up to two. */
export const randomSegments: fc.Arbitrary<readonly (readonly Segment[])[]> = fc.oneof(
  fc.array(fc.array(segment, { minLength: 1, maxLength: 3 }), { minLength: 2, maxLength: 2 }),
  fc.array(fc.array(segment, { minLength: 1, maxLength: 2 }), { minLength: 3, maxLength: 3 }),
);

const [LOCK, REFERENCES, BITS, NOTES] = [2, 3, 4, 5];
/** Objects of the one cache: fewer than may be asked for. */
const OBJECTS = 3;

/** The model of such CPUs. Its outcome has all that they saw. */
export function segmentsModel(programs: readonly (readonly Segment[])[]): Model {
  return stepsModel({
    cpus: programs.length,
    objects: OBJECTS,
    initial: { [REFERENCES]: 3 },
    *program(cpu, at) {
      const k = cpu as SlabCpu;
      const note = (seen: number): void => {
        const mine = at(NOTES + k.id);
        k.atomicXchg(mine, Math.imul(k.words[mine] as number, 5) + seen + 1);
      };
      const own: number[] = [];
      const lock = at(LOCK);
      for (const [first, which, given, deeds] of programs[k.id] ?? []) {
        if (first === 'read' && k.point(OP_READ, at(which), 0, 0)) yield;
        if (first === 'write' && k.point(OP_WRITE, at(which), given, 0)) yield;
        if (first === 'await' && k.point(OP_AWAIT, at(which), given, 0)) yield;
        if (first === 'lock' && k.point(OP_LOCK, lock, 0, 0)) yield;
        if (first === 'read lock' && k.point(OP_READ_LOCK, lock, 0, 0)) yield;
        if (first === 'write lock' && k.point(OP_WRITE_LOCK, lock, 0, 0)) yield;
        for (const [what, one, number] of deeds) {
          const word = at(one);
          if (what === 'load') note(k.load(word));
          else if (what === 'store') k.store(word, number);
          else if (what === 'load, then store') {
            if (k.load(word) === number) k.store(at(1 - one), number + 1);
          } else if (what === 'put') {
            const left = k.atomicAdd(at(REFERENCES), -1);
            if (left <= 0) note(left === 0 ? 7 : 8);
          } else if (what === 'set a bit') k.atomicOr(at(BITS), 1 << number);
          else if (what === 'clear a bit') k.atomicAnd(at(BITS), ~(1 << number));
          else if (what === 'allocate') {
            const object = k.kmem_cache_alloc<'item'>(0);
            note(object === 0 ? 0 : 1);
            if (object === 0) continue;
            k.store(object, number);
            own.push(object);
          } else if (what === 'free') {
            const object = own.pop();
            if (object === undefined) continue;
            note(k.load(object));
            k.kmem_cache_free(0, object as Ptr<'item'>);
          }
        }
        if (first === 'lock') k.releaseSpin(lock);
        if (first === 'read lock') k.releaseRead(lock);
        if (first === 'write lock') k.releaseWrite(lock);
      }
    },
  });
}
