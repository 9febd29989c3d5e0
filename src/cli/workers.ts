/** Where the code of the worker threads is: always the built one, as a thread cannot load TypeScript. */

import type { FileDescription } from '../files/describe.js';
import type { WorkerCode } from '../machine/threads.js';

function entryPoint(name: string): URL {
  const folder = import.meta.url.endsWith('.ts') ? '../../dist/workers' : '../../workers';
  return new URL(`${folder}/${name}.js`, import.meta.url);
}

/**
 * The entry point of a CPU's thread, for a model. The thread makes the model again from its description.
 *
 * @example
 * const description = { scenario: 'kill-vs-exec', patches: [], cpus: 3 };
 * const threads = ThreadMachine.start(modelOf(description), workerCode(description));
 * await threads.dispose();
 */
export function workerCode(description: FileDescription): WorkerCode {
  return { url: entryPoint('cpu'), description };
}

/** The entry point of a thread that explores, for a model. */
export function explorerCode(description: FileDescription): WorkerCode {
  return { url: entryPoint('explorer'), description };
}
