/** What a machine runs. The machines know nothing of the kernel: a model brings its memory, functions and coroutines. */

import type { Arena, ArenaSpec } from '../memory/arena.js';
import type { Cpu } from '../sync/cpu.js';
import type { Coroutine, Violation } from '../sync/gate.js';
import type { TraceEvent } from './trace-buffer.js';

/** Time, for a model that has it. That it passes is a decision like that of a CPU to move. */
export interface ModelClock {
  /** Address of the word that is not 0 while a timer is armed whose interrupt has not been sent. */
  armed(arena: Arena): number;
  /**
   * Lets time pass until the next timer expires, and sends its CPU `IRQ_TIMER`.
   *
   * @param cpu any CPU of the machine: the one whose thread this is
   */
  tick(cpu: Cpu): void;
  /** What a CPU runs for the interrupt, with interrupts disabled. */
  interrupt(cpu: Cpu): Coroutine<void>;
}

/** One that sleeps when an execution has ended. */
export interface Sleeper {
  readonly cpu: number;
  /** The task; 0 in a model whose threads are its CPUs. */
  readonly task: number;
  /** What reports call it. */
  readonly name: string;
  /** Where it sleeps: `in wait(changed)`; empty where its stack tells. */
  readonly place: string;
  /** The word by which others tell whether it sleeps. */
  readonly wakeWord: number;
  /** The word that a wake-up changes, where that is another one. */
  readonly wokenWord?: number;
}

/** What a model tells of its tasks that sleep, for a look at executions that hang. */
export interface SleepModel {
  /** Those that sleep and that a wake-up would end the sleep of, when nobody can move. */
  sleepers(cpus: readonly Cpu[]): readonly Sleeper[];
  /** Those that are stopped, which more than a wake-up must end. */
  stopped?(cpus: readonly Cpu[]): readonly Sleeper[];
  /**
   * Wakes one though nobody did.
   *
   * @returns an interrupt that does it; null where memory has been changed so that it goes on
   */
  wake(cpus: readonly Cpu[], sleeper: Sleeper): Coroutine<void> | null;
  /** Whether an event shows that the task that it is of has come out of its sleep. */
  goesOn?(event: number): boolean;
  /**
   * Of a task that `finish` has found to sleep though it has something to do: the words whose last changes by others tell
   * why, and which of them is the one by which others tell whether it sleeps.
   */
  wakeHistory?(cpus: readonly Cpu[], task: number): { readonly sleeper: Sleeper; readonly words: readonly number[] };
  /** What a sleeper waits for, where that can be told, and the word that says who has it; 0 where nothing does. */
  waitsFor?(cpu: Cpu, sleeper: Sleeper): { readonly what: string; readonly ownerWord: number } | null;
  /** Whether those who mean to wake somebody have found nobody. @param looks at the word, and at the one after it */
  foundNobody?(value: number, next: number | null): boolean;
}

/** A grace period that does not end. */
export interface StalledGracePeriod {
  /** What reports call the RCU. */
  readonly rcu: string;
  /** The CPUs that hold it up. */
  readonly readers: readonly number[];
  /** Who waits for it, in words. */
  readonly waiter: string;
  /** The word that readers change when they enter a section; 0 where entering one changes no word that others see. */
  readonly readerWord: number;
}

/** An object of a slab cache that is in use at the end of an execution, and should not be. */
export interface LeakedObject {
  readonly address: number;
  /** What reports call it. */
  readonly name: string;
  /** The word that counts references to it; NULL where nothing does. */
  readonly count: number;
}

/** What a machine runs: its memory, its coroutines, and what reports say of them. `kernelModel` and `defineModel` make one. */
export interface Model {
  /** What tokens and reports call it. */
  readonly name: string;
  /** The patches that it runs with, in order. */
  readonly patches: readonly string[];
  readonly cpus: number;
  /** Its coroutines yield at every scheduling point, and are resumed with the operation's result. */
  readonly flat?: boolean;
  readonly arena: ArenaSpec;
  /** Put on the prototype of the machine's CPUs, later ones over earlier ones of the same name. */
  readonly functions: readonly object[];
  /** Names of what is counted, in the order of each CPU's `counters`. */
  readonly counters: readonly string[];
  /** Gives a new CPU what its functions expect to find on it. */
  bind(cpu: Cpu): void;
  /** Makes the image that every execution starts from. Runs once, with the gate open: nothing blocks. */
  boot(cpus: readonly Cpu[]): void;
  /** At the start of an execution: sets `cpu.current` from the arena, and returns the coroutine that runs first. */
  begin(cpu: Cpu): Coroutine<void>;
  /** Called where the coroutine of a `flat` model's CPU has ended. */
  ended?(cpu: Cpu): void;
  /** A coroutine for `cpu.current`, which has not run in this execution. */
  resume(cpu: Cpu): Coroutine<void>;
  /** Whether a CPU that cannot move waits for nothing all the same. */
  isAtRest?(parked: { readonly id: number; readonly op: number; readonly opAddress: number }): boolean;
  /** Of a word that a join waits for: the CPU whose end it waits for; undefined for any other word. */
  endOf?(address: number): number | undefined;
  /** The outcome of an execution, in words. @param violation what was wrong with it; nothing if not given */
  outcome(arena: Arena, violation?: Violation | null): string;
  /** What an event says, in words that a story takes for its own; null for one of the model's that it need not show. */
  describeEvent?(cpu: Cpu, event: TraceEvent): string | null;
  /** An event in plain words: who does something, and what; null for one that a plain account leaves out. */
  narrate?(cpu: Cpu, event: TraceEvent): { readonly who: string; readonly what: string } | null;
  /** What the model's trace points are called in traces, by their numbers. */
  readonly eventNames?: Readonly<Record<number, string>>;
  /** One of the model's trace points: its fields, read at the moment of the event; null for one that has none. */
  traceFields?(cpu: Cpu, event: TraceEvent): Readonly<Record<string, number | string>> | null;
  /** A trace point's fields in a line. */
  traceText?(event: number, fields: Readonly<Record<string, number | string>>): string;
  /** What a word's value means: `task 101`, `NULL`, `TASK_INTERRUPTIBLE`. */
  describeValue?(cpu: Cpu, address: number, value: number): string;
  /** Fields on which races are meant to be: by struct, the offsets of their words. */
  readonly racy?: Readonly<Record<string, readonly number[]>>;
  /** Fields that may be read without what orders those who write them: by struct, the offsets of their words. */
  readonly racyReads?: Readonly<Record<string, readonly number[]>>;
  readonly clock?: ModelClock;
  readonly sleep?: SleepModel;
  /** A grace period that somebody waits for and that some CPUs hold up now; null if there is none. */
  stalledGracePeriod?(cpus: readonly Cpu[]): StalledGracePeriod | null;
  /**
   * Called when every CPU is idle: what is wrong with the end of the execution, or null.
   *
   * @param cpus all of the machine, or, on machines of threads, the one whose thread this is
   */
  finish(cpus: readonly Cpu[]): Violation | null;
  /** The objects that a `leak` is about. */
  leaked?(arena: Arena): readonly LeakedObject[];
  /** Ends whatever still runs: an interrupt that comes when every CPU is at rest. For `ControlledOptions.shutdown`. */
  shutdown?(cpu: Cpu): Coroutine<void>;
  /** Called when every CPU is at rest again after it: what is wrong, or null. */
  afterShutdown?(cpu: Cpu): Violation | null;
}
