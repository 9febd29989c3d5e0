/** Makes shards in worker threads, each with a machine of its own. */

import { Piscina } from 'piscina';
import type { ShardRunner } from './runner.js';
import { NOTHING_MADE, type Shard, type ShardResult } from './shard.js';

/** What a worker is given. */
export interface ThreadTask {
  /** What the worker's own code makes the model from. */
  readonly description: unknown;
  /** One word: not 0 when shards are to come to an end. */
  readonly stop: SharedArrayBuffer;
}

export interface ShardTask extends ThreadTask {
  readonly shard: Shard;
}

/** What a worker answers: errors lose what they are called on the way between threads. */
export type Answer<T> =
  | { readonly value: T }
  | { readonly error: { readonly name: string; readonly message: string; readonly stack: string | undefined } };

/** Answers with a value or with the error that keeps it from being made. */
export async function answer<T>(action: () => T | Promise<T>): Promise<Answer<T>> {
  try {
    return { value: await action() };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const { name, message, stack } = error;
    return { error: { name, message, stack } };
  }
}

function unpack<T>(given: Answer<T>): T {
  if ('value' in given) return given.value;
  throw Object.assign(new Error(given.error.message), given.error);
}

/** Threads that make shards, and whatever else their entry point has to offer. */
export interface ThreadPool extends ShardRunner {
  /** Threads that did not come to an end when they were told to, and were ended. */
  readonly lost: number;
  /**
   * Calls another function of the workers' entry point, which takes a `ThreadTask` with what is given here.
   *
   * @param signal ends the thread, and so the call with an `AbortError`, whatever it is doing
   */
  call<T>(name: string, given: object, signal: AbortSignal): Promise<T>;
}

/** Milliseconds that a thread has to come to an end when it is told to. One that does not is ended, and its shard is lost. */
const PATIENCE_MS = 2_000;

/**
 * Starts worker threads.
 *
 * @param code the workers' entry point, and what it makes the model from: something that JSON can hold
 * @param size how many
 * @example
 * const runner = threadPool(explorerCode({ scenario: 'kill-vs-exec', patches: [], cpus: 3 }), 2);
 */
export function threadPool(code: { readonly url: URL; readonly description: unknown }, size: number): ThreadPool {
  const pool = new Piscina({
    filename: code.url.href,
    minThreads: size,
    maxThreads: size,
    concurrentTasksPerWorker: 1,
    atomics: 'disabled',
  });
  const stop = new SharedArrayBuffer(4);
  const flag = new Int32Array(stop);
  const running = new Map<AbortController, Promise<unknown>>();
  let patience: NodeJS.Timeout | undefined;
  let lost = 0;

  async function call<T>(name: string, given: object, signal: AbortSignal): Promise<T> {
    const task = { ...given, description: code.description, stop };
    return unpack((await pool.run(task, { name, signal })) as Answer<T>);
  }

  /** Ends the threads that do not come to an end in time. */
  function endThemIn(ms: number): NodeJS.Timeout {
    return setTimeout(() => {
      // Others of these wait for a thread that is free.
      lost += Math.min(size, running.size);
      for (const controller of running.keys()) controller.abort();
    }, ms);
  }

  return {
    size,
    get lost() {
      return lost;
    },
    async ready() {
      const { signal } = new AbortController();
      await Promise.all(Array.from({ length: size }, () => call('prepare', {}, signal)));
    },
    async run(shard) {
      const controller = new AbortController();
      const made = call<ShardResult>('default', { shard }, controller.signal);
      running.set(controller, made);
      try {
        return await made;
      } catch (error) {
        if (controller.signal.aborted) return NOTHING_MADE;
        throw error;
      } finally {
        running.delete(controller);
      }
    },
    call,
    stop() {
      Atomics.store(flag, 0, 1);
      patience ??= endThemIn(PATIENCE_MS);
    },
    go() {
      Atomics.store(flag, 0, 0);
      clearTimeout(patience);
      patience = undefined;
    },
    async dispose() {
      Atomics.store(flag, 0, 1);
      clearTimeout(patience);
      // An error of one shard ends the search while others are made, and a pool that is gone cannot take their answers.
      const end = endThemIn(PATIENCE_MS);
      await Promise.allSettled(running.values());
      clearTimeout(end);
      await pool.destroy();
    },
  };
}
