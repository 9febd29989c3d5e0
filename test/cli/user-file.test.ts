import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../support/build.js';
import { type Called, documentOf, expectRefused, listAt, objectAt, siglab, textAt } from '../support/cli.js';
import { temporaryFolder } from '../support/folder.js';

const cwd = temporaryFolder();

/** Calls siglab in a folder that knows nothing of it. */
function call(...args: readonly string[]): Promise<Called> {
  return siglab(args, { cwd, program: join(ROOT, 'bin/siglab.js') });
}

describe('siglab new', () => {
  it('writes a scenario that type-checks, and in which a race is found that replays', async () => {
    expect(await call('new', 'my-race')).toMatchObject({ status: 0, stderr: '' });
    const explored = await call('explore', './my-race.ts', '--json');
    expect(explored.status).toBe(1);
    const document = documentOf(explored);
    expect(document).toMatchObject({ scenario: 'my-race', verdict: 'violated', violation: { kind: 'hung-task' } });
    const token = textAt(objectAt(document, 'violation'), 'minimalToken');
    const replayed = await call('replay', token, '--file', 'my-race.ts');
    expect(replayed).toMatchObject({ status: 1, stderr: '' });
    expect(replayed.stdout).toContain('the worker sleeps, and its message is there');
    expect((await call('minimize', token, '--file', 'my-race.ts')).stdout).toContain('no schedule with fewer fails');
    expectRefused(
      await call('replay', token),
      /there is no scenario "my-race".*; of a file of your own, name it with --file$/m,
    );
  });

  it('writes a scenario whose story and patch can be shown, and that runs on real threads', async () => {
    const { status, stdout } = await call('show', 'my-race.ts');
    expect(status).toBe(0);
    expect(stdout).toContain('+signal_pending_state: () => false,');
    const ran = documentOf(await call('run', 'my-race.ts', '--no-check', '--iterations', '20', '--json'));
    expect(ran).toMatchObject({ scenario: 'my-race', iterations: 20 });
  });

  it('writes a model in which a race is found', async () => {
    expect(await call('new', 'my-model', '--model')).toMatchObject({ status: 0, stderr: '' });
    const { status, stdout } = await call('explore', './my-model.ts');
    expect(status).toBe(1);
    expect(stdout).toContain('BUG: assertion failed at the end: an increment was lost\nmodel my-model\n');
    const [, token = ''] = /^token: (\S+)$/m.exec(stdout) ?? [];
    const replayed = await call('replay', token, '--file', 'my-model.ts');
    expect(replayed.stdout).toMatch(/^Thread second\n {2}- reads count: 0$/m);
    expect(replayed.stdout).toMatch(/│ step │ thread first +│ thread second +│/);
    const step = await call('replay', token, '--file', 'my-model.ts', '--step', '1');
    expect(step).toMatchObject({ status: 0, stderr: '' });
    expect(step.stdout).toMatch(/^thread first\n {2}about to store\(count\)$/m);
    expect(step.stdout).toMatch(/^shared\n {2}count: 0$/m);
    const shown = await call('show', 'my-model.ts');
    expect(shown).toMatchObject({ status: 0, stderr: '' });
    expect(shown.stdout).toMatch(/^Threads\n {2}first, second$/m);
    expect(shown.stdout).toMatch(/^What they share\n {2}count$/m);
    expectRefused(await call('run', './my-model.ts', '--no-check'), /only the controlled machine runs/);
    expectRefused(await call('explore', './my-model.ts', '--no-check', '--cpus', '3'), /takes neither patches nor/);
    const other = await call('explore', './my-model.ts#my-modle', '--no-check');
    expectRefused(other, /my-model\.ts: there is no scenario or model "my-modle"; did you mean my-model\?/);
  });

  it('explores a model to a limit, and says how large its space is and which lock and loop make it so', async () => {
    writeFileSync(
      join(cwd, 'hot.ts'),
      `import { defineModel, type Thread } from 'siglab';
export const hot = defineModel('hot', (m) => {
  const lock = m.mutex('hot lock');
  const turn = m.cell('turn');
  function* work(t: Thread) {
    for (let round = 0; round < 4; round++) {
      yield t.lock(lock);
      t.unlock(lock);
    }
    yield t.fetchAdd(turn, 1);
  }
  for (let id = 0; id < 3; id++) m.thread('worker ' + id, work);
});
`,
    );
    const args = ['explore', 'hot.ts', '--no-check', '--strategy', 'dpor', '--schedules', '1000'];
    const { status, stdout } = await call(...args);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^dpor: 1,000 different executions of an estimated [\d,]+$/m);
    expect(stdout).toMatch(/^ {2}\d\d % for hot lock: work \(hot\.ts:7\)$/m);
    expect(stdout).toMatch(/^ {2}\d\d % in later rounds of a loop \(up to 4\): work \(hot\.ts:7\)$/m);
    const document = documentOf(await call(...args, '--json'));
    const [phase] = listAt(document, 'phases');
    expect(Number(objectAt(phase ?? {}, 'estimate').executions)).toBeGreaterThan(1000);
    const [word] = listAt(objectAt(document, 'branching'), 'words');
    expect(word).toMatchObject({ name: 'hot lock', pairs: [{ places: [{ line: 7 }, { line: 7 }] }] });
    const [loop] = listAt(objectAt(document, 'branching'), 'loops');
    expect(loop).toMatchObject({ rounds: 4, place: { function: 'work', file: 'hot.ts' } });
  });

  it('does not write over a file, nor take a name that cannot be', async () => {
    writeFileSync(join(cwd, 'mine.ts'), 'mine');
    expectRefused(await call('new', 'mine'), 'mine.ts exists already, and is left as it is');
    expect(readFileSync(join(cwd, 'mine.ts'), 'utf8')).toBe('mine');
    expectRefused(await call('new', 'My Race'), '"My Race" cannot name a scenario');
    expectRefused(await call('new', 'kill-vs-exec'), 'siglab has a "kill-vs-exec" of its own');
  });
});

