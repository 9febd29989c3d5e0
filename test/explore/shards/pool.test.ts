import { afterAll, beforeAll, expect, it } from 'vitest';
import { explorerCode } from '../../../src/cli/workers.js';
import { type ThreadPool, threadPool } from '../../../src/explore/shards/pool.js';
import type { Shrunk } from '../../../src/trace/failing.js';
import { ensureBuilt } from '../../support/build.js';
import { CPUS, failingSchedule, killVsExecMachine, PATCHED, SCENARIO } from '../../support/kill-vs-exec.js';

const OF = { scenario: SCENARIO, patches: PATCHED, cpus: CPUS };
let threads: ThreadPool | null = null;

function pool(): ThreadPool {
  threads ??= threadPool(explorerCode(OF), 1);
  return threads;
}

beforeAll(ensureBuilt);
afterAll(() => threads?.dispose());

it('a thread shrinks a schedule and writes its report, which names the sources', async () => {
  const { schedule } = failingSchedule(killVsExecMachine(PATCHED), 1);
  const given = { failing: { ...OF, schedule }, title: 'of a test' };
  const { minimized, report, token } = await pool().call<Shrunk>('shrink', given, new AbortController().signal);
  expect(minimized).toMatchObject({ preemptions: 1, fewest: true });
  expect(report).toMatch(/^=+\nBUG: invariant: .*\nof a test\n/);
  expect(report).toMatch(/\(src\/kernel\/[\w/-]+\.ts:\d+\)/);
  expect(report).toContain(`token: ${token}`);
});

it('an error of a thread has its name and its sentence', async () => {
  const given = { failing: { ...OF, schedule: new Uint8Array() }, title: '' };
  await expect(pool().call('shrink', given, new AbortController().signal)).rejects.toMatchObject({
    name: 'ScheduleMismatchError',
    message: 'there is nothing to minimize: the schedule does not fail',
  });
});

it('a call that is aborted ends, and the next is answered', async () => {
  const controller = new AbortController();
  const surveyed = pool().call('survey', {}, controller.signal);
  controller.abort();
  await expect(surveyed).rejects.toThrow();
  await expect(pool().call('prepare', {}, new AbortController().signal)).resolves.toBeNull();
});

it('threads that are done away with answer first what they are at', async () => {
  const own = threadPool(explorerCode({ ...OF, patches: [] }), 1);
  await own.ready();
  const lots = { kind: 'lots', strategy: 'random', options: {}, first: 0, keepGoing: false } as const;
  const made = own.run({ ...lots, executions: 1_000_000 });
  await own.dispose();
  await expect(made).resolves.toMatchObject({ interrupted: true });
});
