/** Programs that check a system call, each run under a few random schedules. */

import { describe, it } from 'vitest';
import { errorName } from '../../src/kernel/constants.js';
import type { Handler, Program } from '../../src/kernel/scenario.js';
import type { ProcessOptions } from '../../src/kernel/setup.js';
import type { Sys } from '../../src/kernel/sys.js';
import { outcomesOf, type Parts } from './programs.js';

/** One assertion: the program `main`, process 100 and root unless `as` says otherwise, and what it starts. */
export interface Case {
  readonly main: Program;
  readonly programs?: Readonly<Record<string, Program>>;
  readonly handlers?: Readonly<Record<string, Handler>>;
  readonly files?: Parts['files'];
  readonly objects?: Parts['objects'];
  readonly as?: ProcessOptions;
  /** Other processes that exist before it runs. Children of `main` if they do not say whose. */
  readonly others?: Readonly<Record<string, ProcessOptions>>;
}

const SCHEDULES = 10;

/** Makes a test of each case. It fails where `main` does not come to its end, and where anything is left behind. */
export function checkCall(call: string, cases: Readonly<Record<string, Case>>): void {
  describe(call, () => {
    it.each(Object.entries(cases))(
      '%s',
      (_, { main, programs = {}, handlers = {}, files, objects, as, others = {} }) => {
        const parts: Parts = {
          results: ['done'],
          programs: {
            *main(sys) {
              yield* main(sys);
              sys.result('done', 1);
            },
            ...programs,
          },
          handlers,
          ...(files === undefined ? {} : { files }),
          ...(objects === undefined ? {} : { objects }),
          setup(setup) {
            const parent = setup.process('main', { cpu: 0, uid: 0, ...as });
            for (const [program, options] of Object.entries(others)) {
              setup.process(program, { parent, cpu: 1, uid: 0, ...options });
            }
          },
          unfinished: ({ done }) => (done === 1 ? null : 'main has not come to its end'),
        };
        outcomesOf(parts, SCHEDULES);
      },
    );
  });
}

/** Ends the run where a value is not the one expected. Numbers below 0 are told as errnos. */
export function same(sys: Sys, what: string, value: unknown, expected: unknown): void {
  const text = (of: unknown): string => (typeof of === 'number' ? errorName(of) : JSON.stringify(of));
  sys.check(text(value) === text(expected), `${what} is ${text(value)}, not ${text(expected)}`);
}
