/** Call stacks of simulated CPUs, out of JavaScript's. */

import { fileURLToPath } from 'node:url';

/** A frame of kernel code or of a user program. */
export interface Frame {
  readonly function: string;
  /** As in the repository: `src/kernel/fork.ts`. Of a user's own file the name alone. */
  readonly file: string;
  readonly line: number;
}

/** A frame: its function, where the engine knows one, its file and its line. */
const FRAME = /^\s*at (?:(.+?) \()?(?:file:\/\/)?((?:\/|[A-Za-z]:)[^():]*):(\d+):\d+\)?$/;
/** The package, as stacks name its folder. */
const ROOT = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? '../..' : '../../..', import.meta.url)).replaceAll(
  '\\',
  '/',
);
/** What a checkout has besides: what of it is neither kernel code nor a scenario is machinery too. */
const OWN = /^(?:dist|src|workers|bin|bench|scripts|test|node_modules)\//;
/** What carries the simulation out is not part of the simulated stack. */
const MACHINERY = /^src\/(?:machine|model|explore|memory|trace|cli)\/|^src\/sync\/(?:cpu|spinlock|rwlock|atomic)\./;

/** The simulated part of a stack, the innermost frame first. */
export function simulatedFrames(stack: string): readonly Frame[] {
  const frames: Frame[] = [];
  for (const line of stack.split('\n')) {
    const [, name = '', path = '', digits = ''] = FRAME.exec(line) ?? [];
    const file = shownFile(path.replaceAll('\\', '/'));
    // Below the machine's own loop are the frames of another CPU, which waits for this one to move, or of who runs it.
    if (/^src\/machine\/hosted-cpu\./.test(file) || /\brunUntil$|Machine\.execute$/.test(name)) break;
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

/** What a frame's file is called: as in the repository, or, of a user's own, its name; empty for one that is not shown. */
function shownFile(path: string): string {
  if (path.startsWith(ROOT)) {
    const inside = path.slice(ROOT.length).replace(/^dist\/(?=src\/|scenarios\/)/, '');
    if (/^(?:src|scenarios)\//.test(inside)) return inside;
    if (OWN.test(inside)) return '';
  }
  return path.includes('/node_modules/') ? '' : path.slice(path.lastIndexOf('/') + 1);
}

/** A frame as a report prints it: `kill_pid_info (src/kernel/signal/kill.ts:180)`. */
export function frameText({ function: name, file, line }: Frame): string {
  return `${name} (${file}:${line})`;
}
