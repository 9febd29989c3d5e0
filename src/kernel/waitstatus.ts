/** What `wait4` gives as a status, taken apart: `bits/waitstatus.h` of the C library. */

/**
 * Whether the process ended by itself.
 *
 * @param status as `wait4` gives it
 * @example
 * WIFEXITED(0x0300); // true
 */
export function WIFEXITED(status: number): boolean {
  return WTERMSIG(status) === 0;
}

/**
 * The exit code of one that did: 0 to 255.
 *
 * @param status as `wait4` gives it
 * @example
 * WEXITSTATUS(0x0300); // 3
 */
export function WEXITSTATUS(status: number): number {
  return (status >> 8) & 0xff;
}

/**
 * Whether a signal ended it.
 *
 * @param status as `wait4` gives it
 * @example
 * WIFSIGNALED(SIGKILL); // true
 */
export function WIFSIGNALED(status: number): boolean {
  const sig = WTERMSIG(status);
  return sig !== 0 && sig !== 0x7f;
}

/**
 * The signal that ended it.
 *
 * @param status as `wait4` gives it
 * @example
 * WTERMSIG(SIGSEGV | 0x80) === SIGSEGV; // true
 */
export function WTERMSIG(status: number): number {
  return status & 0x7f;
}

/**
 * Whether a core was written.
 *
 * @param status as `wait4` gives it
 * @example
 * WCOREDUMP(SIGSEGV | 0x80); // true
 */
export function WCOREDUMP(status: number): boolean {
  return (status & 0x80) !== 0;
}

/**
 * Whether it has stopped.
 *
 * @param status as `wait4` gives it
 * @example
 * WIFSTOPPED((SIGTSTP << 8) | 0x7f); // true
 */
export function WIFSTOPPED(status: number): boolean {
  return (status & 0xff) === 0x7f;
}

/**
 * The signal that stopped it.
 *
 * @param status as `wait4` gives it
 * @example
 * WSTOPSIG((SIGTSTP << 8) | 0x7f) === SIGTSTP; // true
 */
export function WSTOPSIG(status: number): number {
  return WEXITSTATUS(status);
}

/**
 * Whether it goes on after a stop.
 *
 * @param status as `wait4` gives it
 * @example
 * WIFCONTINUED(0xffff); // true
 */
export function WIFCONTINUED(status: number): boolean {
  return status === 0xffff;
}
