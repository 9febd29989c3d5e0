import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureBuilt } from '../support/build.js';
import { documentOf, siglab, siglabInterrupted } from '../support/cli.js';
import { SCENARIO } from '../support/kill-vs-exec.js';

const folder = mkdtempSync(join(tmpdir(), 'siglab-interrupt-'));
beforeAll(ensureBuilt);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A file with a model, whose threads can say that they are in the middle of something. */
function modelFile(name: string, threads: string): string {
  const file = join(folder, `${name}.mjs`);
  writeFileSync(
    file,
    `import { closeSync, openSync, writeSync } from 'node:fs';
    import { defineModel } from 'siglab';
    /** Once, whichever thread it is. */
    const say = () => {
      try {
        closeSync(openSync('${join(folder, name)}.said', 'wx'));
        writeSync(2, 'in the middle\\n');
      } catch {}
    };
    let begun = 0;
    export const model = defineModel('${name}', (m) => {
      const cell = m.cell('cell');
      ${threads}
    });`,
  );
  return file;
}

const IN_THE_MIDDLE = { patienceMs: 30_000, when: 'in the middle' };

const ENDLESS = ['explore', SCENARIO, '--strategy', 'random', '--seconds', '100000'];

describe('Ctrl-C', () => {
  it('ends an exploration with status 130, after what was found so far', async () => {
    const { status, stdout, stderr } = await siglabInterrupted(ENDLESS, { patienceMs: 30_000 });
    expect({ status, stderr }).toEqual({ status: 130, stderr: '' });
    expect(stdout).toMatch(/^[\d,]+ executions by random in /);
    expect(stdout).toMatch(/^interrupted: no violation so far$/m);
  });

  it('that comes many times at once, as a supervisor may send it, loses nothing of what was found', async () => {
    const file = modelFile(
      'loads',
      `m.thread('one', function* (t) { if (++begun === 5000) say(); yield t.load(cell); });`,
    );
    const args = ['explore', file, '--strategy', 'random', '--seconds', '100000'];
    // It may come even as the process takes itself apart, when nobody can listen any more: of that the status says nothing.
    const { stdout } = await siglabInterrupted(args, { ...IN_THE_MIDDLE, repeatedly: true });
    expect(stdout).toMatch(/^interrupted: no violation so far$/m);
  });

  it('leaves one whole JSON document where that was asked for', async () => {
    const called = await siglabInterrupted([...ENDLESS, '--json'], { patienceMs: 30_000 });
    expect(called.status).toBe(130);
    expect(documentOf(called)).toMatchObject({ scenario: SCENARIO, exhaustive: false, violation: null });
  });

  it('has a like in SIGTERM, as `timeout` sends it', async () => {
    const { status, stdout, stderr } = await siglabInterrupted(ENDLESS, { patienceMs: 30_000, signal: 'SIGTERM' });
    expect({ status, stderr }).toEqual({ status: 130, stderr: '' });
    expect(stdout).toMatch(/^interrupted: no violation so far$/m);
  });

  it('ends a systematic search too, which then does not claim to be exhaustive', async () => {
    const args = ['explore', SCENARIO, '--exhaustive', '--json'];
    const called = await siglabInterrupted(args, { patienceMs: 30_000 });
    expect(called.status).toBe(130);
    expect(JSON.parse(called.stdout)).toMatchObject({ exhaustive: false });
  });

  it.each(['dpor', 'dfs', 'random'])(
    'is heard in the middle of an execution that never ends, by %s',
    async (strategy) => {
      const file = modelFile(
        `spinning-${strategy}`,
        `m.thread('reader', function* (t) {
        if ((yield t.load(cell)) === 1) for (say(); ; );
      });
      m.thread('writer', function* (t) { yield t.store(cell, 1); });`,
      );
      const called = await siglabInterrupted(['explore', file, '--strategy', strategy, '--json'], IN_THE_MIDDLE);
      expect(called.status).toBe(130);
      expect(documentOf(called)).toMatchObject({ exhaustive: false, violation: null, verdict: 'holds' });
    },
  );

  it('has a like in the end of --seconds: an execution that never ends does not outlast it', async () => {
    const file = modelFile(
      'limited',
      `m.thread('one', function* (t) {
        yield t.store(cell, 1);
        for (;;);
      });`,
    );
    const { status, stdout } = await siglab(['explore', file, '--strategy', 'random', '--seconds', '0.1']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^0 executions by random in .*\nno violation found; the space was not covered$/m);
    expect(stdout).toMatch(/^a thread did not come to an end .*: is there a loop that neither ends nor yields\?$/m);
  });

  it('in the middle of shares of dpor on two cores loses nothing that --resume does not make again', async () => {
    const file = modelFile(
      'writers',
      `for (let id = 0; id < 3; id++) {
        m.thread('writer ' + id, function* (t) {
          if (++begun === 5000) say();
          for (let write = 0; write < 4; write++) yield t.store(cell, 10 * id + write);
        });
      }
      m.outcome((end) => String(end.value(cell)));`,
    );
    const kept = join(folder, 'kept.json');
    const args = ['explore', file, '--strategy', 'dpor', '--workers', '2', '--json'];
    const first = await siglabInterrupted([...args, '--resume', kept], IN_THE_MIDDLE);
    expect(first.status).toBe(130);
    const part = documentOf(first);
    expect(part).toMatchObject({ exhaustive: false, verdict: 'holds' });
    expect(part.executions).toBeGreaterThan(0);
    expect(part.executions).toBeLessThan(34_650);
    const [resumed, undisturbed] = [await siglab([...args, '--resume', kept]), await siglab(args)].map((called) => {
      const { seconds, executionsPerSecond, ...document } = documentOf(called);
      return document;
    });
    expect(resumed).toEqual(undisturbed);
    // 12! / 4!³
    expect(resumed).toMatchObject({ executions: 34_650, redundant: 0, exhaustive: true });
  });

  it('is heard while a violation is shrunk, which then is told as it was found', async () => {
    const file = modelFile(
      'counting',
      `for (const name of ['one', 'other']) {
        m.thread(name, function* (t) {
          if (++begun === 20) say();
          for (;;) yield t.fetchAdd(cell, 1);
        });
      }`,
    );
    const { status, stdout, stderr } = await siglabInterrupted(['explore', file, '--strategy', 'dfs'], IN_THE_MIDDLE);
    expect({ status, stderr }).toEqual({ status: 130, stderr: '' });
    expect(stdout).toContain('violated in execution 1\ninterrupted before it was shrunk: step-limit: no end after');
    expect(stdout).toMatch(/siglab replay sl1\.counting@2\.\S+ --file .*counting\.mjs$/m);
  });

  // Nothing listens during `run`: the process dies of the signal and prints nothing.
  it('ends a run with status 130, after what was found so far', async () => {
    const { status, stdout } = await siglabInterrupted(['run', SCENARIO, '--iterations', '100000000'], {
      patienceMs: 5000,
    });
    expect(status).toBe(130);
    expect(stdout).toMatch(/iterations in .* × kill 0, died of SIGTERM/s);
  });
});
