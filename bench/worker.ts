/** The entry point of a CPU's worker thread, for the scenario of the kill benchmark. */

import * as Comlink from 'comlink';
import { kernelModel } from '../src/kernel/model.js';
import { hostCpu } from '../src/machine/cpu-host.js';
import { nodeEndpoint } from '../src/machine/endpoint.js';
import type { WorkerStart } from '../src/machine/threads.js';
import { type KillPending, killPending } from './kill-pending.js';

export default function cpu({ plan, description, port }: WorkerStart): Promise<void> {
  const calls = hostCpu(kernelModel(killPending(description as KillPending)), plan);
  Comlink.expose(calls, nodeEndpoint(port));
  return new Promise((resolve) => port.once('close', () => resolve()));
}
