import { describe, expect, it } from 'vitest';
import { replay } from '../../src/explore/replay.js';
import { decodeToken } from '../../src/explore/token.js';
import { allowedOutcomes, litmusModel } from '../../src/litmus/outcomes.js';
import { ControlledMachine } from '../../src/machine/controlled.js';
import { litmus, outcomesOf } from '../support/litmus.js';

describe('the outcomes that the model allows', () => {
  it('of two stores and two loads are those of sequential consistency', () => {
    const outcomes = outcomesOf(`
      shared x, y;
      process A { x = 1; r = y; }
      process B { y = 1; r = x; }
      exists A:r == 0 && B:r == 0`);
    expect(outcomes).toEqual(['A:r=0 B:r=1', 'A:r=1 B:r=0', 'A:r=1 B:r=1']);
  });

  it('of kill against exit: the process dies of one or the other, and kill always finds it', () => {
    const outcomes = outcomesOf(`
      process A { r = kill(B, SIGTERM); }
      process B { exit_group(3); }
      observe state(B); forall A:r == 0`);
    expect(outcomes).toEqual(['state(B)=exited(3) A:r=0', 'state(B)=killed(SIGTERM) A:r=0']);
  });

  it('of a handler: its registers are those of the task that it runs in', () => {
    const outcomes = outcomesOf(`
      handler H { got = sig; code = info.si_code; from = info.si_pid; value = info.si_value; }
      process A { r = sigqueue(B, SIGUSR1, 7); }
      process B { setup { sigaction(SIGUSR1, H, SA_SIGINFO); } r = pause(); }
      forall B:got == SIGUSR1 && B:code == SI_QUEUE && B:from == A && B:value == 7 && B:r == -EINTR`);
    expect(outcomes).toEqual([
      'B:got=SIGUSR1 B:code=SI_QUEUE B:from=A B:value=7 B:r=-EINTR',
      'B:got=SIGUSR1 B:code=SI_QUEUE B:from=A B:value=7 B:r=unset',
    ]);
  });

  it('of a fork: statuses, and the pids of programs', () => {
    const outcomes = outcomesOf(`
      process A { c = fork(C); w = waitpid(c, &s, 0); }
      program C { p = getppid(); exit_group(4); }
      observe A:c, state(C); forall A:w == C && A:s == exited(4) && C:p == A`);
    expect(outcomes).toEqual(['A:c=C state(C)=gone A:w=C A:s=exited(4) C:p=A']);
  });

  it('of an orphan: it goes to init', () => {
    const outcomes = outcomesOf(`
      process A { exit_group(0); }
      process B of A { p = getppid(); }
      observe state(A); exists B:p == init`);
    expect(outcomes).toEqual(['state(A)=exited(0) B:p=A', 'state(A)=exited(0) B:p=init']);
  });

  it('of an exec by a second thread: the process goes on as the image', () => {
    const outcomes = outcomesOf(`
      process A { }
      thread T of A { execve(I); }
      program I { p = getpid(); }
      observe state(A), state(T); forall I:p == A`);
    expect(outcomes).toEqual(['state(A)=alive state(T)=gone I:p=A']);
  });

  it('of what is done before the race: masks, pending signals, pipes, groups', () => {
    const outcomes = outcomesOf(
      `
      pipe p;
      process A { setup { w = write(p.write, 3); } r = kill(-A, SIGKILL); }
      process B of A group A { }
      process D { setup { sigprocmask(SIG_BLOCK, {SIGUSR2}); kill(D, SIGUSR2); } q = sigpending(SIGUSR2); n = read(p.read, 9); }
      observe state(B), D:q, D:n; forall SIGUSR2 in pending(D)`.replace('kill(B, SIGUSR1); ', ''),
    );
    expect(outcomes).toEqual(['state(B)=killed(SIGKILL) D:q=1 D:n=3 pending(D)={SIGUSR2}']);
  });

  it('of a setup that leaves a signal to be taken: refused', () => {
    const body = `
      process A { setup { kill(B, SIGUSR1); } r = 1; }
      process B { }
      forall A:r == 1`;
    expect(() => outcomesOf(body)).toThrow(/setup of A .* task 102 stays in user mode, though SIG\w+ is pending/);
  });

  it('of a loop that does not end: refused', () => {
    expect(() => outcomesOf('process A { while (1) { } r = 1; } forall A:r == 1')).toThrow(
      /this loop has not ended after 10000 turns/,
    );
  });

  it('of reads and writes of any length', () => {
    const outcomes = outcomesOf(`
      pipe p;
      process A { w = write(p.write, -1); r = read(p.read, 0); v = write(p.write, 70000); }
      forall A:w == 0 && A:r == 0 && A:v == unset`);
    expect(outcomes).toEqual(['A:w=0 A:r=0 A:v=unset']);
  });

  it('have a witness each, which replays to it', () => {
    const test = litmus(`
      process A { r = kill(B, SIGTERM); w = waitpid(B, &s, WNOHANG); }
      process B of A { exit_group(3); }
      observe A:w, A:s, state(B); exists A:r == 0`);
    const { outcomes, exhaustive } = allowedOutcomes(test);
    expect(exhaustive).toBe(true);
    expect(outcomes.length).toBeGreaterThan(2);
    const machine = new ControlledMachine(litmusModel(test).model);
    for (const { text, witness } of outcomes) {
      expect(replay(machine, decodeToken(witness).schedule).outcome).toBe(text);
    }
  });

  it('of a search that is cut off: said to be not all', () => {
    const test = litmus(`
      process A { r = kill(B, SIGTERM); }
      process B { exit_group(3); }
      observe state(B); forall A:r == 0`);
    const { exhaustive, executions } = allowedOutcomes(test, { executions: 2, seconds: 5 });
    expect(exhaustive).toBe(false);
    // Two of the exhaustive search, two with few preemptions, two at random.
    expect(executions).toBe(6);
  });
});

describe('a verdict', () => {
  const twoEnds = `
    process A { r = kill(B, SIGTERM); }
    process B { exit_group(3); }
    observe A:r;`;
  it.each([
    ['exists state(B) == exited(3)', true],
    ['exists state(B) == exited(4)', false],
    ['~exists state(B) == alive', true],
    ['~exists state(B) == killed(SIGTERM)', false],
    ['forall state(B) == killed(SIGTERM) || state(B) == exited(3)', true],
    ['forall state(B) != exited(3)', false],
    ['forall !(state(B) == gone)', true],
  ])('%s: %s', (condition, holds) => {
    expect(allowedOutcomes(litmus(`${twoEnds} ${condition}`)).holds).toBe(holds);
  });
});
