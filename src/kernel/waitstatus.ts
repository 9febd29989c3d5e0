/** What `wait4` gives as a status, taken apart: `bits/waitstatus.h` of the C library. */

/** Whether the process ended by itself. */
export function WIFEXITED(status: number): boolean {
  return WTERMSIG(status) === 0;
}

/** The exit code of one that did: 0 to 255. */
export function WEXITSTATUS(status: number): number {
  return (status >> 8) & 0xff;
}

/** Whether a signal ended it. */
export function WIFSIGNALED(status: number): boolean {
  const sig = WTERMSIG(status);
  return sig !== 0 && sig !== 0x7f;
}

/** The signal that ended it. */
export function WTERMSIG(status: number): number {
  return status & 0x7f;
}

/** Whether a core was written. */
export function WCOREDUMP(status: number): boolean {
  return (status & 0x80) !== 0;
}

/** Whether it has stopped. */
export function WIFSTOPPED(status: number): boolean {
  return (status & 0xff) === 0x7f;
}

/** The signal that stopped it. */
export function WSTOPSIG(status: number): number {
  return WEXITSTATUS(status);
}

/** Whether it goes on after a stop. */
export function WIFCONTINUED(status: number): boolean {
  return status === 0xffff;
}
