/** User mode: how a task comes to run a program, and a handler. */

import type { Coroutine } from '../sync/gate.js';
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

type UserFunctions = Pick<KernelData, 'start_program' | 'start_handler' | 'program_file'>;

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
    const code = yield* program(this.sys);
    yield* this.do_syscall_64({ nr: __NR_exit_group, args: [typeof code === 'number' ? code : 0] });
  },

  program_file(program: number): ProgramFile {
    return this.userSpace.files[program] as ProgramFile;
  },

  *start_handler(handler: number, sig: number, info: KernelSiginfo | null): Coroutine<void> {
    const run = this.userSpace.handlers[handler] as Handler;
    yield* run(this.sys as Sys, sig, info === null ? null : userSiginfo(info));
  },
};
