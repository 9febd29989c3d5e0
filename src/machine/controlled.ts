/**
 * The controlled machine: all CPUs as coroutines in one thread. At every scheduling point where more than one CPU can
 * move, a strategy picks the one that does.
 */

import { Arena } from '../memory/arena.js';
import { NULL } from '../memory/layout.js';
import type { CpuConfig } from '../sync/cpu.js';
import { type Coroutine, OP_LOCK, type TraceSink, Violation } from '../sync/gate.js';
import { ACCESS_READ, AccessLog } from './access-log.js';
import { Lockdep } from './checkers/lockdep.js';
import { checkerOps } from './checkers/ops.js';
import { RaceDetector } from './checkers/races.js';
import { type Checker, selectCheckers } from './checkers/selection.js';
import { composeCpu } from './compose.js';
import { type ControlledCpu, type CpuHost, FlatCpu, NestingCpu } from './controlled-cpu.js';
import { canDefer, DeferredCallbacks, freeingOps } from './deferred-rcu.js';
import { describeOperation, findDeadlock, judgeEnd, livelock, rcuStall } from './end.js';
import { FairCycle } from './fair-cycle.js';
import { loggedOps } from './logged.js';
import type { Model } from './model.js';
import { MAX_CPUS, Movers } from './movers.js';
import { inTurn, takeTurn, turnOf } from './schedule.js';

/** Picks who moves. One strategy serves many executions. */
export interface Chooser {
  /** Ask also where only one can move. Such an answer is no decision, and is not recorded; `inTurn(…)` counts there too. */
  readonly everyStep?: boolean;
  /** When it ends it has covered its whole space: all executions, or all within `bound`. Not given where it has no end. */
  readonly bound?: string | null;
  /**
   * Called where more than one CPU can move.
   *
   * @param movers those that can; the clock, if time can pass, has the number after the last CPU's
   * @param current the CPU that moved last
   * @param machine for strategies that look at the announced operations
   * @returns one of those that can move, −1 to give the execution up, or `inTurn(…)`: from there on by turns, and it is
   *   not to answer anything else any more
   */
  choose(movers: Movers, current: number, machine: ControlledMachine): number;
}

/** What a controlled machine looks at, and how long it goes on. */
export interface ControlledOptions {
  /** Which checkers watch: all if not given or true (on the kernel all but `race`), none for false. */
  readonly checked?: boolean | readonly Checker[];
  /** Scheduling points after which an execution is given up as endless; 100,000 if not given. */
  readonly maxSteps?: number;
  /** After an execution that ended well, ends what still runs, and looks at what that leaves; off if not given. */
  readonly shutdown?: boolean;
  /** Keeps the footprint of each step, for strategies that need it; off if not given. */
  readonly footprints?: boolean;
  /** Where footprints are kept, for one who wants more of them than the last step's; a log of its own if not given. */
  readonly log?: (words: number) => AccessLog;
}

/** The end of an execution. */
export interface Execution {
  /** Null if nothing was wrong. */
  readonly violation: Violation | null;
  /** Scheduling points passed. */
  readonly steps: number;
  /** Decisions made: scheduling points where more than one CPU could move. */
  readonly choices: number;
  /** The strategy gave it up before its end. */
  readonly abandoned: boolean;
}

/** Thrown inside an execution that is given up. */
class Abandoned extends Error {
  override readonly name = 'Abandoned';
}

const ABANDONED = new Abandoned('the strategy gave this execution up');

/** Thrown inside an execution that somebody outside ends. */
class Stopped extends Error {
  override readonly name = 'Stopped';
}

const STOPPED = new Stopped('this execution was stopped from outside');

/** Scheduling points between two looks at whether somebody outside ends the execution: a few milliseconds. */
const LOOK_EVERY = 4096;

/** Decisions that one execution's record has room for. */
const MAX_CHOICES = 1 << 17;

