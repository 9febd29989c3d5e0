import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { ensureBuilt } from '../support/build.js';
import { documentOf, expectRefused, siglab } from '../support/cli.js';
import { temporaryFolder } from '../support/folder.js';

const folder = temporaryFolder();
beforeAll(ensureBuilt);

/** What an exploration came to, without what the clock says. */
async function explored(...args: readonly string[]): Promise<Record<string, unknown>> {
  const { seconds, executionsPerSecond, ...document } = documentOf(await siglab(['explore', ...args, '--json']));
  expect(seconds).toBeGreaterThan(0);
  expect(executionsPerSecond).toBeGreaterThan(0);
  return document;
}

describe('siglab explore --resume', () => {
  it('goes on where a limit ended it, and comes to what it comes to without a stop', async () => {
    const random = ['pause-wakeup', '--strategy', 'random', '--seed', '4'];
    const file = join(folder, 'random.json');
    const part = await explored(...random, '--schedules', '550', '--resume', file);
    expect(part).toMatchObject({ executions: 550 });
    const whole = await explored(...random, '--schedules', '1100', '--resume', file);
    expect(whole).toEqual(await explored(...random, '--schedules', '1100'));
  });

  it('covers by dpor in two calls what one covers', async () => {
    const dpor = ['pause-wakeup', '--strategy', 'dpor'];
    const file = join(folder, 'dpor.json');
    const part = await explored(...dpor, '--schedules', '20', '--resume', file);
    expect(part).toMatchObject({ executions: 20, exhaustive: false });
    const whole = await explored(...dpor, '--resume', file);
    expect(whole).toEqual(await explored(...dpor));
    expect(whole).toMatchObject({ exhaustive: true, redundant: 0 });
  });

  it('covers by dfs in two calls what one covers', async () => {
    const dfs = ['pause-wakeup', '--strategy', 'dfs', '--preemptions', '2'];
    const file = join(folder, 'dfs.json');
    const part = await explored(...dfs, '--schedules', '70', '--resume', file);
    expect(part).toMatchObject({ executions: 70, exhaustive: false });
    const whole = await explored(...dfs, '--resume', file);
    expect(whole).toEqual(await explored(...dfs));
    expect(whole).toMatchObject({ exhaustive: true, redundant: 0 });
  });

  it('says that iterative dfs begins anew', async () => {
    const file = join(folder, 'iterative.json');
    const { stdout } = await siglab([
      ...['explore', 'pause-wakeup', '--strategy', 'dfs', '--iterative', '--schedules', '20', '--resume', file],
    ]);
    expect(stdout).toContain(`iterative dfs is made as a whole or not at all: with ${file} it begins anew`);
  });

  it('refuses the file of another search, and one that is none, and leaves it as it is', async () => {
    const file = join(folder, 'other.json');
    await explored('pause-wakeup', '--strategy', 'random', '--schedules', '10', '--resume', file);
    const args = ['explore', 'kill-vs-exec', '--strategy', 'random', '--resume', file];
    expectRefused(await siglab(args), /is the state of another search: scenario was "pause-wakeup"/);
    const saved = JSON.parse(readFileSync(file, 'utf8'));
    writeFileSync(file, JSON.stringify({ ...saved, state: { ...saved.state, version: 1 } }));
    const random = ['explore', 'pause-wakeup', '--strategy', 'random', '--resume', file];
    expectRefused(
      await siglab(random),
      /was written by --resume of another siglab: it has version 1, and this one reads 6/,
    );
    const cases = [
      ['null', /is no file that --resume has written: it is left as it is/],
      [JSON.stringify(saved).slice(0, 200), /is no file that --resume has written: it is left as it is/],
      [
        JSON.stringify({ ...saved, state: { ...saved.state, phase: 1 } }),
        /has been edited since --resume has written it: it is left as it is/,
      ],
      ['mine', /is no file that --resume has written: it is left as it is/],
    ] as const;
    for (const [text, sentence] of cases) {
      writeFileSync(file, text);
      expectRefused(await siglab(random), sentence);
    }
    expect(readFileSync(file, 'utf8')).toBe('mine');
    expect(existsSync(`${file}.new`)).toBe(false);
  });

  it('refuses what is no ordinary file, and a place beside which nothing can be written', async () => {
    const args = ['explore', 'pause-wakeup', '--schedules', '10', '--resume'];
    expectRefused(await siglab([...args, '/dev/zero']), /--resume: \/dev\/zero is no ordinary file/);
    mkdirSync(join(folder, 'taken.json.new'));
    expectRefused(await siglab([...args, join(folder, 'taken.json')]), /taken\.json\.new: it is a folder/);
  });

  it('refuses to go on with a model that is another one now', async () => {
    const model = join(folder, 'changing.mjs');
    const write = (stores: number): void =>
      writeFileSync(
        model,
        `import { defineModel } from 'siglab';
        export const model = defineModel('changing', (m) => {
          const cell = m.cell('cell');
          for (const name of ['a', 'b', 'c'])
            m.thread(name, function* (t) {
              for (let at = 0; at < ${stores}; at++) yield t.fetchAdd(cell, 1);
            });
        });`,
      );
    const args = ['explore', model, '--strategy', 'dpor', '--resume', join(folder, 'changing.json')];
    write(3);
    expect((await siglab([...args, '--schedules', '600'])).status).toBe(0);
    write(2);
    expectRefused(
      await siglab(args),
      /changing\.json is of no use any more: changing\.mjs changed since it was written/,
    );
    write(3);
    // 9! / 3!³
    expect((await siglab(args)).stdout).toMatch(/covered by 1,680 inequivalent executions/);
  });
});
