/** Where the code of the worker threads is: always the built one, as a thread cannot load TypeScript. */

import type { FileDescription } from '../files/describe.js';
import type { WorkerCode } from '../machine/threads.js';

/** The entry point of a CPU's thread, for a model. */
export function workerCode(description: FileDescription): WorkerCode {
  const built = import.meta.url.endsWith('.ts') ? '../../dist/workers/cpu.js' : '../../workers/cpu.js';
  return { url: new URL(built, import.meta.url), description };
}
