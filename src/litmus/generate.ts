/** Random litmus tests from a seed, as sketches that can be made smaller. */

/** A block whose statements are still text. */
export interface SketchBlock {
  readonly head: string;
  readonly name: string;
  readonly setup: readonly string[];
  readonly body: readonly string[];
}

export interface Sketch {
  readonly name: string;
  readonly blocks: readonly SketchBlock[];
}

/** Numbers from a seed: the generator mulberry32. */
function numbersFrom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let value = Math.imul(state ^ (state >>> 15), state | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) % below;
  };
}

const HANDLERS = `handler H {
  n = n + 1;
}

handler G {
  g = sig;
}
`;
const SIGNALS = ['SIGUSR1', 'SIGUSR1', 'SIGUSR2', 'SIGTERM', 'SIGCHLD', 'SIGRTMIN', 'SIGSTOP', 'SIGCONT', 'SIGKILL'];
const CAUGHT = ['SIGUSR1', 'SIGUSR2', 'SIGTERM', 'SIGCHLD', 'SIGRTMIN', 'SIGCONT'];
const MOST_STATEMENTS = 2;

interface Cast {
  readonly pick: <T>(of: readonly T[]) => T;
  readonly chance: (oneIn: number) => boolean;
  readonly processes: readonly string[];
  readonly tasks: readonly string[];
}

/** Each statement as it stands in a body; `$` is where a register's name goes. */
const STATEMENTS: readonly ((cast: Cast, own: string) => string)[] = [
  ({ pick, processes }) => `$ = kill(${pick(processes)}, ${pick(SIGNALS)});`,
  ({ pick, processes }) => `$ = kill(${pick(processes)}, ${pick(SIGNALS)});`,
  ({ pick, processes }) => `$ = kill(${pick(processes)}, 0);`,
  ({ pick, tasks }) => `$ = tkill(${pick(tasks)}, ${pick(SIGNALS)});`,
  ({ pick, processes }) => `$ = sigqueue(${pick(processes)}, ${pick(['SIGRTMIN', 'SIGUSR1'])}, 1);`,
  ({ pick }) => `sigaction(${pick(CAUGHT)}, ${pick(['H', 'G', 'SIG_IGN', 'SIG_DFL'])});`,
  ({ pick }) => `sigprocmask(${pick(['SIG_BLOCK', 'SIG_UNBLOCK'])}, {${pick(CAUGHT)}});`,
  ({ pick }) => `$ = sigpending(${pick(CAUGHT)});`,
  () => '$ = pause();',
  ({ pick }) => `$ = sigsuspend({${pick(CAUGHT)}});`,
  ({ pick }) => `$ = sigtimedwait({${pick(CAUGHT)}}, 0ns);`,
  ({ pick, processes }) => `$ = waitpid(${pick([...processes, '-1'])}, &$s, ${pick(['0', 'WNOHANG', 'WUNTRACED'])});`,
  ({ pick, processes }) => `$ = waitpid(${pick([...processes, '-1'])}, &$s, ${pick(['0', 'WNOHANG'])});`,
  ({ pick }) => `exit_group(${pick(['1', '2'])});`,
  ({ pick }) => `exit(${pick(['3', '4'])});`,
  () => '$ = setpgid(0, 0);',
  ({ pick, processes }) => `$ = kill(-${pick(processes)}, ${pick(SIGNALS)});`,
  ({ pick }) => `${pick(['x', 'y'])} = 1;`,
  ({ pick }) => `$ = ${pick(['x', 'y'])};`,
  () => '$ = getppid();',
];

/**
 * Makes a random test.
 *
 * @param seed the same seed gives the same test
 */
