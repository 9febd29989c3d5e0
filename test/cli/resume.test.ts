import { existsSync, readFileSync, writeFileSync } from 'node:fs';
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
      /was written by --resume of another siglab: it has version 1, and this one reads 5/,
    );
    writeFileSync(file, 'mine');
    expectRefused(await siglab(args), /is no file that --resume has written: it is left as it is/);
    expect(readFileSync(file, 'utf8')).toBe('mine');
    expect(existsSync(`${file}.new`)).toBe(false);
  });
});
