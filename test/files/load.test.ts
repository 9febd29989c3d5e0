import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UnknownNameError } from '../../scenarios/catalog.js';
import { explore } from '../../src/explore/explore.js';
import { knownFrom, modelFrom } from '../../src/files/describe.js';
import { UserFileError } from '../../src/files/error.js';
import { isUserFile, loadUserFile } from '../../src/files/load.js';
import { temporaryFolder } from '../support/folder.js';

const folder = temporaryFolder();

let files = 0;
function write(text: string, extension = 'ts'): string {
  const path = join(folder, `file-${++files}.${extension}`);
  writeFileSync(path, text);
  return path;
}

const SCENARIO = `
  name: 'mine', subject: 'programs', title: 't', story: 's', cast: [], claim: 'c', watch: [], patches: [], learn: 'l',
  cpus: 1, results: [], programs: { *main() {} }, setup(setup) { setup.process('main'); }, outcome: () => 'done',
`;
const PATCH = "name: 'my-patch', title: 't', story: 's', functions: { signal_pending_state: () => false },";
const MODEL = `defineModel('my-model', (m) => {
  const cell = m.cell('cell');
  m.thread('only', function* (t) { yield t.store(cell, 1); });
})`;

async function mistakeIn(text: string, extension?: string): Promise<string> {
  const path = write(text, extension);
  const error: unknown = await loadUserFile(path).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(UserFileError);
  return (error as Error).message.replaceAll(path, 'FILE');
}

describe('a file of the user’s own', () => {
  it('is told from the name of a scenario', () => {
    expect(['./a.ts', 'a.mjs', '/x/a.js', 'a.mts'].map(isUserFile)).toEqual([true, true, true, true]);
    expect(['kill-vs-exec', 'a.litmus', './a', 'a.json'].map(isUserFile)).toEqual([false, false, false, false]);
  });

  it('brings scenarios, patches and models, by themselves and in lists, each once', async () => {
    const path = write(`
      import { defineModel, type Patch, type Scenario } from 'siglab';
      export const scenario: Scenario = { ${SCENARIO} };
      export default scenario;
      export const patches: readonly Patch[] = [{ ${PATCH} }];
      export const model = ${MODEL};
      export const other = 42;
    `);
    const { scenarios, patches, models } = await loadUserFile(path);
    expect([scenarios, patches, models].map((all) => all.map(({ name }) => name))).toEqual([
      ['mine'],
      ['my-patch'],
      ['my-model'],
    ]);
  });

  it('runs: a scenario with a patch, and a model', async () => {
    const path = write(
      `import { defineModel } from 'siglab';
       export const scenario = { ${SCENARIO} };
       export const patch = { ${PATCH} };
       export const model = ${MODEL};`,
      'mjs',
    );
    const scenario = await modelFrom({ scenario: 'mine', patches: ['my-patch'], cpus: 1, files: [path] });
    expect(scenario.patches).toEqual(['my-patch']);
    expect(explore(scenario, { strategy: 'dpor' })).toMatchObject({ exhausted: true, found: null });
    const model = await modelFrom({ scenario: 'my-model', patches: [], cpus: 1, files: [path] });
    expect(explore(model, { strategy: 'dpor' })).toMatchObject({ exhausted: true, executions: 1 });
  });

  it('can have patches for the scenarios that siglab brings', async () => {
    const path = write(`export const patch = { ${PATCH} };`, 'js');
    const model = await modelFrom({ scenario: 'pause-wakeup', patches: ['my-patch'], cpus: 2, files: [path] });
    expect(explore(model, { strategy: 'random', schedules: 2000 }).found?.violation.kind).toBe('lost-wakeup');
  });

  it('does not hide a name that siglab has', async () => {
    const path = write(`export const scenario = { ${SCENARIO.replace("'mine'", "'kill-vs-exec'")} };`);
    await expect(knownFrom([path])).rejects.toThrow(/siglab has a "kill-vs-exec" of its own/);
  });

  it('leaves other names unknown, and names its own among those that are known', async () => {
    const known = await knownFrom([write(`export const scenario = { ${SCENARIO} };`)]);
    expect(() => known.subject('mime')).toThrow(UnknownNameError);
    expect(() => known.subject('mime')).toThrow(/there is mine, /);
    expect(() => known.patch('no-patch')).toThrow(UnknownNameError);
  });
});

