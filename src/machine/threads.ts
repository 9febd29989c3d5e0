/**
 * The host's side of the machines that run each CPU in a worker thread: piscina hosts the threads, comlink carries the
 * calls to them, async-mutex lets one caller at a time have the machine.
 */

import { setTimeout } from 'node:timers/promises';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { Mutex } from 'async-mutex';
import * as Comlink from 'comlink';
import { Piscina } from 'piscina';
import { CPU_HEARTBEAT, CPU_STRIDE, CPU_TASK, CTL_ABORT, CTL_CPUS, makeControlBlock } from './control-block.js';
import { ControlledMachine } from './controlled.js';
import type { CpuCalls, CpuPlan, LockstepReport, ParallelReport, ViolationReport } from './cpu-host.js';
import { nodeEndpoint } from './endpoint.js';
import type { Model } from './model.js';
import { NOISE, type Noise } from './parallel-cpu.js';
import type { KeptRun } from './recording-host.js';
import { EVENT_WORDS, traceHash } from './trace-buffer.js';

/**
 * A machine of worker threads could not go on: a thread died, or nothing moved any more, or it was disposed of.
 *
 * @example
 * const description = { scenario: 'kill-vs-exec', patches: [], cpus: 3 };
 * const threads = ThreadMachine.start(modelOf(description), workerCode(description));
 * await threads.dispose();
 * try {
 *   await threads.run({ iterations: 1 });
 * } catch (error) {
 *   if (error instanceof MachineError) console.log(error.message);
 * }
 */
export class MachineError extends Error {
  override readonly name = 'MachineError';
}

/** What the threads of a machine look at. */
export interface ThreadMachineOptions {
  /** The memory checker; off if not given. */
  readonly checked?: boolean;
  /** Seconds without any progress after which a run is given up; 10 if not given. */
  readonly stallSeconds?: number;
}

/** How often a machine of threads runs its model, and how its threads are disturbed. */
export interface RunOptions {
  /** Runs of the model, each from its beginning. */
  readonly iterations: number;
  /** Delays at scheduling points, as in `NOISE`; low if not given. */
  readonly noise?: Noise;
  /** Of the delays; 1 if not given. */
  readonly seed?: number;
  /** Ends with the first run that is violated. */
  readonly untilViolation?: boolean;
}

/** What a run on the parallel machine found. */
export interface RunResult {
  readonly iterations: number;
  readonly seconds: number;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly counters: Readonly<Record<string, number>>;
  /** The first hundred of each CPU, by iteration. */
  readonly violations: readonly ViolationReport[];
  readonly violationCount: number;
}

/** What is kept of runs that are recorded. */
export interface RecordOptions extends RunOptions {
  /** So many runs are kept with their schedules from the first one on, besides those that are kept anyway; 0 if not given. */
  readonly kept?: number;
}

/** A run that was recorded. */
export interface RecordedRun extends KeptRun {
  /** What was wrong, or null. */
  readonly violation: ViolationReport | null;
}

/** What recorded runs found. */
export interface RecordResult extends RunResult {
  /** The first of each outcome, those that ended in a violation, and the first ones as far as they were to be kept. */
  readonly runs: readonly RecordedRun[];
}

/** What a replay on the lockstep machine found. */
export interface LockstepResult {
  readonly events: Int32Array;
  readonly eventCount: number;
  readonly traceHash: string;
  readonly outcome: string;
  readonly violation: ViolationReport | null;
}

/** Where the code of the worker threads is, and what it needs to make the model again over there. */
export interface WorkerCode {
  readonly url: URL;
  /** Structured-cloneable; handed to the worker's own code. */
  readonly description: unknown;
}

/** What a worker is started with. */
export interface WorkerStart {
  readonly plan: CpuPlan;
  readonly description: unknown;
  readonly port: MessagePort;
}

const MAX_EVENTS = 1 << 16;
/** Decisions of one recorded run that there is room for. */
const MAX_DECISIONS = 1 << 17;
/** Scheduling points after which a run is given up as endless. */
const MAX_STEPS = 100_000;
/** How long the end of a machine waits for threads that are still starting, in milliseconds. */
const START_MS = 5000;

/**
 * The machine whose CPUs are worker threads, over shared memory: for real interleavings (`run`), for those written down
 * (`record`), and for a schedule step by step (`replay`). Its threads live until `dispose`.
 *
 * @example
 * const description = { scenario: 'kill-vs-exec', patches: [], cpus: 3 };
 * const threads = ThreadMachine.start(modelOf(description), workerCode(description));
 * try {
 *   const { iterations, violations } = await threads.run({ iterations: 20, noise: NOISE.low, seed: 1 });
 *   iterations; // 20
 *   console.log(violations.length);
 * } finally {
 *   await threads.dispose();
 * }
 */