describe('a file in a folder that is called as one of siglab’s own', () => {
  it('has its places in reports all the same, by the names of the threads', async () => {
    mkdirSync(join(cwd, 'src/machine'), { recursive: true });
    writeFileSync(
      join(cwd, 'src/machine/race.mjs'),
      `import { defineModel } from 'siglab';
export const race = defineModel('race', (m) => {
  const [cell, shared] = [m.cell('cell'), m.plain('shared')];
  for (const name of ['first', 'second']) m.thread(name, function* (t) {
    yield t.load(cell);
    t.write(shared, 1);
  });
});
`,
    );
    const { stdout } = await call('explore', 'src/machine/race.mjs');
    expect(stdout).toContain('BUG: KCSAN: data-race in first / second\n');
    expect(stdout).toContain('  call trace:\n    first (race.mjs:6)\n');
  });
});

describe('a model of many threads', () => {
  it('has tokens too, which replay; not with another number of threads', async () => {
    const model = (threads: number) => `import { defineModel } from 'siglab';
export const many = defineModel('many', (m) => {
  const count = m.cell('count');
  for (let id = 0; id < ${threads}; id++) m.thread('thread ' + id, function* (t) {
    yield t.store(count, (yield t.load(count)) + 1);
  });
  m.finally((end) => end.assert(end.value(count) === ${threads}, 'an increment was lost'));
});
`;
    writeFileSync(join(cwd, 'many.mjs'), model(40));
    const document = documentOf(await call('explore', 'many.mjs', '--schedules', '20', '--json'));
    const token = textAt(objectAt(document, 'violation'), 'minimalToken');
    expect(token).toMatch(/^sl1\.many@40\./);
    expect(await call('replay', token, '--file', 'many.mjs', '--format', 'ftrace')).toMatchObject({ status: 1 });
    writeFileSync(join(cwd, 'many.mjs'), model(39));
    const other = await call('replay', token, '--file', 'many.mjs');
    expectRefused(other, 'siglab: this token is for 40 threads, and many has 39: it has changed since');
  });
});

describe('a hang of a user’s model', () => {
  it('is told with the places in the user’s file, as text, in JSON and in JUnit XML', async () => {
    writeFileSync(
      join(cwd, 'lost.mjs'),
      `import { defineModel } from 'siglab';
export const lost = defineModel('lost', (m) => {
  const [mutex, changed, ready] = [m.mutex('mutex'), m.condition('changed'), m.cell('ready')];
  m.thread('sleeper', function* sleeper(t) {
    yield t.lock(mutex);
    while ((yield t.load(ready)) === 0) yield* t.wait(changed, mutex);
    t.unlock(mutex);
  });
  m.thread('waker', function* waker(t) {
    yield t.store(ready, 1);
    yield* t.signal(changed);
  });
});
`,
    );
    const document = documentOf(await call('explore', './lost.mjs', '--json', '--junit', 'lost.xml'));
    const violation = objectAt(document, 'violation');
    expect(violation).toMatchObject({
      kind: 'lost-wakeup',
      witnesses: [
        { stack: [{ function: 'sleeper', file: 'lost.mjs', line: 6 }] },
        { stack: [{ function: 'waker', file: 'lost.mjs', line: 10 }] },
        { stack: [{ function: 'waker', file: 'lost.mjs', line: 11 }] },
        { stack: expect.arrayContaining([{ function: 'sleeper', file: 'lost.mjs', line: 6 }]) },
      ],
    });
    expect(readFileSync(join(cwd, 'lost.xml'), 'utf8')).toMatch(
      /<failure type="lost-wakeup"[\s\S]*thread waker changed ready from 0 to 1[\s\S]*waker \(lost\.mjs:10\)[\s\S]*siglab replay sl1\.lost@2\.\S+ --file \S+lost\.mjs/,
    );
    const token = textAt(violation, 'minimalToken');
    const replayed = await call('replay', token, '--file', 'lost.mjs');
    expect(replayed.stdout).toMatch(/BUG: lost wake-up: thread sleeper sleeps[\s\S]* {4}waker \(lost\.mjs:10\)/);
    expect(documentOf(await call('replay', token, '--file', 'lost.mjs', '--json'))).toMatchObject({
      violation: { kind: 'lost-wakeup', witnesses: [{}, {}, {}, {}] },
    });
  });
});

