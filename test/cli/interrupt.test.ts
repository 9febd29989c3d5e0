import { describe, expect, it } from 'vitest';
import { documentOf, siglabInterrupted } from '../support/cli.js';
import { SCENARIO } from '../support/kill-vs-exec.js';

const ENDLESS = ['explore', SCENARIO, '--strategy', 'random', '--seconds', '100000'];

describe('Ctrl-C', () => {
  it('ends an exploration with status 130, after what was found so far', async () => {
    const { status, stdout, stderr } = await siglabInterrupted(ENDLESS, { patienceMs: 30_000 });
    expect({ status, stderr }).toEqual({ status: 130, stderr: '' });
    expect(stdout).toMatch(/^[\d,]+ executions by random in /);
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

  // Nothing listens during `run`: the process dies of the signal and prints nothing.
  it('ends a run with status 130, after what was found so far', async () => {
    const { status, stdout } = await siglabInterrupted(['run', SCENARIO, '--iterations', '100000000'], {
      patienceMs: 5000,
    });
    expect(status).toBe(130);
    expect(stdout).toMatch(/iterations in .* × kill 0, died of SIGTERM/s);
  });
});
