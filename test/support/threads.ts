/** Machines of worker threads that run the tiny model. */

import { ThreadMachine, type ThreadMachineOptions } from '../../src/machine/threads.js';
import { type ThreadSpecName, threadSpecs } from '../fixtures/thread-specs.js';
import { kit, tinyModel } from './tiny.js';

export interface TinyThreadsOptions extends ThreadMachineOptions {
  /** The CPU whose worker throws when it is started. */
  readonly failAtStart?: number;
  /** Another file in the place of the workers' code. */
  readonly worker?: string;
}

/** Starts a machine that runs one of the specifications of `thread-specs.js`. */
export function tinyThreads(name: ThreadSpecName, cpus: number, options: TinyThreadsOptions = {}): ThreadMachine {
  const { failAtStart = -1, worker = 'worker.js', ...rest } = options;
  const url = new URL(`../fixtures/${worker}`, import.meta.url);
  return ThreadMachine.start(
    tinyModel(threadSpecs(kit)[name](cpus)),
    { url, description: { name, cpus, failAtStart } },
    rest,
  );
}
