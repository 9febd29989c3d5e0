/** Tracers that ask for anything, of processes that do anything: whatever they do, all can be killed, and all is freed. */

import { expect, test } from 'vitest';
import {
  __WALL,
  __WNOTHREAD,
  PTRACE_ATTACH,
  PTRACE_CONT,
  PTRACE_DETACH,
  PTRACE_GETREGS,
  PTRACE_GETSIGINFO,
  PTRACE_INTERRUPT,
  PTRACE_KILL,
  PTRACE_LISTEN,
  PTRACE_O_EXITKILL,
  PTRACE_SEIZE,
  PTRACE_SETOPTIONS,
  PTRACE_SETSIGMASK,
  PTRACE_SINGLESTEP,
  PTRACE_SYSCALL,
  PTRACE_TRACEME,
  SIG_IGN,
  SIGCHLD,
  SIGCONT,
  SIGKILL,
  SIGRTMIN,
  SIGSTOP,
  SIGTERM,
  SIGTRAP,
  SIGTSTP,
  SIGUSR1,
  SIGUSR2,
  WCONTINUED,
  WNOHANG,
  WUNTRACED,
} from '../../src/kernel/constants.js';
import type { KernelPatch } from '../../src/kernel/kernel.js';
import { sigmask } from '../../src/kernel/sigset.js';
import type { Sys } from '../../src/kernel/sys.js';
import type { Coroutine } from '../../src/sync/gate.js';
import { outcomesOf, type Parts, patchOf } from '../support/programs.js';

const SEEDS = 25;
const EXECUTIONS = 25;
const SIGNALS = [
  SIGUSR1,
  SIGUSR2,
  SIGCHLD,
  SIGCONT,
  SIGSTOP,
  SIGSTOP,
  SIGCONT,
  SIGTSTP,
  SIGTRAP,
  SIGTERM,
  SIGRTMIN + 1,
];
const RESUMES = [PTRACE_CONT, PTRACE_SYSCALL, PTRACE_SINGLESTEP, PTRACE_DETACH, PTRACE_KILL];
const ALL_EVENTS = 0x7f;
/** The tracees: the first number that a tracer can meet. */
const FIRST = 104;
/** A program with an argument from here on makes no tasks. */
const LEAF = 20;

type Random = (below: number) => number;

/** Numbers that follow from a seed. */
function random(seed: number): Random {
  let state = Math.imul(seed, 0x9e3779b1);
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return (state >>> 8) % below;
  };
}

const oneOf = (r: Random, numbers: readonly number[]): number => numbers[r(numbers.length)] as number;

function* ask(sys: Sys, r: Random, pid: number): Coroutine<void> {
  const options = r(ALL_EVENTS + 1) | (r(4) === 0 ? PTRACE_O_EXITKILL : 0);
  switch (r(9)) {
    case 0:
      yield* sys.ptrace(PTRACE_SETOPTIONS, pid, 0, options);
      break;
    case 1:
      yield* sys.ptrace(oneOf(r, [PTRACE_GETSIGINFO, PTRACE_GETREGS]), pid, 0, { orig_ax: 0, ax: 0 });
      break;
    case 2:
      yield* sys.ptrace(PTRACE_SETSIGMASK, pid, 8, sigmask(oneOf(r, SIGNALS)));
      break;
    case 3:
      yield* sys.ptrace(oneOf(r, [PTRACE_INTERRUPT, PTRACE_LISTEN]), pid);
      break;
    case 4:
      yield* sys.ptrace(PTRACE_ATTACH, pid);
      break;
    case 5:
      yield* sys.ptrace(PTRACE_SEIZE, pid, 0, options);
      break;
    default:
      yield* sys.ptrace(oneOf(r, RESUMES), pid, 0, r(2) === 0 ? 0 : oneOf(r, SIGNALS));
  }
}

