/** What runs in a CPU's worker thread: the loop over iterations, and the answers to the host's calls. */

import { Arena, type ArenaBuffers } from '../memory/arena.js';
import { Violation } from '../sync/gate.js';
import { composeCpu } from './compose.js';
import {
  barrier,
  CTL_ABORT,
  CTL_BROKEN,
  CTL_CHOICES,
  CTL_EVENTS,
  CTL_IDLE,
  CTL_OVER,
  CTL_STEPS,
  CTL_STOP,
  CTL_TURN,
  IterationOver,
} from './control-block.js';
import { LockstepCpu, type LockstepShared } from './lockstep-cpu.js';
import type { Model } from './model.js';
import { type Noise, ParallelCpu } from './parallel-cpu.js';
import { RecordingCpu } from './recording-cpu.js';
import { type RecordReport, type RecordRequest, recordRuns } from './recording-host.js';

/** What a worker needs to become a CPU of a machine. Sent once. */
export interface CpuPlan {
  readonly id: number;
  readonly buffers: ArenaBuffers;
  readonly control: SharedArrayBuffer;
  /** Whether the memory checker is on. */
  readonly checked: boolean;
}

export interface ParallelRequest {
  readonly iterations: number;
  readonly noise: Noise;
  readonly seed: number;
  /** Stops at the first violation. */
  readonly untilViolation: boolean;
}

/** A violation met by a CPU in an iteration. Plain data, as it crosses threads. */
export interface ViolationReport {
  readonly iteration: number;
  readonly kind: string;
  readonly message: string;
  readonly cpu: number;
  readonly task: number;
}

export interface ParallelReport {
  readonly iterations: number;
  /** How often each outcome was met. Counted by CPU 0 only. */
  readonly outcomes: Readonly<Record<string, number>>;
  readonly violations: readonly ViolationReport[];
  readonly violationCount: number;
  readonly counters: readonly number[];
}

export interface LockstepRequest {
  readonly schedule: SharedArrayBuffer;
  readonly events: SharedArrayBuffer;
  readonly maxSteps: number;
}

export interface LockstepReport {
  readonly violation: ViolationReport | null;
  readonly outcome: string;
}

/** The calls that a worker answers. */
export interface CpuCalls {
  /** Answers as soon as the thread has become a CPU. */
  ready(): void;
  parallel(request: ParallelRequest): ParallelReport;
  lockstep(request: LockstepRequest): LockstepReport;
  record(request: RecordRequest): RecordReport;
}

/** Violations of one run that are kept in full; the others are counted. */
const KEPT_VIOLATIONS = 100;

/** Makes the CPU of a plan and returns the calls that it answers. */
export function hostCpu(model: Model, plan: CpuPlan): CpuCalls {
  const control = new Int32Array(plan.control);
  const arena = new Arena(model.arena, plan.buffers);
  arena.shared = true;
  const counters = new Int32Array(model.counters.length);
  const config = { arena, id: plan.id, cpus: model.cpus, counters };
  const { cpus } = model;
  const first = plan.id === 0;

  function report(error: unknown, iteration: number): ViolationReport {
    if (!(error instanceof Violation)) throw error;
    const { kind, message, cpu, task } = error;
    return { iteration, kind, message, cpu, task };
  }

  const parallelCpu = new (composeCpu(ParallelCpu, model, plan.checked))(config, model, control);
  model.bind(parallelCpu);
  const lockstepCpu = new (composeCpu(LockstepCpu, model, plan.checked))(config, model, control);
  model.bind(lockstepCpu);
  const recordingCpu = new (composeCpu(RecordingCpu, model, plan.checked))(config, model, control);
  model.bind(recordingCpu);

  /** One iteration on this CPU. A violation ends it for all. */
  function iterate(cpu: ParallelCpu, iteration: number): ViolationReport | null {
    try {
      cpu.over = false;
      cpu.start(null);
      while (!cpu.over) cpu.resume();
      return null;
    } catch (error) {
      const ended = error instanceof IterationOver;
      if (!ended) Atomics.store(control, CTL_BROKEN, 1);
      Atomics.store(control, CTL_OVER, 1);
      cpu.ringAll();
      return ended ? null : report(error, iteration);
    }
  }

  /** After an iteration that nothing broke: whether its end was right. */
  function judge(iteration: number): ViolationReport | null {
    const wrong = model.finish([parallelCpu]);
    return wrong === null ? null : report(wrong, iteration);
  }

  return {
    ready() {},

    parallel(request) {
      parallelCpu.noise = request.noise;
      parallelCpu.seed = (request.seed * 2654435761 + plan.id * 40503 + 1) | 0 || 1;
      counters.fill(0);
      const outcomes: Record<string, number> = {};
      const violations: ViolationReport[] = [];
      let violationCount = 0;
      let iteration = 0;
      barrier(control, cpus);
      for (; iteration < request.iterations; iteration++) {
        let found = iterate(parallelCpu, iteration);
        // Everybody has stopped; then CPU 0 looks at the end, then each undoes what it wrote.
        barrier(control, cpus);
        if (first) {
          const outcome = model.outcome(arena);
          outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
          if (Atomics.load(control, CTL_BROKEN) === 0) found = judge(iteration);
        }
        if (found !== null) {
          violationCount++;
          if (violations.length < KEPT_VIOLATIONS) violations.push(found);
          if (request.untilViolation) Atomics.store(control, CTL_STOP, 1);
        }
        barrier(control, cpus);
        const stop = Atomics.load(control, CTL_STOP) !== 0;
        arena.reset();
        if (first) for (const word of [CTL_IDLE, CTL_OVER, CTL_BROKEN]) Atomics.store(control, word, 0);
        barrier(control, cpus);
        if (stop) {
          iteration++;
          if (first) Atomics.store(control, CTL_STOP, 0);
          break;
        }
        if (Atomics.load(control, CTL_ABORT) !== 0) throw new IterationOver('aborted by the host');
      }
      return { iterations: iteration, outcomes, violations, violationCount, counters: [...counters] };
    },

    lockstep(request) {
      const shared: LockstepShared = {
        schedule: new Uint8Array(request.schedule),
        events: new Int32Array(request.events),
        maxSteps: request.maxSteps,
      };
      let violation: ViolationReport | null = null;
      lockstepCpu.follow(shared);
      try {
        lockstepCpu.run();
      } catch (error) {
        if (!(error instanceof IterationOver)) {
          Atomics.store(control, CTL_BROKEN, 1);
          lockstepCpu.endForAll();
          violation = report(error, 0);
        }
      }
      barrier(control, cpus);
      const outcome = first ? model.outcome(arena) : '';
      if (first && Atomics.load(control, CTL_BROKEN) === 0) {
        const wrong = lockstepCpu.judgeEnd();
        violation = wrong === null ? null : report(wrong, 0);
      }
      barrier(control, cpus);
      arena.reset();
      if (first) {
        for (const word of [CTL_TURN, CTL_CHOICES, CTL_STEPS, CTL_EVENTS, CTL_BROKEN]) Atomics.store(control, word, 0);
      }
      barrier(control, cpus);
      return { violation, outcome };
    },

    record: (request) => recordRuns({ model, cpu: recordingCpu, control, arena }, request),
  };
}
