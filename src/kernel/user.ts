/** User mode: how a task comes to run a program, and a handler. */

import { type Coroutine, Violation } from '../sync/gate.js';
import { __NR_exit_group, PF_FORKNOEXEC, SYSCALL_EXIT_WORK_FLAGS } from './constants.js';
import type { Kernel, KernelData } from './kernel.js';
import type { Handler, Program, ProgramFile, Scenario } from './scenario.js';
import type { KernelSiginfo } from './signal/siginfo.js';
import { task_struct } from './structs.js';
import { makeSys, type Sys, userSiginfo } from './sys.js';

/** What user mode consists of: a scenario's programs, with handlers and files. */
export interface UserSpace {
  readonly scenario: Scenario;
  readonly programs: readonly Program[];
  readonly handlers: readonly Handler[];
  readonly files: readonly ProgramFile[];
}

export function userSpaceOf(scenario: Scenario): UserSpace {
  return {
    scenario,
    programs: Object.values(scenario.programs),
    handlers: Object.values(scenario.handlers ?? {}),
    files: Object.keys(scenario.programs).map((name) => ({ name, ...scenario.files?.[name] })),
  };
}

type UserFunctions = Pick<KernelData, 'start_program' | 'start_handler' | 'program_file' | 'program_threw'>;

/** A frame of a stack that has a file: which. */
const FRAME = /^\s+at (?:.*\()?(?:file:\/\/)?(\/.*|[A-Za-z]:.*):\d+:\d+\)?$/;
/** Where siglab's own code is, built and as written. */
const BUILT = new URL('..', import.meta.url).pathname;
const OWN = [BUILT, BUILT.replace(/\/dist\/src\/$/, '/src/')];

/**
 * Whether an error was thrown by a program's own code. What the machine throws, or a strategy, or the program of another
 * CPU, comes up through the same frames: then there is other code of siglab's before this file.
 */
function isOfProgram(error: unknown): boolean {
  if (!(error instanceof Error)) return true;
  for (const line of (error.stack ?? '').split('\n')) {
    const file = FRAME.exec(line)?.[1] ?? '';
    const own = OWN.find((folder) => file.startsWith(folder));
    if (own !== undefined) return /^kernel\/user\.[jt]s$/.test(file.slice(own.length));
  }
  return true;
}

/** What is put on each CPU so that its tasks can run a scenario's programs. */
export const userFunctions: UserFunctions & ThisType<Kernel & { sys: Sys | null }> = {
  *start_program(fromKernel: boolean): Coroutine<void> {
    this.schedule_tail();
    this.sys ??= makeSys(this, this.userSpace.scenario);
    const t = this.current;
    if (fromKernel && this.get(t, task_struct.in_syscall) === 0) {
      // A new task's first way out of the kernel (`ret_from_fork`), or a new program's.
      if ((this.get(t, task_struct.flags) & PF_FORKNOEXEC) !== 0) {
        yield* this.calculate_sigpending();
      } else {
        this.set(t, task_struct.ax, 0);
        const flags = this.peek(t + task_struct.thread_flags);
        if ((flags & SYSCALL_EXIT_WORK_FLAGS) !== 0) yield* this.syscall_slow_exit_work(flags);
      }
      this.set(t, task_struct.orig_ax, -1);
      yield* this.returnToUserMode();
    }
    const program = this.userSpace.programs[this.get(t, task_struct.program)] as Program;
    let code: number | void;
    try {
      code = yield* program(this.sys);
    } catch (error) {
      throw this.program_threw(error);
    }
    yield* this.do_syscall_64({ nr: __NR_exit_group, args: [typeof code === 'number' ? code : 0] });
  },

  program_threw(error: unknown): unknown {
    if (error instanceof Violation || !isOfProgram(error)) return error;
    const name = this.describe(this.current).replace(/ \S+$/, '');
    const violation = new Violation('exception', `the program of ${name} threw ${error}`, this.id, this.current);
    if (error instanceof Error && error.stack !== undefined) violation.stack = error.stack;
    return violation;
  },

  program_file(program: number): ProgramFile {
    return this.userSpace.files[program] as ProgramFile;
  },

  *start_handler(handler: number, sig: number, info: KernelSiginfo | null): Coroutine<void> {
    const run = this.userSpace.handlers[handler] as Handler;
    try {
      yield* run(this.sys as Sys, sig, info === null ? null : userSiginfo(info));
    } catch (error) {
      throw this.program_threw(error);
    }
  },
};