/**
 * The machine that executes a model in this thread, under a schedule that somebody else decides. One machine makes any number
 * of executions, each from the same beginning.
 *
 * @throws RangeError for a model whose number of CPUs it cannot have
 * @example
 * const machine = new ControlledMachine(model, { checked: ['memory'] });
 * const { violation, steps } = machine.execute({ choose: (movers) => movers.byDefault });
 * console.log(steps, violation?.message ?? machine.model.outcome(machine.arena));
 */
export class ControlledMachine implements CpuHost {
  readonly arena: Arena;
  readonly cpus: readonly ControlledCpu[];
  readonly counters: Int32Array;
  /** The decisions of the present execution: who was picked. */
  readonly picked = new Uint8Array(MAX_CHOICES);
  /** What the default rule would have picked. */
  readonly defaultAt = new Uint8Array(MAX_CHOICES);
  /** Who had moved last before each decision. */
  readonly currentAt = new Uint8Array(MAX_CHOICES);
  choices = 0;
  /** The decision from which on they are made by turns; −1 if none is. */
  inTurnFrom = -1;
  /** How many of them a turn lasts. */
  turn = 1;
  steps = 0;
  /** False while the CPUs come to their first scheduling points, and while the image is made. */
  running = false;
  /** True until the first execution, while the image is made: nothing blocks. */
  booting = true;
  /** Keep, for each announced operation, the stack that announced it. Slow; for replays. */
  captureStacks = false;
  /** Time passes: what the clock does, a CPU lends it. */
  ticking = false;
  /** The footprint of the step under way, where it is kept. */
  readonly accesses: AccessLog;
  readonly keepsFootprints: boolean;
  /** RCU callbacks that wait for the end of the execution, where footprints are kept. */
  readonly deferred = new DeferredCallbacks();
  /** The checkers that are on. */
  readonly checkers: readonly Checker[];
  /** What watches the locks, where it is on. */
  readonly lockdep: Lockdep | null;
  /** What watches plain accesses, where it is on. */
  readonly races: RaceDetector | null;
  /** The execution came to its end: nobody can move. */
  ended = false;
  /** One word that others may set: while it is not 0, executions are given up soon, however long they would go on. */
  stopFlag: Int32Array | null = null;
  /** The execution was given up because of that. */
  stopped = false;
  /** The CPU to go on with after a yield; −1 when nobody can move. */
  next = -1;
  private readonly movers = new Movers();
  private chooser: Chooser | null = null;
  /** Where decisions are made by turns: what looks for states that come again. */
  private fairCycle: FairCycle | null = null;
  /** The word that is not 0 while time can pass (`ModelClock`); NULL where the model has no clock. */
  readonly clockWord: number;
  /** Steps after which the execution is no longer waited for. */
  private limit = 0;
  /** Steps after which to look whether that is so, or whether it is stopped from outside. */
  private lookAt = 0;
  /** The chooser is asked no more: it has not come to an end in `maxSteps`, and perhaps was not fair. */
  private forced = false;
  /** The last execution went to the limit of steps, and is a `step-limit` though it ended by turns after that. */
  endsUncovered = false;
  private readonly words: Int32Array;
  readonly maxSteps: number;
  /** After an execution that ended well, ends what still runs. */
  readonly shutdown: boolean;

  constructor(
    readonly model: Model,
    options: ControlledOptions = {},
  ) {
    const { checked = true, maxSteps = 100_000, shutdown = false, log } = options;
    const footprints = options.footprints === true || log !== undefined;
    if (!Number.isInteger(model.cpus) || model.cpus < 1 || model.cpus > MAX_CPUS) {
      throw new RangeError(`a machine has 1 to ${MAX_CPUS} CPUs, not ${model.cpus}`);
    }
    const selected = selectCheckers(checked);
    const memory = selected.has('memory');
    this.checkers = [...selected];
    this.arena = new Arena(model.arena);
    this.words = this.arena.words;
    this.maxSteps = maxSteps;
    this.keepsFootprints = footprints;
    this.accesses = log?.(this.words.length) ?? new AccessLog(footprints ? this.words.length : 0);
    this.shutdown = shutdown;
    this.counters = new Int32Array(model.counters.length);
    const Class = composeCpu<ControlledCpu, [machine: CpuHost]>(
      model.flat === true ? FlatCpu : NestingCpu,
      model,
      memory,
      [...(footprints ? [loggedOps(memory), ...freeingOps(model)] : []), ...checkerOps(selected, footprints)],
    );
    if (footprints) this.deferred.on = canDefer(model);
    this.lockdep = selected.has('lockdep') ? new Lockdep(this, model, this.words.length) : null;
    this.races = selected.has('race') ? new RaceDetector(this, model, this.arena, { memory, footprints }) : null;
    const cpus: ControlledCpu[] = [];
    for (let id = 0; id < model.cpus; id++) {
      const config: CpuConfig = { arena: this.arena, id, cpus: model.cpus, counters: this.counters };
      const cpu = new Class(config, this);
      model.bind(cpu);
      cpus.push(cpu);
    }
    this.cpus = cpus;
    model.boot(cpus);
    this.arena.divideFreeObjects();
    this.arena.takeImage();
    this.clockWord = model.clock?.armed(this.arena) ?? NULL;
  }

