/**
 * A CPU of the parallel machine while it records: a worker thread of its own, that competes with the others for each
 * step. Whoever gets the turn first on the real machine moves, and what it was to others is written down as the
 * decision of a schedule. So a recorded run is one that a token can express, whatever happens in it: within a step
 * nobody else moves, as on the controlled machine.
 */

import { CTL_ABORT, CTL_CHOICES, CTL_LAST, CTL_TURN, IterationOver, TURN_FREE, TURN_OVER } from './control-block.js';
import { LockstepCpu } from './lockstep-cpu.js';
import { NOISE, type Noise } from './parallel-cpu.js';
import { BY_DEFAULT } from './schedule.js';

/** What the threads of a recorded run share besides the arena and the control block. */
export interface RecordingShared {
  /** Room for the decisions. */
  readonly schedule: Uint8Array;
  readonly maxSteps: number;
}

/** Looks at whose turn it is this often before going to sleep. */
const SPINS = 200;
/** How long a CPU sleeps at most before it looks again, in milliseconds. */
const NAP_MS = 1;
/** While a timer is armed, time passes at one step in so many. */
const TICK_EVERY = 64;

export class RecordingCpu extends LockstepCpu {
  noise: Noise = NOISE.none;
  /** State of the generator of delays; seeded by the host, so that CPUs differ. */
  seed = 1;
  private recording: RecordingShared | null = null;
  private spun = 0;

  /** Gets ready to record. */
  startRecording(shared: RecordingShared): void {
    this.recording = shared;
    this.starting = true;
    this.start(null);
  }

  protected override takeTurn(): void {
    if (this.starting) {
      this.starting = false;
      if (this.id < this.cpus - 1) this.passTurn(this.id + 1);
      else {
        this.control[CTL_LAST] = 0;
        this.freeTurn();
      }
    } else this.freeTurn();
    this.delay();
    this.compete();
  }

  /** Gives the turn up, with its operation announced. Where nobody can move, lets time pass, or ends the run. */
  private freeTurn(): void {
    const { control, movers, cpus } = this;
    for (;;) {
      this.findMovers(control[CTL_LAST] as number);
      if (movers.count === 0) {
        this.passTurn(TURN_OVER);
        throw new IterationOver('nobody can move');
      }
      const clock = movers.has(cpus);
      if (!clock || (movers.count > 1 && this.draw() % TICK_EVERY !== 0)) break;
      this.note(cpus);
      this.model.clock?.tick(this);
    }
    this.passTurn(TURN_FREE);
  }

  /** Takes the turn as soon as it is free and this CPU can move. */
  private compete(): void {
    const { control, id, movers } = this;
    for (let spins = 0; ; spins++) {
      const turn = Atomics.load(control, CTL_TURN);
      if (turn === TURN_OVER || Atomics.load(control, CTL_ABORT) !== 0) throw new IterationOver('the run ended');
      // Looked at without the turn, it may be out of date; with it, it is not.
      if (turn === TURN_FREE && this.enabled() && Atomics.compareExchange(control, CTL_TURN, turn, id) === turn) {
        this.findMovers(control[CTL_LAST] as number);
        if (movers.has(id)) {
          this.note(id);
          control[CTL_LAST] = id;
          return;
        }
        this.passTurn(TURN_FREE);
      } else if (spins >= SPINS) {
        spins = 0;
        Atomics.wait(control, CTL_TURN, turn, NAP_MS);
      }
    }
  }

  /** Writes down who moves, where more than one can. */
  private note(next: number): void {
    const { control, movers } = this;
    const { schedule, maxSteps } = this.recording as RecordingShared;
    this.countStep(maxSteps);
    if (movers.count < 2) return;
    const position = control[CTL_CHOICES] as number;
    control[CTL_CHOICES] = position + 1;
    if (position < schedule.length) schedule[position] = next === movers.byDefault ? BY_DEFAULT : next;
  }

  /** The next of a row of numbers that looks random. */
  private draw(): number {
    let s = this.seed;
    s ^= s << 13;
    s ^= s >>> 17;
    s ^= s << 5;
    this.seed = s;
    return s >>> 0;
  }

  /** Takes up a little time, now and then, in which others can take the turn. */
  private delay(): void {
    if (this.noise.every === 0) return;
    const random = this.draw();
    if (random % this.noise.every !== 0) return;
    const turns = (random >>> 8) % this.noise.longest;
    for (let turn = 0; turn < turns; turn++) this.spun = (this.spun + turn) | 0;
  }
}