function made(seed: number): Parts {
  function* tracer(sys: Sys): Coroutine<void> {
    const r = random(seed * 7 + sys.arg);
    for (let step = 0; step < 14; step++) {
      switch (r(4)) {
        case 0:
          yield* sys.kill(FIRST, r(10) === 0 ? SIGKILL : oneOf(r, SIGNALS));
          break;
        case 1: {
          const { pid, status } = yield* sys.wait4(
            -1,
            __WALL | WNOHANG | oneOf(r, [0, WUNTRACED, WCONTINUED, __WNOTHREAD]),
          );
          const sig = (status >> 8) & 0x7f;
          if (pid > 0 && (status & 0x7f) === 0x7f) yield* sys.ptrace(oneOf(r, RESUMES), pid, 0, r(2) === 0 ? 0 : sig);
          break;
        }
        default:
          yield* ask(sys, r, FIRST + r(4));
      }
    }
    if (r(2) === 0) yield* sys.exit(0);
  }
  function* target(sys: Sys): Coroutine<void> {
    const r = random(seed * 13 + sys.arg);
    const leaf = sys.arg >= LEAF;
    for (let step = 0; step < 6; step++) {
      switch (leaf ? r(5) : r(9)) {
        case 0:
          yield* sys.store(0, yield* sys.load(0));
          break;
        case 1:
          yield* sys.sigaction(SIGUSR1, r(2) === 0 ? 'handler' : SIG_IGN);
          break;
        case 2:
          yield* sys.wait4(-1, WNOHANG | WUNTRACED);
          break;
        case 3:
          if (r(4) === 0) yield* sys.ptrace(PTRACE_TRACEME, 0);
          break;
        case 4:
          yield* sys.kill(FIRST, oneOf(r, SIGNALS));
          break;
        case 5:
          yield* sys.fork('target', LEAF + r(100), r(3));
          break;
        case 6:
          yield* sys.thread('target', LEAF + r(100), r(3));
          break;
        case 7:
          yield* sys.vfork('target', LEAF + r(100), r(3));
          break;
        default:
          if (r(3) === 0) yield* sys.execve('target', LEAF + r(100));
      }
    }
    if (r(3) === 0) yield* sys.exit(0);
  }
  return {
    results: [],
    cpus: 3,
    programs: {
      tracer,
      target,
      *parent(sys) {
        const r = random(seed * 3 + 5);
        for (let step = 0; step < 8; step++) {
          if (r(2) === 0) yield* sys.wait4(-1, WNOHANG | WUNTRACED | WCONTINUED);
          else yield* sys.kill(FIRST, oneOf(r, SIGNALS));
        }
        if (r(2) === 0) yield* sys.stay();
      },
    },
    handlers: {
      *handler(sys) {
        yield* sys.getpid();
      },
    },
    setup(setup) {
      setup.thread(setup.process('tracer', { arg: 1 }), 'tracer', { arg: 2, cpu: 1 });
      setup.process('tracer', { arg: 3, cpu: 2 });
      const parent = setup.process('parent', { cpu: 1 });
      setup.thread(setup.process('target', { parent, cpu: 1, arg: 11 }), 'target', { cpu: 2, arg: 12 });
    },
  };
}

test(`of ${SEEDS} sets of programs nothing is left, in ${SEEDS * EXECUTIONS} executions`, () => {
  for (let seed = 1; seed <= SEEDS; seed++) expect(outcomesOf(made(seed), EXECUTIONS)).toEqual(['']);
});

test('and a kernel that leaves the zombies of a dying tracer to nobody is found', () => {
  const functions: KernelPatch = {
    *__ptrace_detach(_tracer, p) {
      yield* this.__ptrace_unlink(p);
      return false;
    },
  };
  expect(() => {
    for (let seed = 1; seed <= 10 * SEEDS; seed++) {
      outcomesOf(made(seed), EXECUTIONS, [patchOf(functions)]);
    }
  }).toThrow(/^killed, but still there: .* is zombie/);
});
