import { describe, expect, it } from 'vitest';
import { explainError, LitmusError } from '../../src/litmus/error.js';
import { parseLitmus } from '../../src/litmus/parse.js';

const HEAD = 'litmus t\nquestion "?"\nfrom kill(2)\n';

function errorOf(text: string): LitmusError {
  try {
    parseLitmus(text);
  } catch (error) {
    if (error instanceof LitmusError) return error;
    throw error;
  }
  throw new Error('no error');
}

describe('a litmus file', () => {
  it('is read: header, memory, blocks, handlers, condition', () => {
    const test = parseLitmus(
      `litmus some-test-2
      question "What happens?" // a comment
      from signal(7)
      note "Linux 6.1 differs" allows A:r == -EAGAIN
      shared x, y = -3; pipe p;
      handler H { n = n + sig; }
      process A session { setup { sigaction(SIGUSR1, H, SA_RESTART | SA_NODEFER, {SIGUSR2}); } r = kill(B, 0); }
      process B of A group A uid 1001 { x = 1; if (y == -3) nanosleep(20us); else pause(); }
      /* another */
      thread T of A { w = waitpid(-1, &s, WNOHANG); if (x == 2 && w > 0) { c = fork(C); } else if (w) { pause(); } }
      program C { exit_group(1); }
      observe pending(A), y;
      exists (A:r == 0 && (state(B) == exited(1) || !T:s == killed(SIGTERM)) || SIGUSR1 in pending(A))`.replace(
        'if (y == -3) nanosleep(20us); else pause();',
        'if (y == -3) { nanosleep(20us); } else { pause(); }',
      ),
    );
    expect(test.name).toBe('some-test-2');
    expect(test.page).toBe('signal(7)');
    expect(test.notes.map(({ text }) => text)).toEqual(['Linux 6.1 differs']);
    expect(test.cells.map(({ name, value }) => [name, value])).toEqual([
      ['x', 0],
      ['y', -3],
    ]);
    expect(test.blocks.map(({ kind, name, of }) => [kind, name, of])).toEqual([
      ['process', 'A', null],
      ['process', 'B', 'A'],
      ['thread', 'T', 'A'],
      ['program', 'C', null],
    ]);
    expect(test.blocks[1]?.settings).toEqual({
      group: 'A',
      session: false,
      subreaper: false,
      container: false,
      uid: 1001,
    });
    expect(test.conditionText).toBe(
      '(A:r == 0 && (state(B) == exited(1) || !T:s == killed(SIGTERM)) || SIGUSR1 in pending(A))',
    );
  });

  it.each([
    ['', 1, 1, 'expected "litmus" and the name of the test, found the end of the file'],
    [
      'litmus Upper',
      1,
      8,
      'expected the test\'s name, small letters and digits with single hyphens between, found "Upper"',
    ],
    ['litmus a\nquestion why', 2, 10, 'expected the question in quotes, found "why"'],
    ['litmus a\nquestion "why', 2, 10, 'this string has no end on its line'],
    [
      'litmus a\nquestion "?"\nfrom kill',
      3,
      10,
      'expected "(" after "kill": a manual page, like kill(2), found the end of the file',
    ],
    [
      `${HEAD}process A { r = kill(A, 0) }\nexists A:r == 0`,
      4,
      28,
      'expected ";" at the end of the statement, found "}"',
    ],
    [`${HEAD}process A { r == 1; }\nexists A:r == 0`, 4, 15, 'expected "=" or "(" after "r", found "=="'],
    [`${HEAD}process A { r = 10xs; }`, 4, 17, 'expected a number, with ns, us, ms or s if it is a time, found "10xs"'],
    [`${HEAD}process A { pause(); }\nexists A:r == 0`, 5, 8, 'A:r is never given a value (registers of A: none)'],
    [`${HEAD}process A { r = 1; }\nexists A:r = 0`, 5, 12, 'expected "==" or "!=", found "="'],
    [`${HEAD}process A { r = 1; }\nexists A:r == 0 1`, 5, 17, 'expected "&&", "||" or the end of the file, found "1"'],
    [
      `${HEAD}process A { r = 1; }`,
      4,
      21,
      'expected a process, thread, program, handler, cell, pipe, "observe", "exists", "~exists" or "forall", found the end of the file',
    ],
    [
      `${HEAD}thread T of A { r = 1; }\nexists T:r == 0`,
      4,
      1,
      'expected the process of this thread to be a process above it, and "A" is not',
    ],
    [
      `${HEAD}process A { r = kil(A, 0); }\nexists A:r == 0`,
      4,
      17,
      /^there is no system call "kil" here; there is kill, /,
    ],
    [`${HEAD}process A { r = kill(A); }\nexists A:r == 0`, 4, 17, 'kill(pid, sig) takes 2 arguments, not 1'],
    [
      `${HEAD}process A { r = kill(B, 0); }\nexists A:r == 0`,
      4,
      22,
      '"B" is no constant, cell or process, and no register that is given a value here',
    ],
    [
      `${HEAD}process A { sigsuspend(SIGUSR1); r = 1; }\nexists A:r == 0`,
      4,
      24,
      'expected a set of signals, like {SIGUSR1} as mask of sigsuspend',
    ],
    [
      `${HEAD}process A { setup { pause(); } r = 1; }\nexists A:r == 0`,
      4,
      21,
      'pause may wait or start something: not in a setup',
    ],
    [`${HEAD}program P { }\nprocess A { r = 1; }\nexists A:r == 0`, 4, 1, 'nobody starts program P'],
    [
      `${HEAD}program P { }\nprocess A { r = fork(P); s = fork(P); }\nexists A:r == 0`,
      4,
      1,
      'program P is started by 2 statements; its registers are those of one task',
    ],
    [
      `${HEAD}program P { }\nprocess A { r = 0; while (1) { r = fork(P); } }\nexists A:r == 0`,
      5,
      36,
      'fork may not stand in a loop: each program starts once',
    ],
    [
      `${HEAD}shared x;\nprocess A { x = x + 1; }\nexists x == 0`,
      5,
      17,
      'expected at most 0 cells here: load "x" into a register in a statement of its own',
    ],
    [`${HEAD}shared x, x;\nprocess A { }\nexists x == 0`, 4, 11, '"x" is the name of something in line 4 already'],
    [`${HEAD}process exists { }`, 4, 9, '"exists" is a word of the language, and no name for a process'],
    [`${HEAD}process SIGTERM { }\nexists true`, 4, 1, '"SIGTERM" is a name of the system\'s'],
    [
      `${HEAD}handler H { c = info.si_code; }\nprocess A { sigaction(SIGUSR1, H); }\nexists A:c == 0`,
      5,
      32,
      'handler H looks at its info: install it with SA_SIGINFO',
    ],
    [`${HEAD}process A { r = 1; }\nexists true`, 4, 1, 'this test looks at nothing: its condition names no item'],
    [`${HEAD}process A { /* no end`, 4, 13, 'this comment has no end'],
    [`${HEAD}process A { r = 2147483648; }`, 4, 17, 'expected a number of at most 2147483647, found "2147483648"'],
    [
      `${HEAD}process A { dup2(0, 16); }\nexists state(A) == alive`,
      4,
      21,
      'expected a descriptor below 16: a process has no more in the model',
    ],
    [
      `${HEAD}process P { }\nprocess B of P { }\nprocess C of P group B { }\nexists state(P) == alive`,
      6,
      1,
      'expected a child of init or the leader of a session after "group": "B" leads no group',
    ],
    [
      `${HEAD}process P { }\nprocess B session { }\nprocess C of B group P { }\nexists state(P) == alive`,
      6,
      1,
      '"C" cannot be in the group of P, which is in another session',
    ],
    [`${HEAD}process A { nanosleep(1001s); }`, 4, 23, 'expected a time of at most 1000s, found "1001s"'],
    [
      `${HEAD}shared x;\nprocess A { while (x == 0) { r = 1; } }\nexists x == 0`,
      5,
      13,
      'expected a call that waits in this loop, like sigsuspend or read: it may not spin on a cell',
    ],
  ])('with a mistake is refused with its place: %j', (text, line, column, what) => {
    const error = errorOf(text);
    expect(error.what).toMatch(
      what instanceof RegExp ? what : new RegExp(`^${what.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`),
    );
    expect(error.at).toEqual({ line, column });
  });

  it('is named with its file', () => {
    const error = errorOf(`${HEAD}process A { r = kil(A, 0); }\nexists A:r == 0`);
    expect(explainError(error, 'a.litmus')).toMatch(/^a\.litmus:4:17: there is no system call "kil" here/);
  });
});