export function randomSketch(seed: number): Sketch {
  const below = numbersFrom(seed);
  const pick = <T>(of: readonly T[]): T => of[below(of.length)] as T;
  const chance = (oneIn: number): boolean => below(oneIn) === 0;
  const heads = [
    ['A', 'process A'],
    ['B', chance(2) ? 'process B of A' : 'process B'],
    ...(chance(2) ? [chance(2) ? ['C', 'process C'] : ['C', 'process C of A group A']] : []),
    ...(chance(2) ? [['T', 'thread T of B']] : []),
  ] as const;
  const tasks = heads.map(([name]) => name ?? '');
  const cast: Cast = { pick, chance, tasks, processes: tasks.filter((name) => name !== 'T') };
  // One task starts one more: enough to see what a start races with.
  const starter = chance(2) ? pick(tasks) : null;
  const blocks = heads.map(([name = '', head = '']): SketchBlock => {
    const setup: string[] = [];
    if (chance(2)) setup.push(`sigaction(${pick(CAUGHT)}, ${pick(['H', 'G', 'SIG_IGN'])});`);
    if (chance(2)) setup.push(`sigprocmask(SIG_BLOCK, {${pick(CAUGHT)}});`);
    const body = Array.from({ length: 1 + below(MOST_STATEMENTS) }, (_, at) =>
      pick(STATEMENTS)(cast, name).replaceAll('$', `r${at}`),
    );
    if (name === starter) body.splice(below(body.length + 1), 0, pick(['fork', 'thread', 'execve']).concat('(P);'));
    return { head, name, setup, body };
  });
  const programs = starter === null ? [] : [programBlock(cast)];
  return { name: `random-${seed}`, blocks: [...blocks, ...programs] };
}

function programBlock(cast: Cast): SketchBlock {
  const body = [cast.pick(STATEMENTS)(cast, 'P').replaceAll('$', 'r0')];
  return { head: 'program P', name: 'P', setup: [], body };
}

/** A sketch as a test. Everything is looked at. */
export function sketchText({ name, blocks }: Sketch): string {
  const items = blocks.flatMap(({ name: block, body }) => {
    const text = body.join('\n');
    const registers = new Set([...text.matchAll(/&?(r\d)(?: =|s\b)/g)].map(([found]) => found.replace(/[& =]/g, '')));
    return [...registers].map((register) => `${block}:${register}`);
  });
  const image = blocks.some(({ body }) => body.includes('execve(P);'));
  const ends = blocks.filter(({ name: block }) => !(image && block === 'P'));
  const states = ends.flatMap(({ head, name: block }) =>
    head.startsWith('process') ? [`state(${block})`, `pending(${block})`] : [`state(${block})`],
  );
  const handled = blocks.map(({ name: block }) => `${block}:n`);
  const texts = blocks.map(({ head, setup, body }) => {
    const before = setup.length === 0 ? [] : [`  setup { ${setup.join(' ')} }`];
    return [`${head} {`, ...before, ...body.map((statement) => `  ${statement}`), '}', ''].join('\n');
  });
  return `litmus ${name}
question "What can come of this random program?"
from signal(7)

shared x, y;

${HANDLERS}
${texts.join('\n')}
observe ${[...items, ...handled, ...states].join(', ')}, x, y;
exists true
`;
}

/** The program goes with the statement that starts it. */
function withoutUnstarted(blocks: readonly SketchBlock[]): readonly SketchBlock[] {
  const started = blocks.some(({ body }) => body.some((statement) => statement.endsWith('(P);')));
  return started ? blocks : blocks.filter(({ name }) => name !== 'P');
}

/** Sketches that are one statement, or one block that nobody names, smaller. */
export function* smallerSketches(sketch: Sketch): Generator<Sketch> {
  const { blocks } = sketch;
  for (const [at, { name }] of blocks.entries()) {
    const others = blocks.toSpliced(at, 1);
    const named = new RegExp(`\\b${name}\\b`);
    const isNamed = others.some(({ head, setup, body }) => named.test([head, ...setup, ...body].join(' ')));
    if (!isNamed && others.length > 0) yield { ...sketch, blocks: withoutUnstarted(others) };
  }
  for (const [at, block] of blocks.entries()) {
    for (const part of ['body', 'setup'] as const) {
      for (const number of block[part].keys()) {
        const smaller = { ...block, [part]: block[part].toSpliced(number, 1) };
        yield { ...sketch, blocks: withoutUnstarted(blocks.with(at, smaller)) };
      }
    }
  }
}

/**
 * Makes a sketch smaller for as long as something holds of it.
 *
 * @param holds asked of each smaller sketch
 */
export async function shrinkSketch(sketch: Sketch, holds: (smaller: Sketch) => Promise<boolean>): Promise<Sketch> {
  for (const smaller of smallerSketches(sketch)) if (await holds(smaller)) return shrinkSketch(smaller, holds);
  return sketch;
}
