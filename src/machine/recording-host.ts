/** Recording in a CPU's worker thread: the loop over runs, each of which leaves a schedule. */

import type { Arena } from '../memory/arena.js';
import { Violation } from '../sync/gate.js';
import {
  barrier,
  CTL_ABORT,
  CTL_BROKEN,
  CTL_CHOICES,
  CTL_LAST,
  CTL_STEPS,
  CTL_STOP,
  CTL_TURN,
  IterationOver,
} from './control-block.js';
import type { ParallelReport, ParallelRequest, ViolationReport } from './cpu-host.js';
import type { Model } from './model.js';
import type { RecordingCpu } from './recording-cpu.js';

export interface RecordRequest extends ParallelRequest {
  /** Room for the decisions of one run. */
  readonly schedule: SharedArrayBuffer;
  /** Scheduling points after which a run is given up as endless. */
  readonly maxSteps: number;
  /** So many runs are kept with their schedules from the first one on. */
  readonly kept: number;
}

/** A run that was kept. */
export interface KeptRun {
  readonly iteration: number;
  readonly outcome: string;
  /** Null for a run with more decisions than there was room for. */
  readonly schedule: Uint8Array | null;
}

export interface RecordReport extends ParallelReport {
  /** The first runs, the first of each outcome, and those that ended in a violation. Kept by CPU 0 only. */
  readonly runs: readonly KeptRun[];
}

/** Violations that are kept in full; the others are counted. */
const KEPT_VIOLATIONS = 100;

/** What the recording of a CPU needs. */
export interface RecordingParts {
  readonly model: Model;
  readonly cpu: RecordingCpu;
  readonly control: Int32Array;
  readonly arena: Arena;
}

/** Records runs on this CPU's thread; all CPUs call it at once. */
export function recordRuns({ model, cpu, control, arena }: RecordingParts, request: RecordRequest): RecordReport {
  const { cpus, id } = cpu;
  const first = id === 0;
  const schedule = new Uint8Array(request.schedule);
  const outcomes: Record<string, number> = {};
  const violations: ViolationReport[] = [];
  const runs: KeptRun[] = [];
  let violationCount = 0;
  let iteration = 0;
  cpu.noise = request.noise;
  cpu.seed = (request.seed * 2654435761 + id * 40503 + 1) | 0 || 1;
  cpu.counters.fill(0);
  barrier(control, cpus);
  for (; iteration < request.iterations; iteration++) {
    let found = runOnce(cpu, { schedule, maxSteps: request.maxSteps });
    if (found !== null) Atomics.store(control, CTL_BROKEN, 1);
    barrier(control, cpus);
    if (first) {
      const outcome = model.outcome(arena);
      const isNew = outcomes[outcome] === undefined;
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      const broken = Atomics.load(control, CTL_BROKEN) !== 0;
      if (!broken) found = cpu.judgeEnd();
      const wrong = (broken || found !== null) && runs.length < request.kept + KEPT_VIOLATIONS;
      if (isNew || wrong || iteration < request.kept) {
        const length = control[CTL_CHOICES] as number;
        runs.push({ iteration, outcome, schedule: length > schedule.length ? null : schedule.slice(0, length) });
      }
    }
    if (found !== null) {
      violationCount++;
      const { kind, message, cpu: where, task } = found;
      if (violations.length < KEPT_VIOLATIONS) violations.push({ iteration, kind, message, cpu: where, task });
      if (request.untilViolation) Atomics.store(control, CTL_STOP, 1);
    }
    barrier(control, cpus);
    const stop = Atomics.load(control, CTL_STOP) !== 0;
    arena.reset();
    if (first) {
      for (const word of [CTL_TURN, CTL_CHOICES, CTL_STEPS, CTL_LAST, CTL_BROKEN]) Atomics.store(control, word, 0);
    }
    barrier(control, cpus);
    if (stop) {
      iteration++;
      if (first) Atomics.store(control, CTL_STOP, 0);
      break;
    }
    if (Atomics.load(control, CTL_ABORT) !== 0) throw new IterationOver('aborted by the host');
  }
  return { iterations: iteration, outcomes, violations, violationCount, counters: [...cpu.counters], runs };
}

/** One run on this CPU: the violation that it met, or null. */
function runOnce(
  cpu: RecordingCpu,
  shared: { readonly schedule: Uint8Array; readonly maxSteps: number },
): Violation | null {
  cpu.startRecording(shared);
  try {
    cpu.run();
    return null;
  } catch (error) {
    if (error instanceof IterationOver) return null;
    cpu.endForAll();
    if (error instanceof Violation) return error;
    throw error;
  }
}