  /**
   * Runs one execution from the image to its end. Where the race detector finds in it that it must look closer, it is made
   * a second time, by the same decisions, without asking the chooser.
   *
   * @param chooser makes the decisions
   * @param trace where events go
   */
  execute(chooser: Chooser, trace: TraceSink | null = null): Execution {
    const execution = this.executeOnce(chooser, trace, this.maxSteps);
    const { races, inTurnFrom, turn } = this;
    if (races === null || !races.sharing.incomplete || execution.abandoned) return execution;
    // What is worse than a race has been found without looking for races.
    if (execution.violation !== null && execution.violation !== races.found) return execution;
    const again = this.executeOnce(this.sameAgain(), trace, Number.POSITIVE_INFINITY);
    this.inTurnFrom = inTurnFrom;
    this.turn = turn;
    return again;
  }

  /** Makes the decisions of the last execution. */
  private sameAgain(): Chooser {
    const { picked } = this;
    let at = 0;
    return { choose: () => picked[at++] as number };
  }

  private executeOnce(chooser: Chooser, trace: TraceSink | null, limit: number): Execution {
    this.chooser = chooser;
    this.choices = 0;
    this.inTurnFrom = -1;
    this.forced = false;
    this.endsUncovered = false;
    this.steps = 0;
    this.setLimit(limit);
    this.next = -1;
    this.booting = false;
    this.ended = false;
    this.stopped = false;
    this.arena.reset();
    if (this.keepsFootprints) {
      this.accesses.recording = true;
      this.accesses.clear();
      this.deferred.clear();
    }
    Violation.keepsStack = this.captureStacks || trace !== null;
    this.ticking = false;
    this.lockdep?.begin();
    this.races?.begin(this.captureStacks || trace !== null);
    let violation: Violation | null = null;
    let abandoned = false;
    try {
      this.lookOutside();
      this.running = false;
      for (const cpu of this.cpus) {
        this.accesses.who = cpu.id;
        cpu.start(trace);
        cpu.resume();
      }
      this.running = true;
      this.runUntil(-1, this.pick(0));
      this.ended = true;
      if (this.races !== null) this.races.paused = true;
      if (this.keepsFootprints) {
        this.deferred.run(this.accesses);
        // What comes now is no part of the last step.
        this.accesses.recording = false;
      }
      violation = this.atEnd() ?? this.uncovered() ?? (this.shutdown ? this.shutDown() : null);
    } catch (error) {
      if (error === ABANDONED || error === STOPPED) abandoned = true;
      else if (error instanceof Violation) violation = error;
      else throw error;
      this.stopped = error === STOPPED;
    } finally {
      Violation.keepsStack = true;
    }
    if (violation === null && !abandoned && this.races !== null) violation = this.races.found;
    return { violation, steps: this.steps, choices: this.choices, abandoned };
  }

