import { describe, expect, it } from 'vitest';
import { STRATEGY_NAMES } from '../../src/explore/strategies/index.js';
import { listAt, objectAt, siglab, siglabJson, textAt } from '../support/cli.js';
import { CPUS, PATCH, PATCHED, SCENARIO } from '../support/kill-vs-exec.js';

const TOKEN = /sl1\.kill-vs-exec@3\+no-kill-retry\.[\w-]+/;
const MESSAGE = 'kill(101, SIGTERM) said ESRCH, but process 101 is alive: its parent has not waited for it';

describe('siglab explore', () => {
  it('prints one JSON document with every field of the contract', async () => {
    const { status, document } = await siglabJson('explore', SCENARIO, '--preemptions', '2');
    expect(status).toBe(0);
    expect(document).toMatchObject({
      scenario: SCENARIO,
      patches: [],
      cpus: CPUS,
      strategy: 'dfs',
      preemptions: 2,
      seed: 1,
      redundant: 0,
      exhaustive: true,
      verdict: 'holds',
      violation: null,
    });
    expect(document.executions).toBeGreaterThan(1000);
    expect(document.seconds).toBeGreaterThan(0);
    expect(document.executionsPerSecond).toBeGreaterThan(0);
    expect(document.outcomes).toEqual({ 'kill 0, died of SIGTERM': document.executions });
  });

  it('says what it covered as text: verified, with exact counts', async () => {
    const { status, stdout, stderr } = await siglab(['explore', SCENARIO, '--preemptions', '1']);
    const { document } = await siglabJson('explore', SCENARIO, '--preemptions', '1');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(new RegExp(`^${document.executions} executions by dfs in `));
    expect(stdout).toMatch(new RegExp(`^ +${document.executions} × kill 0, died of SIGTERM$`, 'm'));
    expect(stdout).toMatch(/^verified: all schedules with at most 1 preemption were executed, and none breaks/m);
  });

  it('draws lots first and then covers the space, where no strategy is named', async () => {
    const { status, document } = await siglabJson('explore', 'pause-wakeup');
    expect({ status, strategy: document.strategy }).toEqual({ status: 0, strategy: 'default' });
    expect(document).toMatchObject({ exhaustive: true, verdict: 'holds' });
    const [atRandom, covering] = listAt(document, 'phases');
    expect(atRandom).toMatchObject({ exhausted: false, executions: 2000 });
    expect(covering).toMatchObject({ strategy: 'dpor', exhausted: true, bound: null });
    expect(document.executions).toBe(2000 + Number(covering?.executions));
  });

  it('covers the whole space by dpor where it is to be exhaustive', async () => {
    const { status, stdout } = await siglab(['explore', 'pause-wakeup', '--exhaustive']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^\d+ executions by dpor in /);
    expect(stdout).toMatch(/^verified: /m);
  });

  it.each(STRATEGY_NAMES)('takes the strategy %s by its name', async (strategy) => {
    const { status, document } = await siglabJson(
      'explore',
      'pause-wakeup',
      '--strategy',
      strategy,
      '--schedules',
      '20',
    );
    expect({ status, strategy: document.strategy }).toEqual({ status: 0, strategy });
  });

  it('makes the same random walk from the same seed, and another from another', async () => {
    const call = (seed: string) =>
      siglabJson('explore', SCENARIO, '--patch', PATCH, '--strategy', 'random', '--seed', seed);
    const [first, again, other] = [await call('1'), await call('1'), await call('9')];
    const { foundAtExecution, token } = objectAt(first.document, 'violation');
    expect(again.document.violation).toMatchObject({ foundAtExecution, token });
    expect(other.document.violation).not.toEqual(first.document.violation);
    expect(first.document).toMatchObject({ seed: 1, strategy: 'random', exhaustive: false });
  });

  it('makes as many executions as it may', async () => {
    const { status, document } = await siglabJson('explore', SCENARIO, '--strategy', 'random', '--schedules', '300');
    expect({ status, executions: document.executions }).toEqual({ status: 0, executions: 300 });
    expect(document).toMatchObject({ exhaustive: false, verdict: 'holds' });
  });

  it('ends when the time is over, and does not claim to have covered the space', async () => {
    const { status, stdout } = await siglab(['explore', SCENARIO, '--strategy', 'random', '--seconds', '0.2']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^no violation found; the space was not covered$/m);
  });

  it('ends with status 1 where it was to be exhaustive and a limit ended it', async () => {
    const { status, stdout, stderr } = await siglab([
      'explore',
      SCENARIO,
      '--exhaustive',
      '--schedules',
      '5',
      '--json',
    ]);
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ executions: 5, exhaustive: false });
    expect(stderr).toMatch(/a limit ended the search before the whole space was covered/);
  });

  it('ends with status 0 where it was to be exhaustive within a bound and was', async () => {
    const { status, document } = await siglabJson('explore', SCENARIO, '--exhaustive', '--preemptions', '1');
    expect({ status, exhaustive: document.exhaustive }).toEqual({ status: 0, exhaustive: true });
  });
});

