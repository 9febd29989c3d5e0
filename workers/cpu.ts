/** The entry point of a CPU's worker thread. It is this CPU until the host closes the port. */

import * as Comlink from 'comlink';
import { type FileDescription, modelFrom } from '../src/files/describe.js';
import { hostCpu } from '../src/machine/cpu-host.js';
import { nodeEndpoint } from '../src/machine/endpoint.js';
import type { WorkerStart } from '../src/machine/threads.js';

export default async function cpu({ plan, description, port }: WorkerStart): Promise<void> {
  const calls = hostCpu(await modelFrom(description as FileDescription), plan);
  Comlink.expose(calls, nodeEndpoint(port));
  return new Promise((resolve) => port.once('close', () => resolve()));
}