  /**
   * Lets others move until it is `waiting`'s turn, from inside its scheduling point: the coroutines of the others run
   * on top of its stack, which so need not be unwound and resumed. A CPU that is itself below on the stack cannot be
   * resumed from here; then this one yields after all, down to the one whose turn it is.
   *
   * @param waiting the CPU at whose scheduling point this is; −1 at the bottom
   * @param first who moves
   * @returns true if `waiting` must yield
   */
  runUntil(waiting: number, first: number): boolean {
    let next = first;
    while (next !== waiting) {
      const cpu = this.cpus[next];
      if (cpu === undefined || cpu.onStack) {
        this.next = next;
        return true;
      }
      cpu.onStack = true;
      cpu.move();
      cpu.onStack = false;
      next = this.next;
    }
    return false;
  }

  /** Who moves next: −1 when nobody can. Where it is the clock, time passes, and then somebody is picked. */
  pick(current: number, after = current): number {
    const { cpus, movers } = this;
    const { ids } = movers;
    let count = 0;
    let goesOn = false;
    for (let id = 0; id < cpus.length; id++) {
      const cpu = cpus[id] as ControlledCpu;
      if (cpu.op < OP_LOCK || cpu.enabled()) {
        ids[count++] = id;
        if (id === current) goesOn = true;
      }
    }
    if (this.words[this.clockWord] !== 0) ids[count++] = cpus.length;
    if (count === 0) return -1;
    if (++this.steps > this.lookAt) this.look(current);
    movers.count = count;
    const byDefault = goesOn ? current : (ids[0] as number);
    movers.byDefault = byDefault;
    const chooser = this.chooser as Chooser;
    let picked = byDefault;
    if (count > 1) {
      picked = this.forced ? inTurn(this.turn) : chooser.choose(movers, current, this);
      if (picked < 0) throw ABANDONED;
      if (picked > MAX_CPUS) picked = this.takeTurn(picked, after);
      const at = this.choices++;
      this.picked[at] = picked;
      this.defaultAt[at] = byDefault;
      this.currentAt[at] = current;
    } else if (chooser.everyStep === true && !this.forced) {
      const answer = chooser.choose(movers, current, this);
      if (answer < 0) throw ABANDONED;
      if (answer > MAX_CPUS) this.takeTurn(answer, after);
    }
    if (this.inTurnFrom >= 0) this.lookForCycle(picked, current);
    return picked === cpus.length ? this.tick(current) : picked;
  }

  private takeTurn(choice: number, after: number): number {
    if (this.inTurnFrom < 0) {
      this.turn = turnOf(choice);
      // As many again: it may have been the scheduling.
      this.setLimit(this.steps + this.maxSteps);
      this.inTurnFrom = this.choices;
      this.fairCycle = new FairCycle(this.arena, this.cpus);
    }
    return takeTurn(this.movers, this.turn, this.choices - this.inTurnFrom, after);
  }

  private lookForCycle(picked: number, current: number): void {
    const cycle = this.fairCycle?.step(this.movers, picked, (this.choices - this.inTurnFrom) % this.turn) ?? null;
    if (cycle === null) return;
    const going = cycle.map(({ cpu }) => ({ id: cpu }));
    const found = livelock(this.cpus, cycle, current);
    const stall = rcuStall(this.model, this.cpus, going);
    if (stall === null) throw found;
    const { kind, message, cpu, task } = stall;
    throw new Violation(kind, message, cpu, task, [{ what: found.message, stack: '' }, ...found.witnesses]);
  }

  private setLimit(steps: number): void {
    this.limit = steps;
    this.lookAt = this.stopFlag === null ? steps : Math.min(steps, this.steps + LOOK_EVERY);
  }

  private look(current: number): void {
    this.lookOutside();
    if (this.steps > this.limit) this.atLimit(current);
    else this.setLimit(this.limit);
  }

  private lookOutside(): void {
    if (this.stopFlag !== null && Atomics.load(this.stopFlag, 0) !== 0) throw STOPPED;
  }

  /** There was no end: what the chooser did may not have been fair, so the rest is by turns. */
  private atLimit(current: number): void {
    if (this.inTurnFrom >= 0) this.giveUp(current);
    this.forced = true;
    this.turn = 1;
    // Also where nobody has a choice: what spins alone comes to no decision.
    this.takeTurn(inTurn(1), current);
  }

