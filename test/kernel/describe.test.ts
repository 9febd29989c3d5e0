/** What reports call objects, values, tasks and events. */

import { describe, expect, it } from 'vitest';
import { randomStrategy } from '../../src/explore/strategies/random.js';
import {
  CLONE_NEWPID,
  PR_SET_PDEATHSIG,
  PTRACE_CONT,
  PTRACE_TRACEME,
  SIG_BLOCK,
  SIG_IGN,
  SIG_UNBLOCK,
  SIGSTOP,
  SIGTERM,
  SIGUSR1,
} from '../../src/kernel/constants.js';
import { findTasks } from '../../src/kernel/inspect.js';
import { kernelModel } from '../../src/kernel/model.js';
import { EMPTY_MASK, sigmask } from '../../src/kernel/sigset.js';
import { task_struct } from '../../src/kernel/structs.js';
import { ControlledMachine } from '../../src/machine/controlled.js';
import { OP_READ } from '../../src/sync/gate.js';
import { eventsOf, type ToldEvent } from '../support/events.js';
import { type Parts, scenarioOf } from '../support/programs.js';

/** A child that is traced by its parent, stops at each signal, and is let go on; vfork and exec besides. */
const TRACED: Parts = {
  programs: {
    *main(sys) {
      const child = yield* sys.fork('traced', 0, 1);
      yield* sys.waitpid(child);
      yield* sys.ptrace(PTRACE_CONT, child, 0, SIGUSR1);
      yield* sys.waitpid(child);
      yield* sys.vfork('ends', 0, 1);
      yield* sys.wait4(-1);
    },
    *traced(sys) {
      yield* sys.sigaction(SIGUSR1, SIG_IGN);
      yield* sys.ptrace(PTRACE_TRACEME, 0, 0, 0);
      // Ignored, and yet the tracer hears of it.
      yield* sys.tgkill(yield* sys.getpid(), yield* sys.gettid(), SIGUSR1);
    },
    *ends() {},
  },
  results: [],
  setup: (setup) => void setup.process('main'),
};

const said = (events: readonly ToldEvent[]): readonly string[] => events.flatMap((event) => event.said ?? []);
const fields = (events: readonly ToldEvent[]): readonly string[] => events.flatMap((event) => event.fields ?? []);

describe('a trace point', () => {
  const events = eventsOf(TRACED, 10);

  it('of a signal says whether it goes to a thread, and what becomes of it', () => {
    expect(said(events)).toContain('SIGUSR1 sent to task 101: delivered');
    expect(said(events)).toContain('takes SIGUSR1: ignored');
    expect(said(events)).toContain('SIGCHLD sent to the process of task 100: ignored');
    expect(fields(events)).toContain('sig=10 errno=0 code=-6 comm=traced pid=101 grp=0 res=0');
  });

  it('of a switch has the letter of the state: t in a trap, D in vfork, Z for a zombie', () => {
    const letters = new Set(
      fields(events).flatMap((line) => /prev_comm=(\w+) .* prev_state=(\w)/.exec(line)?.slice(1).join(' ') ?? []),
    );
    expect([...letters].sort()).toEqual(['ends Z', 'main D', 'main S', 'main X', 'traced Z', 'traced t']);
  });

  it('of a wait for all children has pid 0, and of init its name', () => {
    const lines = fields(
      eventsOf({
        programs: {
          *main(sys) {
            sys.check((yield* sys.kill(1, SIGTERM)) === 0, 'root may signal init');
          },
        },
        results: [],
        cpus: 1,
        setup: (setup) => void setup.process('main', { uid: 0 }),
      }),
    );
    expect(lines).toContain('sig=15 errno=0 code=0 comm=init pid=1 grp=1 res=1');
  });

  it('of a signal from the kernel, and of one that it sends in a process’s name, has the code', () => {
    const lines = fields(
      eventsOf(
        {
          programs: {
            *main(sys) {
              yield* sys.fork('orphan', 0, 1);
              yield* sys.nanosleep({ tv_sec: 1, tv_nsec: 0 });
              yield* sys.alarm(1);
              yield* sys.pause();
            },
            *orphan(sys) {
              yield* sys.prctl(PR_SET_PDEATHSIG, SIGTERM);
              yield* sys.pause();
            },
          },
          results: [],
          setup: (setup) => void setup.process('main'),
        },
        10,
      ),
    );
    expect(lines).toContain('sig=15 errno=0 code=0 comm=orphan pid=101 grp=1 res=0');
    expect(lines).toContain('sig=14 errno=0 code=128 comm=main pid=100 grp=1 res=0');
  });
});

