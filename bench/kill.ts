/** kill(2) of a signal that is pending already: on the parallel machine, and on the kernel that it runs on. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { kernelModel } from '../src/kernel/model.js';
import { NOISE } from '../src/machine/parallel-cpu.js';
import { ThreadMachine } from '../src/machine/threads.js';
import type { Bench, Candidate, Sample } from './bench.js';
import { type KillPending, killPending } from './kill-pending.js';

/** Kills of a sender in one iteration: so many that what comes before and after them does not count. */
const KILLS = 200_000;
const WARM_UP_ITERATIONS = 3;
const ITERATIONS = 5;
const HOST_KILLS = 2_000_000;

const WORKER = new URL('./worker.js', import.meta.url);
// From `dist/bench`, where this runs.
const HOST_SOURCE = fileURLToPath(new URL('../../bench/host-kill.c', import.meta.url));

async function simulated(senders: number): Promise<number> {
  const description: KillPending = { senders, kills: KILLS };
  const machine = ThreadMachine.start(kernelModel(killPending(description)), { url: WORKER, description });
  try {
    await machine.run({ iterations: WARM_UP_ITERATIONS, noise: NOISE.none });
    const result = await machine.run({ iterations: ITERATIONS, noise: NOISE.none });
    if (result.violationCount !== 0 || result.outcomes['all sent'] !== ITERATIONS) {
      throw new Error(`not all were sent: ${result.violations[0]?.message ?? JSON.stringify(result.outcomes)}`);
    }
    return (ITERATIONS * KILLS * senders) / result.seconds;
  } finally {
    await machine.dispose();
  }
}

function host(senders: number): Sample {
  const folder = mkdtempSync(join(tmpdir(), 'siglab-bench-'));
  try {
    const program = join(folder, 'host-kill');
    const built = spawnSync('gcc', ['-O2', '-o', program, HOST_SOURCE], { encoding: 'utf8' });
    if (built.error !== undefined) return { skipped: `there is no gcc here (${built.error.message})` };
    if (built.status !== 0) return { skipped: `gcc could not build host-kill.c: ${built.stderr.trim()}` };
    const ran = spawnSync(program, [String(HOST_KILLS), String(senders)], { encoding: 'utf8' });
    if (ran.status !== 0) return { skipped: `host-kill failed: ${ran.stderr.trim()}` };
    return (HOST_KILLS * senders * 1e9) / Number(ran.stdout);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function pair(senders: number): readonly Candidate[] {
  const who = senders === 1 ? '1 sender' : `${senders} senders, total`;
  return [
    { name: `simulated, ${who}`, unit: 'kills/s', sample: () => simulated(senders) },
    { name: `host, ${who}`, unit: 'kills/s', sample: () => host(senders) },
  ];
}

export const killBench: Bench = {
  name: 'kill',
  title: 'kill(2) of a signal that is pending already, parallel machine beside the host',
  candidates: [...pair(1), ...pair(2)],
  derived: [
    {
      name: 'simulated / host, 1 sender',
      unit: '×',
      goal: 1,
      of: ['simulated, 1 sender', 'host, 1 sender'],
      from: (simulated, host) => simulated / host,
    },
    {
      name: 'simulated / host, 2 senders',
      unit: '×',
      of: ['simulated, 2 senders, total', 'host, 2 senders, total'],
      from: (simulated, host) => simulated / host,
    },
  ],
};
