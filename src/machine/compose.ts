/** Makes the class of a machine's CPUs: the machine's own, with memory access and the model's functions on it. */

import { checkedAccess, plainAccess } from '../memory/access.js';
import { kasanOps } from '../memory/kasan.js';
import type { Cpu, CpuConfig } from '../sync/cpu.js';
import type { Model } from './model.js';

type CpuClass<C extends Cpu, A extends unknown[]> = new (config: CpuConfig, ...rest: A) => C;

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
  const prototype = ComposedCpu.prototype as unknown as Record<string, unknown>;
  Object.assign(prototype, kasanOps, checked ? checkedAccess : plainAccess, { checked }, ...model.functions);
  return ComposedCpu as unknown as CpuClass<C, A>;
}
