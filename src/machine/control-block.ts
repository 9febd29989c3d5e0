/**
 * The control block: the few words, apart from the arena, by which the worker threads of a machine and their host
 * agree on iterations, turns and the end. It is not kernel state and is never part of the image.
 */

/** Set to stop everything: the run is over, whatever happens. */
export const CTL_ABORT = 0;
/** Set when this iteration is over for all: everybody is at rest, or somebody found a violation. */
export const CTL_OVER = 1;
/** CPUs at rest. */
export const CTL_IDLE = 2;
/** The barrier: arrivals, and a count of the times it opened. */
export const CTL_ARRIVED = 3;
export const CTL_OPENED = 4;
/** Lockstep: whose turn it is; `TURN_NOBODY` before the start. */
export const CTL_TURN = 5;
/** Lockstep: the position in the schedule, and scheduling points passed. */
export const CTL_CHOICES = 6;
export const CTL_STEPS = 7;
/** Lockstep: events emitted. */
export const CTL_EVENTS = 8;
/** How often a CPU at rest was woken. */
export const CTL_WAKES = 9;
/** Set where a violation ended this iteration, so that its end is not judged. */
export const CTL_BROKEN = 10;
/** Set where the run is to end with this iteration. */
export const CTL_STOP = 11;
/** Recording: the CPU that moved last. */
export const CTL_LAST = 12;
/** First word of CPU 0's own. */
export const CTL_CPUS = 16;

/** A CPU's own words. */
export const CPU_STRIDE = 16;
/** Counts upwards while it gets anywhere; the host watches it. */
export const CPU_HEARTBEAT = 0;
/** The operation announced last, its word and its first operand. */
export const CPU_OP = 1;
export const CPU_ADDRESS = 2;
export const CPU_A = 3;
/** The current task. */
export const CPU_TASK = 4;

export const TURN_OVER = -1;
/** Recording: it is nobody's turn, and whoever can move may take it. */
export const TURN_FREE = -2;

/** How long a sleeping thread goes without looking whether the run is to stop, in milliseconds. */
export const SLEEP_MS = 20;

/** A control block for a number of CPUs. */
export function makeControlBlock(cpus: number): SharedArrayBuffer {
  return new SharedArrayBuffer((CTL_CPUS + CPU_STRIDE * cpus) * 4);
}

/** Thrown inside a CPU to leave an iteration that is over. */
export class IterationOver extends Error {
  override readonly name = 'IterationOver';
}

/** Waits until every CPU has come here. */
export function barrier(control: Int32Array, cpus: number): void {
  const opened = Atomics.load(control, CTL_OPENED);
  if (Atomics.add(control, CTL_ARRIVED, 1) + 1 === cpus) {
    Atomics.store(control, CTL_ARRIVED, 0);
    Atomics.add(control, CTL_OPENED, 1);
    Atomics.notify(control, CTL_OPENED);
    return;
  }
  for (let spins = 0; spins < 200; spins++) {
    if (Atomics.load(control, CTL_OPENED) !== opened) return;
  }
  while (Atomics.load(control, CTL_OPENED) === opened) {
    if (Atomics.load(control, CTL_ABORT) !== 0) throw new IterationOver('aborted');
    Atomics.wait(control, CTL_OPENED, opened, SLEEP_MS);
  }
}
