/** What the tests of pipes have in common. */

import { PIPE_BUF, PIPE_DEF_BUFFERS } from '../../src/kernel/constants.js';
import type { Sys } from '../../src/kernel/sys.js';
import type { Coroutine } from '../../src/sync/gate.js';

/** How many bytes a pipe holds. */
export const CAPACITY = PIPE_BUF * PIPE_DEF_BUFFERS;

/** Makes a pipe, and gives the end to read from and the one to write to. */
export function* pipeOf(sys: Sys, flags = 0): Coroutine<[number, number]> {
  const fds: [number, number] = [-1, -1];
  const result = yield* sys.pipe2(fds, flags);
  sys.check(result === 0, `pipe2 gave ${result}`);
  return fds;
}

/** The letters from `a` on, as many as asked for. */
export function letters(count: number): string {
  return Array.from({ length: count }, (_, n) => String.fromCharCode(97 + (n % 26))).join('');
}
