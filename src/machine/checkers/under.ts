/** The operations that checkers are put over: the machine's own, or those that keep footprints. */

import { type Access, checkedAccess, plainAccess } from '../../memory/access.js';
import { loggedOps } from '../logged.js';
import { SerialCpu } from '../serial-cpu.js';

type Method = (this: SerialCpu, ...args: never[]) => unknown;
type Methods<K extends keyof SerialCpu> = { readonly [N in K]: Extract<SerialCpu[N], Method> };

const OPERATIONS = [
  'completePoint',
  'acquireRaw',
  'releaseSpin',
  'releaseRaw',
  'releaseRead',
  'releaseWrite',
  'local_irq_enable',
  'atomicAdd',
  'atomicOr',
  'atomicAnd',
  'atomicXchg',
  'atomicCmpxchg',
  'peek',
  'interrupt',
  'useFreeObjects',
  'local_irq_restore',
] as const;

/** Operations as they are without checkers; called with `call`, as they are methods of a CPU. */
export type Under = Methods<(typeof OPERATIONS)[number]> & Access;

/**
 * @param footprints whether footprints are kept
 * @param memory whether the memory checker watches plain accesses
 */
export function operationsUnder(footprints: boolean, memory: boolean): Under {
  const own = Object.fromEntries(OPERATIONS.map((name) => [name, Reflect.get(SerialCpu.prototype, name)]));
  const access = memory ? checkedAccess : plainAccess;
  return { ...own, ...access, ...(footprints ? loggedOps(memory) : {}) } as Under;
}