describe('a broken file is told with its line', () => {
  it('where it cannot be parsed', async () => {
    expect(await mistakeIn('export const a = 1;\nexport const b = {\n  x: 1,,\n};\n')).toBe(
      `FILE:3:7: Unexpected token

  1 | export const a = 1;
  2 | export const b = {
> 3 |   x: 1,,
    |       ^
  4 | };
  5 |`,
    );
  });

  it('where it throws as it is loaded', async () => {
    const mistake = await mistakeIn("type A = 1;\n\nconst a: A = JSON.parse('{');\nexport { a };\n");
    expect(mistake).toMatch(/^FILE:3:\d+: .*JSON/);
    expect(mistake).toContain("> 3 | const a: A = JSON.parse('{');");
  });

  it('where it throws in a file that it imports', async () => {
    writeFileSync(join(folder, 'part.ts'), "export const part = 1;\nthrow new Error('in part');\n");
    expect(await mistakeIn("import { part } from './part.ts';\nexport const a = part;\n")).toMatch(
      /part\.ts:2:\d+: in part/,
    );
  });

  it('where a model does not make sense', async () => {
    const mistake = await mistakeIn(
      "import { defineModel } from 'siglab';\nexport const model = defineModel('none', () => {});\n",
    );
    expect(mistake).toMatch(/^FILE:2:\d+: none has no threads/);
  });

  it.each([
    [
      'lacks something',
      SCENARIO.replace("outcome: () => 'done',", ''),
      '"outcome" should be a function, and is missing',
    ],
    [
      'has another type',
      SCENARIO.replace('cast: []', 'cast: 1'),
      '"cast" should be a list of texts, and is something else',
    ],
    [
      'has too many CPUs',
      SCENARIO.replace('cpus: 1', 'cpus: 99'),
      '"cpus" should be a whole number from 1 to 31, and is 99',
    ],
    [
      'has another subject',
      SCENARIO.replace("'programs'", "'fun'"),
      '"subject" should be one of kill and exec, .* and is fun',
    ],
    ['has a name that no token holds', SCENARIO.replace("'mine'", "'Mine'"), '"Mine" cannot name a scenario'],
  ])('where a scenario %s', async (_, fields, sentence) => {
    const mistake = await mistakeIn(`// one line\nexport const scenario = {${fields}};\n`);
    expect(mistake).toMatch(new RegExp(`^FILE:3:3: .*${sentence}`));
  });

  it('where a patch replaces what the kernel has not', async () => {
    const fields = PATCH.replace('signal_pending_state', 'signal_pending_stat');
    expect(await mistakeIn(`export const patch = { ${fields} };`)).toMatch(
      /^FILE:1:24: patch my-patch replaces signal_pending_stat, which this kernel has not; did you mean signal_pending_state\?/,
    );
  });

  it('where two things have one name, and where there is nothing', async () => {
    const two = `export const scenario = { ${SCENARIO} };\nexport const again = { ${SCENARIO} };\n`;
    expect(await mistakeIn(two)).toMatch(/two things that this file exports are called "mine"/);
    expect(await mistakeIn('export const a = 1;\n')).toMatch(
      /^FILE:1:1: this file exports no scenario, patch or model/,
    );
  });

  it('and one that is not there without', async () => {
    await expect(loadUserFile(join(folder, 'nowhere.ts'))).rejects.toThrow(/^there is no file .*nowhere\.ts$/);
  });
});
