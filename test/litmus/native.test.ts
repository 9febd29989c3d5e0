import { beforeAll, describe, expect, it } from 'vitest';
import { compare } from '../../src/litmus/compare.js';
import { readHistogram, runNative, whyNotNative } from '../../src/litmus/native.js';
import { allowedOutcomes } from '../../src/litmus/outcomes.js';
import { litmus } from '../support/litmus.js';

const ITERATIONS = { iterations: 200, seconds: 20, seed: 1 };

describe("a test on the host's kernel", () => {
  let why: string | null = null;
  beforeAll(async () => {
    why = await whyNotNative();
  });

  it.for([
    [
      'kill against exit',
      `process A { r = kill(B, SIGTERM); }
       process B { exit_group(3); }
       observe state(B); forall A:r == 0`,
    ],
    [
      'a handler, its siginfo, a mask and what is pending',
      `handler H { got = sig; from = info.si_pid; value = info.si_value; }
       process A { r = sigqueue(B, SIGUSR1, 7); q = kill(B, SIGUSR2); }
       process B { setup { sigaction(SIGUSR1, H, SA_SIGINFO); sigprocmask(SIG_BLOCK, {SIGUSR2}); } r = pause(); }
       observe B:r, B:got, B:from, B:value; forall SIGUSR2 in pending(B) || A:q == unset`,
    ],
    [
      'fork, exec, a thread and memory',
      `shared x;
       process A { x = 1; e = execve(I); }
       program I { r = x; exit_group(4); }
       process B { c = fork(C); }
       program C { p = getppid(); }
       thread T of B { x = 2; }
       observe I:r, x; forall state(A) == exited(4) && C:p == B && B:c == C`,
    ],
    [
      'a timer and a pipe',
      `pipe p;
       handler H { n = n + 1; }
       process A { setup { sigaction(SIGALRM, H); } setitimer(50us); r = read(p.read, 1); }
       process B { w = write(p.write, 1); }
       observe A:r; forall A:n == 1`,
    ],
  ] as const)('shows only what the model allows: %s', async ([, body], { skip }) => {
    if (why !== null) skip(why);
    const test = litmus(body);
    const run = await runNative(test, ITERATIONS);
    const { notAllowed, seen } = compare(allowedOutcomes(test, { seconds: 10 }), run);
    expect(notAllowed).toEqual([]);
    expect(seen.length).toBeGreaterThan(0);
    const counted = [...run.observed.values()].reduce((sum, { count }) => sum + count, 0);
    expect(counted + run.unsettled).toBe(run.iterations);
  });

  it('that shows something else is reported', () => {
    const test = litmus(`
      process A { r = kill(B, SIGTERM); }
      process B { exit_group(3); }
      observe state(B); forall A:r == 0`);
    const allowed = allowedOutcomes(test);
    const run = readHistogram(test, 'outcome 3 768 0 \noutcome 2 768 -3 \nend 5 0 session\n');
    expect(compare(allowed, run)).toEqual({
      notAllowed: ['state(B)=exited(3) A:r=-ESRCH'],
      explained: [],
      seen: ['state(B)=exited(3) A:r=0'],
      unseen: ['state(B)=killed(SIGTERM) A:r=0'],
      excluded: [],
    });
  });

  it('that a note explains is not held against it', () => {
    const test = litmus(`
      process A { r = kill(B, SIGTERM); }
      process B { exit_group(3); }
      forall A:r == 0`);
    const noted = { ...test, notes: [{ text: 'newer', allows: { kind: 'true' } as const, excludes: null }] };
    const run = readHistogram(noted, 'outcome 2 -3 \nend 2 0 session\n');
    const { notAllowed, explained } = compare(allowedOutcomes(noted), run);
    expect(notAllowed).toEqual([]);
    expect(explained).toEqual([{ outcome: 'A:r=-ESRCH', note: 'newer' }]);
  });

  it('that later kernels are known to have is not held against it', () => {
    const exit = litmus(
      'process P { w = wait(&s); } process B of P { exit(1); } thread T of B { exit(2); } observe P:w, P:s; forall P:w == B',
    );
    const seen = readHistogram(exit, 'outcome 2 @B 256 \noutcome 3 @B 512 \noutcome 1 @B 768 \nend 6 0 session\n');
    const { notAllowed, explained } = compare(allowedOutcomes(exit), seen);
    expect(notAllowed).toEqual(['P:w=B P:s=exited(3)']);
    expect(explained).toEqual([
      { outcome: 'P:w=B P:s=exited(2)', note: expect.stringContaining('synchronize_group_exit') },
    ]);
    const pidfd = litmus('process A { r = pidfd_open(T); } process B { } thread T of B { } forall A:r != 0');
    const open = compare(allowedOutcomes(pidfd), readHistogram(pidfd, 'outcome 1 -2 \nend 1 0 session\n'));
    expect(open.notAllowed).toEqual([]);
    expect(open.explained).toEqual([{ outcome: 'A:r=-ENOENT', note: expect.stringContaining('pidfd_prepare') }]);
  });

  it('that would wait for a timer for longer than it may run is refused', async ({ skip }) => {
    if (why !== null) skip(why);
    const test = litmus('process A { a = alarm(100); } forall A:a == 0');
    await expect(runNative(test, ITERATIONS)).rejects.toThrow('an iteration waits 101 s for its longest timer');
  });

  it('that a note excludes on a newer kernel is not missed', () => {
    const test = litmus(`
      process A { r = kill(B, SIGTERM); }
      process B { exit_group(3); }
      observe A:r; exists state(B) == exited(3)`);
    const noted = { ...test, notes: [{ text: 'newer', allows: null, excludes: test.condition }] };
    const run = readHistogram(noted, 'outcome 2 0 15 \nend 2 0 session\n');
    const { unseen, excluded } = compare(allowedOutcomes(noted), run);
    expect(unseen).toEqual([]);
    expect(excluded).toEqual([{ outcome: 'A:r=0 state(B)=exited(3)', note: 'newer' }]);
  });

  it('that is run by several programs at once is counted as one run', async ({ skip }) => {
    if (why !== null) skip(why);
    const test = litmus('process A { r = getpid(); } forall A:r == A');
    const { iterations, observed } = await runNative(test, { iterations: 21, seconds: 20, seed: 1, jobs: 4 });
    expect(iterations).toBe(21);
    expect([...observed].map(([text, { count }]) => [text, count])).toEqual([['A:r=A', 21]]);
  });

  it('that is stopped says what it had counted', async ({ skip }) => {
    if (why !== null) skip(why);
    const stopping = new AbortController();
    setTimeout(() => stopping.abort(), 1000);
    const test = litmus('process A { r = getpid(); } forall A:r == A');
    const options = { iterations: Number.MAX_SAFE_INTEGER, seconds: 1000, seed: 1, signal: stopping.signal };
    const { iterations, observed } = await runNative(test, options);
    expect([...observed.values()].map(({ count }) => count)).toEqual(iterations === 0 ? [] : [iterations]);
  });
});