describe('a file that is broken', () => {
  it('is refused with the line, where its types are wrong', async () => {
    writeFileSync(join(cwd, 'types.ts'), "import { SIGTERM } from 'siglab';\nexport const a: string = SIGTERM;\n");
    const { status, stdout, stderr } = await call('explore', 'types.ts');
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/types\.ts:2:14: Type 'number' is not assignable to type 'string'\./);
    expect(stderr).toContain('> 2 | export const a: string = SIGTERM;\n    |              ^');
  });

  it('is refused with the line of the file, not of siglab, where a model makes no sense', async () => {
    writeFileSync(
      join(cwd, 'none.ts'),
      "import { defineModel } from 'siglab';\n\nexport const a = defineModel('none', () => {});\n",
    );
    const { status, stdout, stderr } = await call('explore', 'none.ts', '--no-check');
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/^siglab: .*none\.ts:3:\d+: none has no threads\n/);
    expect(stderr).toContain("> 3 | export const a = defineModel('none', () => {});");
  });

  it('is refused where there is none, and where it has only patches', async () => {
    expectRefused(await call('explore', './nowhere.ts'), /there is no file .*nowhere\.ts/);
    mkdirSync(join(cwd, 'folder.ts'));
    expectRefused(await call('explore', './folder.ts'), /there is no file .*folder\.ts/);
    const text =
      "export const patch = { name: 'p', title: 't', story: 's', functions: { signal_pending_state: () => false } };";
    writeFileSync(join(cwd, 'patch.mjs'), text);
    expectRefused(await call('explore', 'patch.mjs'), /has only patches \(p\): name the scenario/);
    const called = await call('explore', 'pause-wakeup', '--patch', 'patch.mjs', '--strategy', 'random', '--json');
    expect({ status: called.status, patches: documentOf(called).patches }).toEqual({ status: 1, patches: ['p'] });
  });
});

describe('a model that does something else when it is made again', () => {
  const drifting = (body: string) => `import { defineModel } from 'siglab';
let made = 0;
export const drifting = defineModel('drifting', (m) => {
  const cell = m.cell('cell');
  m.thread('one', function* (t) { ${body} });
  m.thread('two', function* (t) { yield t.load(cell); });
  m.finally((end) => end.assert(end.value(cell) !== 5, 'it was five'));
});
`;

  it('is refused with a sentence that says what a model must not do', async () => {
    writeFileSync(join(cwd, 'drifting.mjs'), drifting('if (made++ === 0) yield t.load(cell); yield t.store(cell, 1);'));
    expectRefused(
      await call('explore', 'drifting.mjs', '--strategy', 'dpor'),
      /does something else when it is made again: it must take no time, draw no random numbers and keep no state/,
    );
  });

  it('has what was found in it told, where that cannot be shrunk', async () => {
    writeFileSync(join(cwd, 'once.mjs'), drifting('yield t.store(cell, 5 + made++);'));
    const { status, stdout, stderr } = await call('explore', 'once.mjs');
    expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
    expect(stdout).toMatch(/^1 execution by portfolio in /);
    expect(stdout).toMatch(
      /^it could not be shrunk: made again it goes another way .*\n.*assertion failed at the end: it was five$/m,
    );
    expect(stdout).toMatch(/siglab replay sl1\.drifting@2/);
    expect(documentOf(await call('explore', 'once.mjs', '--json'))).toMatchObject({
      verdict: 'violated',
      violation: { kind: 'assertion', minimalToken: null },
    });
  });
});
