import { describe, expect, it } from 'vitest';
import { expectRefused, listAt, siglab, siglabJson } from '../support/cli.js';

describe('siglab stress', () => {
  it('runs a scenario on real threads for so long, and says how often', async () => {
    const { status, document } = await siglabJson('stress', 'pause-wakeup', '--seconds', '0.3');
    expect({ status, verdict: document.verdict }).toEqual({ status: 0, verdict: 'holds' });
    const [result] = listAt(document, 'scenarios');
    expect(result).toMatchObject({ scenario: 'pause-wakeup', cpus: 2, violationCount: 0, violation: null });
    expect(result?.iterations).toBeGreaterThanOrEqual(100);
  });

  it('ends with status 1 where the claim breaks', async () => {
    const args = ['stress', 'autoreap', '--patch', 'ignore-autoreap', '--seconds', '0.1'];
    const { status, stdout } = await siglab(args);
    expect(status).toBe(1);
    expect(stdout).toMatch(/^ {2}violated [\d,]+ times, first: /m);
  });

  it('refuses wrong calls', async () => {
    expectRefused(await siglab(['stress', 'pause-wakup']), /did you mean pause-wakeup\?/);
    expectRefused(await siglab(['stress', 'all', '--patch', 'no-kill-retry']), /stress all runs the kernel as it is/);
    expectRefused(await siglab(['stress', 'all', '--seconds', '0']), /--seconds takes a number above 0/);
  });
});
