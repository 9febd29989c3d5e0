/** Makes the class of a machine's CPUs: the machine's own, with memory access and the model's functions on it. */

import { checkedAccess, plainAccess } from '../memory/access.js';
import { kasanOps } from '../memory/kasan.js';
import type { Cpu, CpuConfig } from '../sync/cpu.js';
import type { Model } from './model.js';

type CpuClass<C extends Cpu, A extends unknown[]> = new (config: CpuConfig, ...rest: A) => C;

/** Methods of a machine's CPU that a model may replace. */
const REPLACEABLE = new Set(['constructor', 'describe', 'label', 'nameOperation']);

/** A function of a model that has the name of a machine's method would replace it, and the machine would not work. */
function refuseClashes(machine: object, model: Model): void {
  for (let level: object = machine; level !== Object.prototype; level = Object.getPrototypeOf(level)) {
    for (const name of Object.getOwnPropertyNames(level)) {
      if (!REPLACEABLE.has(name) && model.functions.some((functions) => Object.hasOwn(functions, name))) {
        throw new Error(`model ${model.name} has a function ${name}, which is the name of a method of the machine`);
      }
    }
  }
}

/** A class that was made, and those made of the same parts and one more. */
interface Composed {
  made: unknown;
  readonly more: WeakMap<object, Composed>;
}

const compositions: Composed = { made: null, more: new WeakMap() };

/** Where the class made of these parts is kept. */
function placeOf(parts: readonly object[]): Composed {
  let place = compositions;
  for (const part of parts) {
    let next = place.more.get(part);
    if (next === undefined) {
      next = { made: null, more: new WeakMap() };
      place.more.set(part, next);
    }
    place = next;
  }
  return place;
}

const CHECKED = { checked: true, provesRcu: true };
const UNCHECKED = { checked: false, provesRcu: false };

/**
 * Puts everything on one prototype, so that a call through `this` is one look-up that the engine can resolve ahead.
 * Machines of the same parts have the same class: with more than a few the engine would resolve nothing ahead.
 *
 * @param base the machine's class
 * @param model what runs
 * @param checked whether the memory checker watches plain accesses
 * @param over what the machine puts over the model's functions
 */
export function composeCpu<C extends Cpu, A extends unknown[]>(
  base: CpuClass<C, A>,
  model: Model,
  checked: boolean,
  over: readonly object[] = [],
): CpuClass<C, A> {
  const access = checked ? [checkedAccess, CHECKED] : [plainAccess, UNCHECKED];
  const place = placeOf([base, ...access, ...model.functions, ...over]);
  if (place.made === null) {
    const Base = base as unknown as new (...args: unknown[]) => object;
    class ComposedCpu extends Base {}
    refuseClashes(base.prototype, model);
    Object.assign(ComposedCpu.prototype, kasanOps, ...access, ...model.functions, ...over);
    place.made = ComposedCpu;
  }
  return place.made as CpuClass<C, A>;
}
