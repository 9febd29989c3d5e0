/** All scenarios, and how they and their patches are found by name. */

import { kernelModel } from '../src/kernel/model.js';
import type { Patch, Scenario } from '../src/kernel/scenario.js';
import { PATCHES } from '../src/patches/index.js';
import { checkThenPause } from './check-then-pause.js';
import { checkThenSigsuspend } from './check-then-sigsuspend.js';
import { containerInit } from './container-init.js';
import { execVsAttach } from './exec-vs-attach.js';
import { execWithBlockedSignals } from './exec-with-blocked-signals.js';
import { execWithMaskReset } from './exec-with-mask-reset.js';
import { forkThenSetpgid } from './fork-then-setpgid.js';
import { gracefulShutdown } from './graceful-shutdown.js';
import { handlerTakesLock } from './handler-takes-lock.js';
import { irqSelfDeadlock } from './irq-self-deadlock.js';
import { killAllVsForkBomb } from './kill-all-vs-fork-bomb.js';
import { killVsExec } from './kill-vs-exec.js';
import { lockInversion } from './lock-inversion.js';
import { lockWithSignalBlocked } from './lock-with-signal-blocked.js';
import { oneWaitPerSigchld } from './one-wait-per-sigchld.js';
import { orphanVsExit } from './orphan-vs-exit.js';
import { pauseWakeup } from './pause-wakeup.js';
import { pendingLimit } from './pending-limit.js';
import { pidfileKill } from './pidfile-kill.js';
import { pidfilePidfd } from './pidfile-pidfd.js';
import { rtOrder } from './rt-order.js';
import { setpgidByBoth } from './setpgid-by-both.js';
import { setpgidByParent } from './setpgid-by-parent.js';
import { setuidVsKill } from './setuid-vs-kill.js';
import { signalfdVsHandler } from './signalfd-vs-handler.js';
import { sigwaitVsHandler } from './sigwait-vs-handler.js';
import { traceVsKill } from './trace-vs-kill.js';
import { twoExecs } from './two-execs.js';
import { waitLoopPerSigchld } from './wait-loop-per-sigchld.js';

export const SCENARIOS: readonly Scenario[] = [
  killVsExec,
  pauseWakeup,
  lockInversion,
  irqSelfDeadlock,
  pendingLimit,
  rtOrder,
  killAllVsForkBomb,
  twoExecs,
  execVsAttach,
  traceVsKill,
  orphanVsExit,
  setuidVsKill,
  containerInit,
  signalfdVsHandler,
  sigwaitVsHandler,
  gracefulShutdown,
  checkThenPause,
  checkThenSigsuspend,
  oneWaitPerSigchld,
  waitLoopPerSigchld,
  handlerTakesLock,
  lockWithSignalBlocked,
  pidfileKill,
  pidfilePidfd,
  forkThenSetpgid,
  setpgidByParent,
  setpgidByBoth,
  execWithBlockedSignals,
  execWithMaskReset,
];
export const SCENARIO_NAMES: readonly string[] = SCENARIOS.map((scenario) => scenario.name);
export const PATCH_NAMES: readonly string[] = PATCHES.map((patch) => patch.name);

/** A name that nothing has. */
export class UnknownNameError extends Error {
  override readonly name = 'UnknownNameError';
  /**
   * @param kind what was looked for: `scenario`, `patch`
   * @param given the name
   * @param known the names there are
   */
  constructor(
    readonly kind: string,
    readonly given: string,
    readonly known: readonly string[],
  ) {
    super(`there is no ${kind} "${given}"; there is ${known.join(', ')}`);
  }
}

/** Finds a scenario. @throws UnknownNameError */
export function findScenario(name: string): Scenario {
  const found = SCENARIOS.find((scenario) => scenario.name === name);
  if (found === undefined) throw new UnknownNameError('scenario', name, SCENARIO_NAMES);
  return found;
}

/** Finds a patch. @throws UnknownNameError */
export function findPatch(name: string): Patch {
  const found = PATCHES.find((patch) => patch.name === name);
  if (found === undefined) throw new UnknownNameError('patch', name, PATCH_NAMES);
  return found;
}

/** A model as plain data: what another thread, or a token, makes it from again. */
export interface ModelDescription {
  readonly scenario: string;
  readonly patches: readonly string[];
  readonly cpus: number;
}

/** Makes the model of a description. @throws UnknownNameError */
export function modelOf({ scenario, patches, cpus }: ModelDescription): ReturnType<typeof kernelModel> {
  return kernelModel(findScenario(scenario), { patches: patches.map(findPatch), cpus });
}
