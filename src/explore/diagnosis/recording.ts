/** An execution made again with everything that it reads and writes kept, to find out why it hangs. */

import { ACCESS_READ, ACCESS_WRITE, AccessLog, applyAccess } from '../../machine/access-log.js';
import { type Chooser, ControlledMachine } from '../../machine/controlled.js';
import type { Sleeper } from '../../machine/model.js';
import type { Movers } from '../../machine/movers.js';
import { generationOf } from '../../memory/slab.js';
import type { TraceSink, Violation } from '../../sync/gate.js';

/** One access to memory. */
export interface Noted {
  /** Its place among all. */
  readonly index: number;
  /** Scheduling points passed, the one that it belongs to included. */
  readonly step: number;
  /** The CPU, or the clock with the number after the last CPU's. */
  readonly cpu: number;
  readonly task: number;
  /** Made by the handler of an interrupt, and not by the task that it came to. */
  readonly inInterrupt: boolean;
  readonly address: number;
  /** One of `ACCESS_…`. */
  readonly kind: number;
  readonly before: number;
  readonly after: number;
  /** An atomic operation that takes something from the word. */
  readonly countsDown: boolean;
  /** Where it was made; empty unless that was asked for. */
  readonly stack: string;
}

/** Whether an access was made by one who sleeps now, and not by an interrupt that came to it. */
export function isBy({ cpu, task }: Sleeper, noted: Noted): boolean {
  return !noted.inInterrupt && (task === 0 ? noted.cpu === cpu : noted.task === task);
}

/** Whether an access may have changed its word. */
export function isWrite({ kind }: Noted): boolean {
  return kind !== ACCESS_READ;
}

/** An event of the trace, as far as it matters here. */
interface SeenEvent {
  readonly task: number;
  readonly event: number;
}

/** Keeps the accesses of all steps. */
class WholeLog extends AccessLog {
  readonly all: Noted[] = [];
  machine: ControlledMachine | null = null;
  /** How many words were counted down before the access that comes. */
  private downs = 0;
  /** Those whose stack is wanted. */
  wanted: ReadonlySet<number> = new Set();

  override noteAllocated(object: number): void {
    const { machine } = this;
    if (machine === null) return;
    // The word before an object counts how often its place was used.
    const generation = generationOf(machine.arena, object);
    this.add(object - 1, ACCESS_WRITE, generation - 1, generation);
  }

  override clear(): void {
    super.clear();
    this.downs = 0;
  }

  /** Whether the access that comes is one of those that the machine has just announced as such. */
  private isDown(address: number): boolean {
    const { countedDown } = this;
    const announced = countedDown.length > this.downs && countedDown.at(-1) === address;
    this.downs = countedDown.length;
    return announced;
  }

  override add(address: number, kind: number, before: number, operand: number): void {
    const { machine, all } = this;
    if (machine === null || machine.booting) return;
    const cpu = machine.cpus[this.who];
    const index = all.length;
    all.push({
      index,
      step: machine.steps,
      cpu: this.who,
      task: cpu?.current ?? 0,
      inInterrupt: cpu?.inInterrupt === true,
      address,
      kind,
      before,
      after: applyAccess(kind, before, operand),
      countsDown: this.isDown(address),
      stack: this.wanted.has(index) ? stackOf(cpu?.announcedAt ?? '') : '',
    });
  }
}

/** An operation is performed when the machine comes back to it; it was announced where the code stands. */
function stackOf(announcedAt: string): string {
  const here = new Error().stack ?? '';
  return /\bcompletePoint\b/.test(here.split('\n').slice(1, 6).join()) ? announcedAt : here;
}

const NO_STACKS: ReadonlySet<number> = new Set();

/** A machine that makes executions again. */
export class Recorder {
  readonly machine: ControlledMachine;
  events: SeenEvent[] = [];
  /** Who made each step, the first first. */
  readonly moves: number[] = [];
  private readonly log: WholeLog;
  private readonly sink: TraceSink = {
    emit: (_cpu, task, event) => void this.events.push({ task, event }),
  };

  constructor({ model, checkers, maxSteps }: ControlledMachine) {
    let log: WholeLog | null = null;
    const makeLog = (words: number): AccessLog => {
      log = new WholeLog(words);
      return log;
    };
    this.machine = new ControlledMachine(model, { checked: checkers, maxSteps, log: makeLog });
    // What a grace period frees is freed when it ends, as in the execution that is made again.
    this.machine.deferred.on = false;
    this.log = log as unknown as WholeLog;
    this.log.machine = this.machine;
  }

  /** What was read and written, in order. */
  get accesses(): readonly Noted[] {
    return this.log.all;
  }

  /**
   * Makes an execution again.
   *
   * @param picks who was picked at each decision
   * @param wanted the accesses whose stacks are to be kept
   * @returns how it ended
   */
  record(picks: Uint8Array, wanted: ReadonlySet<number> = NO_STACKS): Violation | null {
    let at = 0;
    return this.run(
      (movers) => (movers.count > 1 ? (picks[at++] ?? movers.byDefault) : movers.ids[0]) as number,
      wanted,
    );
  }

  /** Makes an execution. @param pick says who moves at each step; −1 ends it */
  run(pick: (movers: Movers) => number, wanted: ReadonlySet<number> = NO_STACKS): Violation | null {
    this.log.all.length = 0;
    this.moves.length = 0;
    this.log.wanted = wanted;
    this.events = [];
    this.machine.captureStacks = wanted.size > 0;
    return this.machine.execute(this.chooser(pick), this.sink).violation;
  }

  /** Wakes one that sleeps at the end of the execution, and lets the machine go on. @param steps at most */
  wake(sleeper: Sleeper, steps: number): void {
    const { machine } = this;
    const { sleep } = machine.model;
    if (sleep === undefined) return;
    const limit = machine.steps + steps;
    this.events = [];
    this.log.who = 0;
    const handler = sleep.wake(machine.cpus, sleeper);
    machine.goOn(
      this.chooser((movers) => {
        if (machine.steps > limit) return -1;
        return movers.has(sleeper.cpu) ? sleeper.cpu : movers.byDefault;
      }),
      handler,
    );
  }

  private chooser(pick: (movers: Movers) => number): Chooser {
    const { log, moves } = this;
    return {
      everyStep: true,
      choose: (movers) => {
        const picked = pick(movers);
        log.who = picked;
        moves.push(picked);
        log.clear();
        return picked;
      },
    };
  }
}
