/** That the reports in docs/checkers.md are what the checkers say. */

import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { findScenario, modelOf } from '../../scenarios/catalog.js';
import { explore } from '../../src/explore/explore.js';
import type { KernelPatch } from '../../src/kernel/kernel.js';
import { kernelModel } from '../../src/kernel/model.js';
import { CHECKERS } from '../../src/machine/checkers/selection.js';
import { ControlledMachine } from '../../src/machine/controlled.js';
import { defineModel } from '../../src/model/define.js';
import { patchOf } from '../support/programs.js';
import { runInOrder } from '../support/tiny.js';

const TEXT = readFileSync(new URL('../../docs/checkers.md', import.meta.url), 'utf8');
/** The report under each heading. */
const REPORTS = new Map([...TEXT.matchAll(/^## (\S+)\n\n```\n(.*)\n```$/gm)].map(([, kind, report]) => [kind, report]));

it('data-race', () => {
  const model = defineModel('race', (m) => {
    const [shared, cell] = [m.plain('shared'), m.cell('cell')];
    for (const name of ['first', 'second']) {
      m.thread(name, function* (t) {
        yield t.load(cell);
        t.write(shared, t.read(shared) + 1);
      });
    }
  });
  expect(explore(model, { strategy: 'dfs' }).found?.violation.message).toBe(REPORTS.get('data-race'));
});

it('lock-inversion', () => {
  const model = defineModel('inversion', (m) => {
    const [a, b] = [m.mutex('a'), m.mutex('b')];
    for (const [name, first, second] of [['there', a, b] as const, ['back', b, a] as const]) {
      m.thread(name, function* (t) {
        yield t.lock(first);
        yield t.lock(second);
        t.unlock(second);
        t.unlock(first);
      });
    }
  });
  expect(explore(model, { strategy: 'dfs' }).found?.violation.message).toBe(REPORTS.get('lock-inversion'));
});

it('irq-unsafe-lock', () => {
  const model = modelOf({ scenario: 'irq-self-deadlock', patches: ['siglock-irqs-on'], cpus: 1 });
  const { found } = explore(new ControlledMachine(model), { strategy: 'dfs', preemptions: 0 });
  expect(found?.violation.message).toBe(REPORTS.get('irq-unsafe-lock'));
});

it('scheduling-while-atomic', () => {
  const { violation } = runInOrder({
    programs: [
      function* (k) {
        k.preempt_disable();
        yield* k.__mutex_lock_common(k.field('mutex'), 2);
      },
    ],
  });
  expect(violation?.message).toBe(REPORTS.get('scheduling-while-atomic'));
});

it('rcu-usage', () => {
  const functions: KernelPatch = {
    *kill_something_info(sig, info, pid) {
      if (this.find_vpid(pid)) yield;
      return yield* this.kill_pid_info(sig, info, this.foundPid());
    },
  };
  const patch = patchOf(functions);
  const model = kernelModel(findScenario('kill-vs-exec'), { patches: [patch] });
  const { found } = explore(new ControlledMachine(model), { strategy: 'random', schedules: 10 });
  expect(found?.violation.message).toBe(REPORTS.get('rcu-usage'));
});

it('lost-wakeup', () => {
  const model = defineModel('lost', (m) => {
    const [mutex, changed, ready] = [m.mutex('mutex'), m.condition('changed'), m.cell('ready')];
    m.thread('sleeper', function* (t) {
      yield t.lock(mutex);
      while ((yield t.load(ready)) === 0) yield* t.wait(changed, mutex);
      t.unlock(mutex);
    });
    m.thread('waker', function* (t) {
      yield t.store(ready, 1);
      yield* t.signal(changed);
    });
  });
  expect(explore(model, { strategy: 'dfs' }).found?.violation.message).toBe(REPORTS.get('lost-wakeup'));
});

it('hung-task', () => {
  const model = defineModel('hung', (m) => {
    const mutex = m.mutex('mutex');
    for (const name of ['first', 'second']) {
      m.thread(name, function* (t) {
        yield t.lock(mutex);
      });
    }
  });
  expect(explore(model, { strategy: 'dfs' }).found?.violation.message).toBe(REPORTS.get('hung-task'));
});

it('livelock', () => {
  const model = defineModel('backing-off', (m) => {
    const [left, right] = [m.mutex('left'), m.mutex('right')];
    for (const [name, first, second] of [['one', left, right] as const, ['other', right, left] as const]) {
      m.thread(name, function* (t) {
        for (let got = false; !got; ) {
          yield t.lock(first);
          got = yield* t.tryLock(second);
          if (got) t.unlock(second);
          t.unlock(first);
        }
      });
    }
  });
  expect(explore(model, { strategy: 'fair', schedules: 100 }).found?.violation.message).toBe(REPORTS.get('livelock'));
});

it('rcu-stall', () => {
  const model = defineModel('stall', (m) => {
    const [rcu, mutex] = [m.rcu('rcu'), m.mutex('mutex')];
    m.thread('reader', function* (t) {
      yield* t.rcuReadLock(rcu);
      yield t.lock(mutex);
      t.unlock(mutex);
      t.rcuReadUnlock(rcu);
    });
    m.thread('updater', function* (t) {
      yield t.lock(mutex);
      yield* t.synchronizeRcu(rcu);
      t.unlock(mutex);
    });
  });
  expect(explore(model, { strategy: 'dfs' }).found?.violation.message).toBe(REPORTS.get('rcu-stall'));
});

it('names every checker', () => {
  for (const checker of CHECKERS) expect(TEXT).toMatch(new RegExp(`\\| \`${checker}\` +\\|`));
});

it('exception', () => {
  const model = defineModel('exception', (m) => {
    m.thread('reader', function* () {
      const nowhere: unknown = null;
      (nowhere as { next: number }).next++;
    });
  });
  expect(explore(model, { strategy: 'dfs' }).found?.violation.message).toBe(REPORTS.get('exception'));
});

it('misuse', () => {
  const model = defineModel('misuse', (m) => {
    const count = m.cell('count');
    m.thread('writer', function* (t) {
      t.store(count, 1);
    });
  });
  expect(explore(model, { strategy: 'dfs' }).found?.violation.message).toBe(REPORTS.get('misuse'));
});