  /** The execution has ended, but only when the chooser was asked no more: one that must cover everything has not. */
  private uncovered(): Violation | null {
    if (!this.forced || (this.chooser as Chooser).bound === undefined) return null;
    this.endsUncovered = true;
    const message = `no end after ${this.maxSteps} scheduling points, and one after ${this.steps}, under fair scheduling: a loop that spins must say so (relax)`;
    return new Violation('step-limit', message, -1, 0);
  }

  private giveUp(current: number): never {
    const cpu = this.cpus[current] as ControlledCpu;
    throw new Violation(
      'step-limit',
      `no end after ${this.maxSteps} scheduling points under fair scheduling, and no state came again and again; ${cpu.label(current)} is at ${describeOperation(cpu, cpu)}`,
      current,
      cpu.current,
    );
  }

  private tick(current: number): number {
    if (this.keepsFootprints) {
      this.accesses.add(this.clockWord, ACCESS_READ, this.words[this.clockWord] as number, 0);
      this.accesses.guards = 1;
    }
    const { races } = this;
    const paused = races?.paused ?? true;
    this.ticking = true;
    if (races !== null) races.paused = true;
    this.model.clock?.tick(this.cpus[0] as ControlledCpu);
    if (races !== null) races.paused = paused;
    this.ticking = false;
    return this.pick(current, this.cpus.length);
  }

  /**
   * After an execution has ended: goes on, to see what would happen. Not a part of the execution, whose schedule must have
   * been taken before.
   *
   * @param chooser makes the decisions, and ends it
   * @param handler an interrupt that comes first; null if something in memory has changed that lets a CPU go on
   */
  goOn(chooser: Chooser, handler: Coroutine<void> | null): void {
    const first = this.cpus[0] as ControlledCpu;
    this.chooser = chooser;
    this.next = -1;
    this.ended = false;
    // Whoever keeps accesses keeps these too.
    this.accesses.recording = true;
    try {
      if (handler === null) {
        this.next = this.pick(0);
      } else {
        first.onStack = true;
        first.interruptWith(handler);
        first.onStack = false;
      }
      this.runUntil(-1, this.next);
    } catch (error) {
      // What a rule that is broken only now has to say concerns no execution.
      if (error !== ABANDONED && error !== STOPPED && !(error instanceof Violation)) throw error;
    }
  }

  /** Ends what still runs. Not a part of the execution: its steps and decisions, and what CPUs wait with, stay as they were. */
  private shutDown(): Violation | null {
    const { model, steps, choices, deferred, accesses } = this;
    const first = this.cpus[0] as ControlledCpu;
    if (model.shutdown === undefined) return null;
    for (const cpu of this.cpus) cpu.trace = null;
    const parked = this.cpus.map(({ op, opAddress, opA, opB }) => ({ op, opAddress, opA, opB }));
    const { on } = deferred;
    const { guards } = accesses;
    this.chooser = FIRST_COME;
    this.next = -1;
    // What is freed now is looked for when this is over.
    deferred.on = false;
    try {
      first.onStack = true;
      first.interruptWith(model.shutdown(first));
      first.onStack = false;
      this.runUntil(-1, this.next);
      this.steps = steps;
      this.choices = choices;
      return findDeadlock(model, first, this.cpus) ?? model.afterShutdown?.(first) ?? null;
    } finally {
      deferred.on = on;
      accesses.guards = guards;
      this.cpus.forEach((cpu, id) => Object.assign(cpu, parked[id]));
    }
  }

  /** Nobody can move: either all are at rest, and the model says whether that is right, or some are stuck. */
  private atEnd(): Violation | null {
    const { lockdep } = this;
    const holdersOf = lockdep === null ? undefined : (lock: number) => lockdep.holdersOf(lock);
    return judgeEnd(this.model, this.cpus[0] as ControlledCpu, this.cpus, holdersOf, this.cpus);
  }
}

/** Whoever moved last goes on for as long as it can. */
const FIRST_COME: Chooser = {
  choose: (movers) => movers.byDefault,
};
