/** Makes the class of a machine's CPUs: the machine's own, with memory access and the model's functions on it. */

import { checkedAccess, plainAccess } from '../memory/access.js';
import { kasanOps } from '../memory/kasan.js';
import type { Cpu, CpuConfig } from '../sync/cpu.js';
import type { Model } from './model.js';

type CpuClass<C extends Cpu, A extends unknown[]> = new (config: CpuConfig, ...rest: A) => C;

/** Methods of a machine's CPU that a model may replace. */
const REPLACEABLE = new Set(['constructor', 'describe', 'label']);

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

/**
 * Puts everything on one prototype, so that a call through `this` is one look-up that the engine can resolve ahead.
 *
 * @param base the machine's class
 * @param model what runs
 * @param checked whether the memory checker watches plain accesses
 */
export function composeCpu<C extends Cpu, A extends unknown[]>(
  base: CpuClass<C, A>,
  model: Model,
  checked: boolean,
): CpuClass<C, A> {
  const Base = base as unknown as new (...args: unknown[]) => object;
  class ComposedCpu extends Base {}
  refuseClashes(base.prototype, model);
  const prototype = ComposedCpu.prototype as unknown as Record<string, unknown>;
  Object.assign(prototype, kasanOps, checked ? checkedAccess : plainAccess, { checked }, ...model.functions);
  return ComposedCpu as unknown as CpuClass<C, A>;
}