export class ThreadMachine {
  private readonly control: Int32Array;
  private readonly pool: Piscina;
  private readonly ports: MessagePort[] = [];
  private readonly calls: Comlink.Remote<CpuCalls>[] = [];
  private readonly mutex = new Mutex();
  /** Rejects when a thread dies. */
  private readonly death: Promise<never>;
  /** Rejects when the machine is disposed of. */
  private readonly ended: Promise<never>;
  private end: (reason: Error) => void = () => {};
  private readonly stallSeconds: number;
  private dead: Error | null = null;
  /** Settles when every thread has become a CPU, or has failed to. */
  private readonly started: Promise<unknown>;
  private disposing: Promise<void> | null = null;

  private constructor(
    private readonly model: Model,
    private readonly image: ControlledMachine,
    code: WorkerCode,
    options: ThreadMachineOptions,
  ) {
    const { checked = false, stallSeconds = 10 } = options;
    this.stallSeconds = stallSeconds;
    const control = makeControlBlock(model.cpus);
    this.control = new Int32Array(control);
    this.pool = new Piscina({
      filename: code.url.href,
      minThreads: model.cpus,
      maxThreads: model.cpus,
      concurrentTasksPerWorker: 1,
      // With atomics an idle worker sleeps on them and hears nothing from its ports.
      atomics: 'disabled',
    });
    const lives: Promise<never>[] = [
      // A thread that dies before its task has reached it is heard of only here.
      new Promise((_, reject) => {
        this.pool.on('error', (error: Error) =>
          reject(new MachineError(`a worker thread could not start: ${error.message}`)),
        );
      }),
    ];
    const ready: Promise<unknown>[] = [];
    for (let id = 0; id < model.cpus; id++) {
      const channel = new MessageChannel();
      const plan: CpuPlan = { id, buffers: image.arena.buffers, control, checked };
      const start: WorkerStart = { plan, description: code.description, port: channel.port2 };
      const life = this.pool.run(start, { transferList: [channel.port2] });
      lives.push(life.then(() => new Promise<never>(() => {})).catch((error: unknown) => this.threadDied(id, error)));
      this.ports.push(channel.port1);
      const calls = Comlink.wrap<CpuCalls>(nodeEndpoint(channel.port1));
      this.calls.push(calls);
      ready.push(calls.ready());
    }
    this.death = Promise.race(lives);
    this.started = Promise.race([Promise.allSettled(ready), this.death.catch(() => {})]);
    // Whoever waits for a call hears of it there; nobody waits between calls.
    this.death.catch(() => {});
    this.ended = new Promise((_, reject) => {
      this.end = reject;
    });
    this.ended.catch(() => {});
  }

  /**
   * Starts a machine: one worker thread for each CPU.
   *
   * @param model what runs
   * @param code the workers' entry point, and what it makes the same model from
   */
  static start(model: Model, code: WorkerCode, options: ThreadMachineOptions = {}): ThreadMachine {
    return new ThreadMachine(model, new ControlledMachine(model, { checked: true }), code, options);
  }

  /** Runs the model on all CPUs at once, from its image to its end, many times. */
  run(options: RunOptions): Promise<RunResult> {
    const { iterations, noise = NOISE.low, seed = 1, untilViolation = false } = options;
    return this.mutex.runExclusive(async () => {
      const started = performance.now();
      const request = { iterations, noise, seed, untilViolation };
      const reports = await this.callAll((cpu) => cpu.parallel(request));
      const seconds = (performance.now() - started) / 1000;
      return { ...this.merge(reports), seconds };
    });
  }

  /**
   * Runs the model many times while it writes down who moves. The threads compete for each step, and while one of them
   * makes a step the others wait: so each run is one that its schedule makes again, on any machine.
   */
  record(options: RecordOptions): Promise<RecordResult> {
    const { iterations, noise = NOISE.low, seed = 1, untilViolation = false, kept = 0 } = options;
    return this.mutex.runExclusive(async () => {
      const started = performance.now();
      const schedule = new SharedArrayBuffer(MAX_DECISIONS);
      const request = { iterations, noise, seed, untilViolation, kept, schedule, maxSteps: MAX_STEPS };
      const reports = await this.callAll((cpu) => cpu.record(request));
      const seconds = (performance.now() - started) / 1000;
      const merged = this.merge(reports);
      const runs = (reports[0]?.runs ?? []).map((run): RecordedRun => {
        return { ...run, violation: merged.violations.find((found) => found.iteration === run.iteration) ?? null };
      });
      return { ...merged, seconds, runs };
    });
  }

