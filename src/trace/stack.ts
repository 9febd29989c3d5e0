/** Call stacks of simulated CPUs, out of JavaScript's. */

import { fileURLToPath } from 'node:url';

/** A frame of kernel code or of a user program. */
export interface Frame {
  readonly function: string;
  /** As in the repository: `src/kernel/fork.ts`. Of a user's own file the name alone. */
  readonly file: string;
  readonly line: number;
}

const FRAME = /^\s*at (?:(.+?) \()?(?:.*?\/)?(?:dist\/)?((?:src|scenarios)\/[^:]+):(\d+):\d+\)?$/;
/** A frame in any other file. */
const OTHER = /^\s*at (?:(.+?) \()?(?:file:\/\/)?((?:\/|[A-Za-z]:)[^():]*?([^\\/():]+\.m?[jt]s)):(\d+):\d+\)?$/;
/** The package: what of it is no kernel code is machinery too. */
const ROOT = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? '../..' : '../../..', import.meta.url));
/** What carries the simulation out is not part of the simulated stack. */
const MACHINERY = /^src\/(?:machine|model|explore|memory|trace|cli)\/|^src\/sync\/(?:cpu|spinlock|rwlock|atomic)\./;

/** The simulated part of a stack, the innermost frame first. */
export function simulatedFrames(stack: string): readonly Frame[] {
  const frames: Frame[] = [];
  for (const line of stack.split('\n')) {
    const [, name = '', file = '', digits = ''] = FRAME.exec(line) ?? usersFrame(line);
    // Below the machine's own loop are the frames of another CPU, which waits for this one to move.
    if (/^src\/machine\/hosted-cpu\./.test(file) || /\brunUntil$/.test(name)) break;
    if (file === '' || MACHINERY.test(file)) continue;
    const bare =
      name
        .replace(/ \[as .*\]$/, '')
        .split('.')
        .at(-1) ?? '';
    // The engine resumes a generator through a frame of the same name; and a load is told by who makes it.
    if (bare === 'next' || bare === '' || bare.startsWith('rcu_dereference')) continue;
    frames.push({ function: bare, file, line: Number(digits) });
  }
  return frames;
}

/** A frame in a user's own file, in the parts that `FRAME` gives. */
function usersFrame(line: string): readonly string[] {
  const [, name = '', path = '', file = '', digits = ''] = OTHER.exec(line) ?? [];
  return path.startsWith(ROOT) || path.includes('/node_modules/') ? [] : [line, name, file, digits];
}

/** A frame as a report prints it: `kill_pid_info (src/kernel/signal/kill.ts:180)`. */
export function frameText({ function: name, file, line }: Frame): string {
  return `${name} (${file}:${line})`;
}
