import { describe, expect, it } from 'vitest';
import { killVsExec } from '../../scenarios/kill-vs-exec.js';
import { minimize } from '../../src/explore/minimize.js';
import { replay } from '../../src/explore/replay.js';
import { ScheduleMismatchError } from '../../src/explore/schedule.js';
import { ESRCH, PIDTYPE_PID, PIDTYPE_TGID, SA_RESTART, SIGCHLD } from '../../src/kernel/constants.js';
import { kernelModel } from '../../src/kernel/model.js';
import type { Patch, Program, Scenario } from '../../src/kernel/scenario.js';
import { ControlledMachine } from '../../src/machine/controlled.js';
import { noKillRetry } from '../../src/patches/no-kill-retry.js';
import { failingSchedule, killVsExecMachine, PATCHED } from '../support/kill-vs-exec.js';

const before = killVsExecMachine(PATCHED);
const { schedule } = minimize(before, failingSchedule(before, 1).schedule);
const known = replay(before, schedule);

function machineOf(scenario: Scenario, patch: Patch = noKillRetry): ControlledMachine {
  return new ControlledMachine(kernelModel(scenario, { patches: [patch] }));
}

const { killer, leader } = killVsExec.programs as Readonly<Record<string, Program>>;

describe('a token after an edit that changes no scheduling point', () => {
  it('shows the same where the story, the cast and the titles are other ones', () => {
    const edited = { ...killVsExec, title: 'Another title', story: 'Another story.', cast: [], learn: '', watch: [] };
    expect(replay(machineOf(edited), schedule).traceHash).toBe(known.traceHash);
  });

  it('shows the same where programs and handlers have other names, and are written in another way', () => {
    const edited: Scenario = {
      ...killVsExec,
      programs: {
        *sender(sys) {
          return yield* (killer as Program)(sys);
        },
        *sleeper(sys) {
          return yield* (leader as Program)(sys);
        },
        *changer(sys) {
          const name = ['new', 'program'].join('-');
          yield* sys.execve(name);
        },
        *'new-program'(sys) {
          yield* sys.stay();
        },
      },
      handlers: {
        *childEnded(sys, sig) {
          sys.result('sigchld', sig);
        },
      },
      setup(setup) {
        const sender = setup.process('sender', { cpu: 0 });
        setup.sigaction(sender, SIGCHLD, 'childEnded', { flags: SA_RESTART });
        const target = setup.process('sleeper', { parent: sender, cpu: 1, blocked: true });
        setup.thread(target, 'changer', { cpu: 2 });
      },
    };
    const again = replay(machineOf(edited), schedule);
    expect(again.traceHash).toBe(known.traceHash);
    expect(again.violation?.message).toBe(known.violation?.message);
  });

  it('shows the same where a function of the kernel is written in another way', () => {
    const rewritten: Patch = {
      ...noKillRetry,
      functions: {
        *kill_pid_info(sig, info, pid) {
          this.rcu_read_lock();
          if (this.pid_task(pid, PIDTYPE_PID)) yield;
          const found = this.foundTask(PIDTYPE_PID);
          const result = found ? yield* this.group_send_sig_info(sig, info, found, PIDTYPE_TGID) : -ESRCH;
          this.rcu_read_unlock();
          return result;
        },
      },
    };
    expect(replay(machineOf(killVsExec, rewritten), schedule).traceHash).toBe(known.traceHash);
  });
});

describe('a token after an edit that changes scheduling points', () => {
  /** The new program looks at memory for as long as there are steps, and the schedule does not know of it. */
  const edited: Scenario = {
    ...killVsExec,
    programs: {
      ...killVsExec.programs,
      *execer(sys) {
        yield* sys.exit(0);
      },
    },
  };

  it('is refused with the step, the CPU that was expected to move, and why it cannot', () => {
    expect(() => replay(machineOf(edited), schedule)).toThrow(ScheduleMismatchError);
    expect(() => replay(machineOf(edited), schedule)).toThrow(
      /^the schedule does not fit: (decision \d+, at step \d+, names CPU \d, (which cannot move there: it |and the run is over there, after \d+ decision))/,
    );
  });

  it('is followed as far as it can be where that is asked for, and says where it was not', () => {
    const { departures, outcome, violation } = replay(machineOf(edited), schedule, { loose: true });
    expect(departures.length).toBeGreaterThan(0);
    for (const { decision, reason } of departures) {
      expect(decision).toBeGreaterThan(0);
      expect(reason).toMatch(/^names CPU \d, (which cannot move there: it|and the run is over there)/);
    }
    expect(violation).toBeNull();
    expect(outcome).toBe('kill 0, died of SIGTERM');
  });

  it('departs nowhere where it fits', () => {
    const loose = replay(before, schedule, { loose: true });
    expect(loose).toMatchObject({ departures: [], traceHash: known.traceHash });
  });
});
