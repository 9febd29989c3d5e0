import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createJiti } from 'jiti';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { checkTypes } from '../../src/files/check.js';
import * as siglab from '../../src/index.js';
import { ensureBuilt, ROOT } from '../support/build.js';
import { type Example, publicApi } from '../support/examples.js';
import { temporaryFolder } from '../support/folder.js';

/** What an example may take for granted, by the name that it uses. */
const GIVEN: Readonly<Record<string, string>> = {
  model: "const model = modelOf({ scenario: 'kill-vs-exec', patches: ['no-kill-retry'], cpus: 3 });",
  machine:
    "const machine = new ControlledMachine(modelOf({ scenario: 'kill-vs-exec', patches: ['no-kill-retry'], cpus: 3 }));",
  found: "const { found } = explore(machine);\nif (found === null) throw new Error('nothing was found');",
  token:
    "const token = encodeToken({ scenario: 'kill-vs-exec', patches: [], cpus: 3, schedule: Uint8Array.of(2, 2, 2, 2) });",
  file: `const file = ${JSON.stringify(join(ROOT, 'templates/scenario.ts'))};`,
  text: `const text = 'litmus zombie question "Can it be signalled?" from kill(2) process A { r = kill(B, 0); } process B { exit_group(0); } forall (A:r == 0)';`,
};

/** Examples that are a part of something: what is around them. */
const AROUND: Readonly<Record<string, (code: string) => string>> = {
  Thread: (code) => `let mutex: Mutex;
let balance: Plain;
let withdrawals: Cell;
${code}
const result = explore(defineModel('withdrawing', (m) => {
  mutex = m.mutex('mutex');
  balance = m.plain('balance', 100);
  withdrawals = m.cell('withdrawals');
  m.thread('one', withdraw);
  m.thread('other', withdraw);
}), { strategy: 'dpor' });
if (result.found !== null || !result.exhausted) throw new Error('two withdrawals are allowed');`,
  sigset: (code) => inProgram(code),
  signalfdSiginfo: (code) =>
    inProgram(`const mask = sigset();
sigaddset(mask, SIGUSR1);
yield* sys.sigprocmask(SIG_BLOCK, mask);
const fd = yield* sys.signalfd(-1, mask);
yield* sys.kill(yield* sys.getpid(), SIGUSR1);
${code}`),
};

/** Code as the program of a simulated process, which is run once. */
function inProgram(code: string): string {
  return `const scenario: Scenario = {
  name: 'example', subject: 'programs', title: 'an example', story: '', cast: ['CPU 0: process 100'], claim: 'it ends.',
  watch: [], patches: [], learn: '', cpus: 1, results: ['end'],
  programs: { *main(sys) {
${code}
    sys.result('end', 1);
  } },
  setup(setup) { setup.process('main', { cpu: 0 }); },
  outcome: ({ end }) => String(end),
};
const [first] = Object.keys(explore(kernelModel(scenario), { strategy: 'dpor' }).outcomes);
if (first !== '1') throw new Error(\`the program did not come to its end: \${first}\`);`;
}

const { examples, names, without } = publicApi();
const folder = temporaryFolder();
const file = join(folder, 'examples.ts');
let ran: Readonly<Record<string, () => Promise<void>>> = {};

/** `expression; // value` in an example: that is its value. Where the comment is no literal, it says something else. */
const CLAIM = /^(\s*)(?!const |let |console\.)(\S.*); \/\/ (true|false|null|-?\d+|'[^'…]*'|\['[^…]*'\])$/gm;
const CHECK = `function same(found: unknown, claimed: unknown): void {
  const [a, b] = [JSON.stringify(found), JSON.stringify(claimed)];
  if (a !== b) throw new Error(\`this is \${a}, and the example says \${b}\`);
}
`;

const uses = (code: string, name: string): boolean => new RegExp(`(?<![.\\w])${name}\\b`).test(code);
const declares = (code: string, name: string): boolean =>
  new RegExp(`\\b(?:const|let|function\\*?)\\s+(?:\\{[^}]*\\b)?${name}\\b`).test(code);

/** An example as a function, with what it takes for granted. */
function functionOf({ of, code }: Example, at: number): string {
  let body = AROUND[of]?.(code) ?? code;
  body = body.replaceAll(/^import .* from 'siglab';$/gm, '');
  for (const name of ['found', 'token', 'machine', 'model', 'file', 'text']) {
    if (uses(body, name) && !declares(code, name)) body = `${GIVEN[name]}\n${body}`;
  }
  body = body.replaceAll(CLAIM, '$1same($2, $3);');
  return `// ${of}\nexport async function example${at}(): Promise<void> {\n${body}\n}\n`;
}

beforeAll(async () => {
  ensureBuilt();
  const bodies = examples.map(functionOf).join('\n');
  const needed = [...names].filter(([name]) => uses(bodies, name));
  const imports = needed.map(([name, isType]) => (isType ? `type ${name}` : name)).join(', ');
  writeFileSync(file, `import { ${imports} } from 'siglab';\n\n${CHECK}\n${bodies}`);
  const jiti = createJiti(file, { virtualModules: { siglab }, fsCache: false, moduleCache: false });
  ran = await jiti.import(file);
});

describe('the examples in the docstrings of the public API', () => {
  it('are there', () => {
    expect(examples.map(({ of }) => of)).toEqual(
      expect.arrayContaining(['siglab', 'explore', 'defineModel', 'Thread']),
    );
  });

  it('are with every function and class that can be called', () => {
    expect(without.filter((name) => name in siglab)).toEqual([]);
  });

  it('type-check', () => {
    expect(checkTypes(file)).toEqual([]);
  });

  it.each(examples.map(({ of, code }, at) => [of, at, code] as const))('run: %s', async (_, at, code) => {
    const printed = vi.spyOn(console, 'log').mockImplementation(() => {});
    try {
      await ran[`example${at}`]?.();
      if (code.includes('console.log(')) expect(printed).toHaveBeenCalled();
    } finally {
      printed.mockRestore();
    }
    expect(ran[`example${at}`]).toBeTypeOf('function');
  });
});
