/** The models with known bugs: the SCTBench programs and kill against exec. */

import type { Model } from '../../src/machine/model.js';
import { accountModel } from './account.js';
import { bluetoothDriverModel } from './bluetooth-driver.js';
import { circularBufferModel } from './circular-buffer.js';
import { deadlock01Model } from './deadlock01.js';
import { killVsExecModel } from './kill-vs-exec.js';
import { lazy01Model } from './lazy01.js';
import { queueModel } from './queue.js';
import { reorderModel } from './reorder.js';
import { safeStackModel } from './safe-stack.js';
import { stackModel } from './stack.js';
import { stringbufferModel } from './stringbuffer.js';
import { tokenRingModel } from './token-ring.js';
import { twostageModel } from './twostage.js';
import { workStealQueueModel } from './work-steal-queue.js';
import { wronglockModel } from './wronglock.js';

/** A model with a bug. */
export interface BuggyModel {
  /** What SCTBench calls it. */
  readonly name: string;
  readonly make: () => Model;
  /** The same without the bug, where the original has such a version or one suggests itself. */
  readonly fixed?: () => Model;
  /** What the violation says. */
  readonly says: RegExp;
  /** It takes some hundred thousand executions: measured only where it is named. */
  readonly rare?: true;
}

export const BUGGY_MODELS: readonly BuggyModel[] = [
  { name: 'account', make: accountModel, fixed: () => accountModel(true), says: /balance is wrong/ },
  {
    name: 'bluetooth_driver',
    make: bluetoothDriverModel,
    fixed: () => bluetoothDriverModel(true),
    says: /after it was stopped/,
  },
  {
    name: 'circular_buffer',
    make: circularBufferModel,
    fixed: () => circularBufferModel(true),
    says: /another element than expected/,
  },
  { name: 'deadlock01', make: deadlock01Model, fixed: () => deadlock01Model(true), says: /^deadlock: / },
  { name: 'lazy01', make: lazy01Model, says: /both have added/ },
  { name: 'queue', make: queueModel, fixed: () => queueModel(true), says: /another element than was stored/ },
  { name: 'stack', make: stackModel, fixed: () => stackModel(true), says: /stack underflow/ },
  { name: 'token_ring', make: tokenRingModel, says: /the values differ/ },
  ...[2, 20, 100].map((threads) => ({
    name: threads === 2 ? 'twostage' : `twostage_${threads}`,
    make: () => twostageModel(threads, threads === 20 ? 10 : 1),
    fixed: () => twostageModel(threads, threads === 20 ? 10 : 1, true),
    says: /not from after the first/,
  })),
  ...[3, 5, 10, 20, 100].map((threads) => ({
    name: `reorder_${threads}`,
    make: () => reorderModel(threads, threads === 20 ? 10 : 1),
    says: /only one of them has changed/,
  })),
  {
    name: 'wronglock',
    make: () => wronglockModel(7),
    fixed: () => wronglockModel(7, true),
    says: /another has changed/,
  },
  {
    name: 'wronglock_3',
    make: () => wronglockModel(3),
    fixed: () => wronglockModel(3, true),
    says: /another has changed/,
  },
  { name: 'stringbuffer', make: stringbufferModel, fixed: () => stringbufferModel(true), says: /past the end/ },
  {
    name: 'WorkStealQueue',
    make: workStealQueueModel,
    fixed: () => workStealQueueModel(true),
    says: /was done \d+ times/,
  },
  { name: 'SafeStack', make: safeStackModel, says: /two threads have the same element/, rare: true },
  { name: 'kill-vs-exec', make: () => killVsExecModel(false), fixed: killVsExecModel, says: /kill said ESRCH/ },
];