  /** Runs a schedule, one CPU moving at a time, each on its own thread. */
  replay(schedule: Uint8Array, maxSteps = MAX_STEPS): Promise<LockstepResult> {
    return this.mutex.runExclusive(async () => {
      const shared = new SharedArrayBuffer(schedule.length);
      new Uint8Array(shared).set(schedule);
      const buffer = new SharedArrayBuffer(MAX_EVENTS * EVENT_WORDS * 4);
      const events = new Int32Array(buffer);
      const request = { schedule: shared, events: buffer, maxSteps };
      const reports: LockstepReport[] = await this.callAll((cpu) => cpu.lockstep(request));
      const eventCount = countEvents(events);
      return {
        events,
        eventCount,
        traceHash: traceHash(events, eventCount),
        outcome: reports[0]?.outcome ?? '',
        violation: reports.find((report) => report.violation !== null)?.violation ?? null,
      };
    });
  }

  /** Ends the threads. Safe to call twice, and while a run is under way: the run then fails with a `MachineError`. */
  dispose(): Promise<void> {
    this.disposing ??= this.endThreads();
    return this.disposing;
  }

  private async endThreads(): Promise<void> {
    this.dead ??= new MachineError('the machine was disposed of');
    this.end(this.dead);
    Atomics.store(this.control, CTL_ABORT, 1);
    // Node may abort where a thread is ended that is loading its modules.
    await Promise.race([this.started, setTimeout(START_MS, undefined, { ref: false })]);
    for (const call of this.calls) call[Comlink.releaseProxy]();
    for (const port of this.ports) port.close();
    await this.pool.destroy();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  /** Calls every CPU, and gives up on all of them if one dies or none gets anywhere. */
  private async callAll<T>(call: (cpu: Comlink.Remote<CpuCalls>) => Promise<T>): Promise<T[]> {
    if (this.dead !== null) throw this.dead;
    const watch = this.watchProgress();
    const answers = this.calls.map((cpu, id) => call(cpu).catch((error: unknown) => this.callFailed(id, error)));
    try {
      return await Promise.race([Promise.all(answers), this.death, this.ended, watch.stalled]);
    } catch (error) {
      this.dead ??= error instanceof Error ? error : new MachineError(String(error));
      for (const answer of answers) answer.catch(() => {});
      await this.dispose();
      throw this.dead;
    } finally {
      watch.stop();
    }
  }

  /** Watches the CPUs' heartbeats. */
  private watchProgress(): { readonly stalled: Promise<never>; stop(): void } {
    let timer: NodeJS.Timeout | undefined;
    const stalled = new Promise<never>((_, reject) => {
      let last = '';
      let since = performance.now();
      timer = setInterval(() => {
        const now = this.heartbeats().join();
        if (now !== last) {
          last = now;
          since = performance.now();
        } else if (performance.now() - since > this.stallSeconds * 1000) {
          reject(new MachineError(`no CPU made progress for ${this.stallSeconds} s: ${this.describeCpus()}`));
        }
      }, 200);
    });
    stalled.catch(() => {});
    return { stalled, stop: () => clearInterval(timer) };
  }

  private heartbeats(): number[] {
    return Array.from({ length: this.model.cpus }, (_, id) =>
      Atomics.load(this.control, CTL_CPUS + CPU_STRIDE * id + CPU_HEARTBEAT),
    );
  }

  private taskOf(id: number): string {
    const task = Atomics.load(this.control, CTL_CPUS + CPU_STRIDE * id + CPU_TASK);
    const cpu = this.image.cpus[id];
    return task === 0 || cpu === undefined ? 'no task yet' : cpu.describe(task).replace(/ \S+$/, '');
  }

  private describeCpus(): string {
    return Array.from({ length: this.model.cpus }, (_, id) => `CPU ${id} in ${this.taskOf(id)}`).join(', ');
  }

  private callFailed(id: number, error: unknown): never {
    const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    throw new MachineError(`CPU ${id} failed while it ran ${this.taskOf(id)}: ${reason}`, { cause: error });
  }

  private threadDied(id: number, error: unknown): never {
    const reason = error instanceof Error ? error.message : String(error);
    throw new MachineError(`the worker thread of CPU ${id} died while it ran ${this.taskOf(id)}: ${reason}`);
  }

  private merge(reports: readonly ParallelReport[]): Omit<RunResult, 'seconds'> {
    const counters: Record<string, number> = {};
    this.model.counters.forEach((name, number) => {
      counters[name] = reports.reduce((sum, report) => sum + (report.counters[number] ?? 0), 0);
    });
    const violations = reports.flatMap((report) => report.violations);
    violations.sort((a, b) => a.iteration - b.iteration);
    return {
      iterations: reports[0]?.iterations ?? 0,
      outcomes: reports[0]?.outcomes ?? {},
      counters,
      violations,
      violationCount: reports.reduce((sum, report) => sum + report.violationCount, 0),
    };
  }
}

/** The control block's count is reset by then; an event's number is never 0, so the first one that is ends the run. */
function countEvents(events: Int32Array): number {
  let count = 0;
  while (count < MAX_EVENTS && events[count * EVENT_WORDS + 2] !== 0) count++;
  return count;
}