describe('siglab explore with a patch that breaks the claim', () => {
  it('prints the violation with all fields of the contract, and ends with status 1', async () => {
    const { status, document } = await siglabJson('explore', SCENARIO, '--patch', PATCH, '--preemptions', '1');
    expect(status).toBe(1);
    expect(document).toMatchObject({ patches: PATCHED, verdict: 'violated' });
    const violation = objectAt(document, 'violation');
    expect(violation).toMatchObject({ kind: 'invariant', message: MESSAGE, foundAtExecution: document.executions });
    expect(violation.token).toMatch(TOKEN);
    expect(violation.minimalToken).toMatch(TOKEN);
    expect(violation.switches).toBeGreaterThan(0);
    expect(violation.switches).toBeLessThanOrEqual(3);
  });

  it.each([
    ['dfs', ['--preemptions', '2']],
    ['random', []],
  ])('finds by %s what replays: both tokens end in the violation, with status 1', async (strategy, bound) => {
    const { document } = await siglabJson('explore', SCENARIO, '--patch', PATCH, '--strategy', strategy, ...bound);
    const violation = objectAt(document, 'violation');
    for (const name of ['token', 'minimalToken']) {
      const replayed = await siglabJson('replay', textAt(violation, name));
      expect(replayed.status).toBe(1);
      expect(replayed.document).toMatchObject({
        verdict: 'violated',
        violation: { kind: 'invariant', message: MESSAGE },
      });
    }
  });

  it('prints the report and the token as text, and the token replays with status 1', async () => {
    const { status, stdout, stderr } = await siglab(['explore', SCENARIO, '--patch', PATCH, '--preemptions', '1']);
    expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
    expect(stdout).toMatch(/^violated in execution [\d,]+$/m);
    expect(stdout).toMatch(
      /^shrunk to \d switch(es)? that blocking does not force \(no schedule with fewer fails\), \d+ steps$/m,
    );
    expect(stdout).toContain(`BUG: invariant: ${MESSAGE}`);
    expect(stdout).toContain(`scenario ${SCENARIO}, kernel 5.3.1 + ${PATCH}`);
    // The innermost frame that is a scenario's names the line of the check.
    expect(stdout).toMatch(/killer \(scenarios\/kill-vs-exec\.ts:\d+\)/);
    const [token = ''] = TOKEN.exec(stdout) ?? [];
    expect(await siglab(['replay', token])).toMatchObject({ status: 1, stderr: '' });
  });
});

it('explore runs in a node that was given options of its own', async () => {
  const args = ['bin/siglab.js', 'explore', 'pause-wakeup', '--strategy', 'dpor'];
  const { status, stderr } = await siglab(args, { program: '--max-old-space-size=2000' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});
