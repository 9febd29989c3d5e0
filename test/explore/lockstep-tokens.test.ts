import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { modelOf } from '../../scenarios/catalog.js';
import { workerCode } from '../../src/cli/workers.js';
import { replay } from '../../src/explore/replay.js';
import { decodeToken, encodeToken } from '../../src/explore/token.js';
import { ThreadMachine } from '../../src/machine/threads.js';
import { ensureBuilt } from '../support/build.js';
import {
  CPUS,
  failingSchedule,
  killVsExecMachine,
  PATCHED,
  randomSchedule,
  SCENARIO,
  UNPATCHED,
} from '../support/kill-vs-exec.js';

const TOKENS = 500;

describe.each([
  ['the kernel as it is', UNPATCHED],
  ['the kernel without the retry', PATCHED],
])('a token of %s', (_, patches) => {
  const description = { scenario: SCENARIO, patches, cpus: CPUS };
  const controlled = killVsExecMachine(patches);
  let lockstep: ThreadMachine;

  beforeAll(() => {
    ensureBuilt();
    lockstep = ThreadMachine.start(modelOf(description), workerCode(description), { checked: true });
  });
  afterAll(() => lockstep.dispose());

  /** Through the token and back, as the command line does it. */
  function passedOn(schedule: Uint8Array): Uint8Array {
    return decodeToken(encodeToken({ ...description, schedule })).schedule;
  }

  it(`replays to the same trace on one thread and on ${CPUS}, for ${TOKENS} random schedules`, async () => {
    const differing: number[] = [];
    const hashes = new Set<string>();
    for (let seed = 0; seed < TOKENS; seed++) {
      const schedule = passedOn(randomSchedule(controlled, seed));
      const here = replay(controlled, schedule);
      const there = await lockstep.replay(schedule);
      hashes.add(here.traceHash);
      const same =
        here.traceHash === there.traceHash &&
        here.events.length === there.eventCount &&
        here.outcome === there.outcome &&
        here.violation?.message === there.violation?.message;
      if (!same) differing.push(seed);
    }
    expect(differing).toEqual([]);
    expect(hashes.size).toBeGreaterThan(TOKENS / 2);
  });
});

describe('the token of a violation', () => {
  it('shows the same violation on both machines', async () => {
    ensureBuilt();
    const description = { scenario: SCENARIO, patches: PATCHED, cpus: CPUS };
    const controlled = killVsExecMachine(PATCHED);
    await using lockstep = ThreadMachine.start(modelOf(description), workerCode(description), { checked: true });
    for (const seed of [1, 2]) {
      const { schedule } = failingSchedule(controlled, seed);
      const here = replay(controlled, schedule);
      const there = await lockstep.replay(schedule);
      expect(there.traceHash).toBe(here.traceHash);
      expect(there.violation).toMatchObject({ kind: 'invariant', message: here.violation?.message });
    }
  });
});