describe('time that passes', () => {
  it('is told as what happens to a CPU, and has no fields', () => {
    const events = eventsOf({
      programs: {
        *main(sys) {
          yield* sys.nanosleep({ tv_sec: 1, tv_nsec: 0 });
        },
      },
      results: [],
      cpus: 1,
      setup: (setup) => void setup.process('main'),
    });
    const expiry = events.find((event) => event.said === 'time passes: a timer of this CPU expires');
    expect(expiry).toMatchObject({ fields: null, told: expect.stringContaining('time has passed') });
  });
});

describe('an object', () => {
  it('of a table of numbers in a namespace is told by its namespace', () => {
    const events = eventsOf({
      programs: {
        *main(sys) {
          yield* sys.clone(CLONE_NEWPID, 'inside');
          yield* sys.wait4(-1);
        },
        *inside(sys) {
          yield* sys.kill(1, 0);
        },
      },
      results: [],
      cpus: 1,
      setup: (setup) => void setup.process('main', { uid: 0 }),
    });
    const table = events.filter(({ name }) => name.startsWith('pid table of namespace'));
    expect(table.map(({ name, value }) => `${name}: ${value}`)).toContain('pid table of namespace #1[1]: pid 101');
  });
});

describe('an address of no object', () => {
  it('is a number, its value too, and no account tells of it', () => {
    const model = kernelModel(scenarioOf(TRACED));
    const machine = new ControlledMachine(model);
    const [cpu] = machine.cpus;
    if (cpu === undefined) throw new Error('no CPU');
    const address = machine.arena.words.length;
    expect(cpu.describe(address)).toBe(`address ${address}`);
    expect(model.describeValue(cpu, address, 7)).toBe('7');
    const [task] = machine.arena.addressesOf('task_struct');
    expect(model.describeValue(cpu, (task ?? 0) + task_struct.signal, address)).toBe(String(address));
    expect(model.narrate(cpu, { event: OP_READ, address, value: 7, a: 0, b: 0 })).toBeNull();
  });
});

describe('a report of all tasks', () => {
  it('has each state that they pass through', () => {
    const states = new Set(
      eventsOf(TRACED, 30).flatMap(({ tasks }) =>
        tasks.split(', ').map((one) => one.replace(/^task \d+(?: of \d+)? is /, '')),
      ),
    );
    expect([...states].sort()).toEqual([
      'dead',
      'in uninterruptible sleep',
      'runnable',
      'signal pending',
      'sleeping',
      'stopped for its tracer',
      'waking',
      'zombie',
    ]);
  });
});

describe('what there is at the end', () => {
  it('are the living, the stopped and the dead that nobody has waited for, and what waits for them', () => {
    const machine = new ControlledMachine(
      kernelModel(
        scenarioOf({
          programs: {
            *main(sys) {
              yield* sys.fork('ends', 0, 1);
              yield* sys.fork('stops', 0, 1);
              yield* sys.sigprocmask(SIG_BLOCK, sigmask(SIGUSR1));
              yield* sys.kill(100, SIGUSR1);
              yield* sys.sigprocmask(SIG_UNBLOCK, sigmask(SIGTERM));
              yield* sys.stay();
            },
            *ends() {
              return 3;
            },
            *stops(sys) {
              yield* sys.kill(yield* sys.getpid(), SIGSTOP);
            },
          },
          results: [],
          setup: (setup) => void setup.process('main'),
        }),
      ),
    );
    const strategy = randomStrategy(1);
    strategy.begin();
    expect(machine.execute(strategy).violation).toBeNull();
    const tasks = findTasks(machine.arena).filter(({ pid }) => pid >= 100);
    expect(tasks).toEqual([
      { pid: 100, state: 'alive', exitCode: 0, pending: sigmask(SIGUSR1) },
      { pid: 101, state: 'dead', exitCode: 3 << 8, pending: EMPTY_MASK },
      { pid: 102, state: 'stopped', exitCode: 0, pending: EMPTY_MASK },
    ]);
  });
});
