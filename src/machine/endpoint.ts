/** Comlink's adapter for Node's message ports. Its types say ES module; what Node loads is CommonJS. */

import type { MessagePort } from 'node:worker_threads';
import type { Endpoint } from 'comlink';
import adapter from 'comlink/dist/umd/node-adapter.js';

/** A port of `node:worker_threads` as comlink takes it. */
export const nodeEndpoint = adapter as unknown as (port: MessagePort) => Endpoint;
