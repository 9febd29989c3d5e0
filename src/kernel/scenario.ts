/** What a scenario is: the processes before the race, what they run, and what must or must never happen. */

import type { Coroutine } from '../sync/gate.js';
import type { KernelPatch } from './kernel.js';
import type { Setup } from './setup.js';
import type { Siginfo, Sys } from './sys.js';

/** What a task runs in user mode. It ends by returning its exit code, or stays in `sys.stay()`. */
export type Program = (sys: Sys) => Coroutine<number | void>;

/** What a program has done for a signal. `info` is null unless it was installed with `SA_SIGINFO`. */
export type Handler = (sys: Sys, sig: number, info: Siginfo | null) => Coroutine<void>;

/** What matters of a program's file: its name, and the set-user-id and set-group-id bits. */
export interface ProgramFile {
  readonly name: string;
  /** The owner, where the set-user-id bit is set. */
  readonly setuid?: number | undefined;
  /** The group, where the set-group-id bit is set. */
  readonly setgid?: number | undefined;
}

/** What scenarios are about; a list of them is in this order. */
export const SUBJECTS = [
  'kill and exec',
  'lookup and lifetime',
  'fork and clone',
  'delivery',
  'stop and continue',
  'exit and wait',
  'locking',
  'limits and queues',
  'tracing',
  'credentials and containers',
  'programs',
] as const;
/** What a scenario is about. */
export type Subject = (typeof SUBJECTS)[number];

/** A patch that breaks a scenario's claim. */
export interface Breaking {
  /** The patch's name. */
  readonly name: string;
  /** What goes wrong with it, in a phrase. */
  readonly breaks: string;
  /** The kind of violation that names it best: what some execution with the patch ends in. */
  readonly kind: string;
}

/** An outcome, as `Scenario.outcome` words it, and what it means. */
export interface NamedOutcome {
  readonly outcome: string;
  /** How it comes about, or why it cannot: a sentence. */
  readonly because: string;
}

/** One of the kernel's counters (`kill_pid_info.retry`) that some execution must raise: that the race is there. */
export interface SeenCounter {
  readonly counter: string;
  readonly because: string;
}

/** A race: who takes part, what must hold, how it ends: docs/scenarios.md. */
export interface Scenario {
  /** As typed on the command line. */
  readonly name: string;
  readonly subject: Subject;
  /** One line. */
  readonly title: string;
  /** A paragraph that a student can follow. */
  readonly story: string;
  /** The processes and threads, and what each does. */
  readonly cast: readonly string[];
  /** What must hold, in a sentence. */
  readonly claim: string;
  /** The kernel functions to watch. */
  readonly watch: readonly string[];
  /** The patches that break the claim. */
  readonly patches: readonly Breaking[];
  /**
   * All outcomes that the unpatched kernel has: each is reached by some schedule, and an execution that ends in another
   * one is a violation (`invariant`). If not given, any outcome is as good as another.
   */
  readonly possible?: readonly NamedOutcome[];
  /** Outcomes that a reader might expect and that `possible` rules out. */
  readonly impossible?: readonly NamedOutcome[];
  /** What some execution of the unpatched kernel must do. */
  readonly seen?: readonly SeenCounter[];
  /** What to expect of the unpatched kernel: that the claim holds (if not given), or a violation of a kind. */
  readonly expected?: string;
  /**
   * For a scenario whose executions are too many: what is verified are all with at most so many preemptions. If not
   * given all are.
   */
  readonly bound?: { readonly preemptions: number };
  /** What to learn from it. */
  readonly learn: string;
  /** Further reading: files of the kernel's source, and what to look for there. */
  readonly reading?: readonly string[];
  /** How many CPUs it is made for. */
  readonly cpus: number;
  readonly programs: Readonly<Record<string, Program>>;
  readonly handlers?: Readonly<Record<string, Handler>>;
  /** The programs whose files are set-user-id or set-group-id. */
  readonly files?: Readonly<Record<string, Omit<ProgramFile, 'name'>>>;
  /** Names of the values that programs report with `sys.result`. */
  readonly results: readonly string[];
  /** Makes the processes that exist before the race begins. */
  readonly setup: (setup: Setup) => void;
  /** When nothing can move any more: what should have happened and did not, or null if all is done. */
  readonly unfinished?: (results: Readonly<Record<string, number | null>>) => string | null;
  /** A run's outcome in words, from the values reported (null for one that was not). Runs with equal ones count as one. */
  readonly outcome: (results: Readonly<Record<string, number | null>>) => string;
}

/** Functions of the kernel that are replaced, and why: docs/scenarios.md. */
export interface Patch {
  /** As typed on the command line. */
  readonly name: string;
  readonly title: string;
  /** What the kernel does differently with it, and what that breaks. */
  readonly story: string;
  readonly functions: KernelPatch;
}
