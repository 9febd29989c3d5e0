/** All scenarios, and how they and their patches are found by name. */

import { kernelModel } from '../src/kernel/model.js';
import type { Patch, Scenario } from '../src/kernel/scenario.js';
import { PATCHES } from '../src/patches/index.js';

import { alarmVsExpiry } from './alarm-vs-expiry.js';

import { attachToAStoppedProcess } from './attach-to-a-stopped-process.js';
import { autoreap } from './autoreap.js';
import { blockVsDelivery } from './block-vs-delivery.js';
import { checkThenPause } from './check-then-pause.js';
import { checkThenSigsuspend } from './check-then-sigsuspend.js';
import { cloneVsGroupExit } from './clone-vs-group-exit.js';
import { contVsParentExit } from './cont-vs-parent-exit.js';
import { containerInit } from './container-init.js';
import { detachVsParentExit } from './detach-vs-parent-exit.js';
import { execUnderTrace } from './exec-under-trace.js';
import { execVsAttach } from './exec-vs-attach.js';
import { execWithBlockedSignals } from './exec-with-blocked-signals.js';
import { execWithMaskReset } from './exec-with-mask-reset.js';
import { execWithSharedHandlers } from './exec-with-shared-handlers.js';
import { exitVsDelivery } from './exit-vs-delivery.js';
import { faultInAHandler } from './fault-in-a-handler.js';
import { faultVsKill } from './fault-vs-kill.js';
import { forkThenSetpgid } from './fork-then-setpgid.js';
import { forkUnderTrace } from './fork-under-trace.js';
import { forkVsContainerExit } from './fork-vs-container-exit.js';
import { forkVsGroupKill } from './fork-vs-group-kill.js';
import { forkVsHandledSignal } from './fork-vs-handled-signal.js';
import { getppidVsExit } from './getppid-vs-exit.js';
import { gracefulShutdown } from './graceful-shutdown.js';
import { groupStopUnderTrace } from './group-stop-under-trace.js';
import { handlerTakesLock } from './handler-takes-lock.js';
import { irqSelfDeadlock } from './irq-self-deadlock.js';
import { killAStoppedProcess } from './kill-a-stopped-process.js';
import { killAllVsForkBomb } from './kill-all-vs-fork-bomb.js';
import { killVsExec } from './kill-vs-exec.js';
import { killVsReap } from './kill-vs-reap.js';
import { killVsWaitingExec } from './kill-vs-waiting-exec.js';
import { killedWhileExiting } from './killed-while-exiting.js';
import { leaderDiesFirst } from './leader-dies-first.js';
import { listenVsCont } from './listen-vs-cont.js';
import { lockInversion } from './lock-inversion.js';
import { lockWithSignalBlocked } from './lock-with-signal-blocked.js';
import { lookupVsFree } from './lookup-vs-free.js';
import { oneWaitPerSigchld } from './one-wait-per-sigchld.js';
import { orphanVsExit } from './orphan-vs-exit.js';
import { pauseWakeup } from './pause-wakeup.js';
import { pendingLimit } from './pending-limit.js';
import { pidReuse } from './pid-reuse.js';
import { pidfdPollVsExit } from './pidfd-poll-vs-exit.js';
import { pidfileKill } from './pidfile-kill.js';
import { pidfilePidfd } from './pidfile-pidfd.js';
import { rtOrder } from './rt-order.js';
import { setitimerVsGetitimer } from './setitimer-vs-getitimer.js';
import { setpgidByBoth } from './setpgid-by-both.js';
import { setpgidByParent } from './setpgid-by-parent.js';
import { setsidVsSetpgid } from './setsid-vs-setpgid.js';
import { setuidVsKill } from './setuid-vs-kill.js';
import { signalfdEventLoop } from './signalfd-event-loop.js';
import { signalfdNewMask } from './signalfd-new-mask.js';
import { signalfdVsHandler } from './signalfd-vs-handler.js';
import { sigwaitVsHandler } from './sigwait-vs-handler.js';
import { stopOfAHalfTracedProcess } from './stop-of-a-half-traced-process.js';
import { stopVsCont } from './stop-vs-cont.js';
import { stopVsOrphan } from './stop-vs-orphan.js';
import { stopVsThreadExit } from './stop-vs-thread-exit.js';
import { stopVsTracerExit } from './stop-vs-tracer-exit.js';
import { tgkillVsThreadExit } from './tgkill-vs-thread-exit.js';
import { traceVsKill } from './trace-vs-kill.js';
import { tracedChildOfAnIgnoringParent } from './traced-child-of-an-ignoring-parent.js';
import { tracemeVsExit } from './traceme-vs-exit.js';
import { tracerThenParent } from './tracer-then-parent.js';
import { twoExecs } from './two-execs.js';
import { twoExitCodes } from './two-exit-codes.js';
import { twoStopWaiters } from './two-stop-waiters.js';
import { twoWaiters } from './two-waiters.js';
import { waitForATracedChild } from './wait-for-a-traced-child.js';
import { waitLoopPerSigchld } from './wait-loop-per-sigchld.js';
import { waitpidVsOtherExit } from './waitpid-vs-other-exit.js';

/** The collection of races, in the order in which they are told. */
export const SCENARIOS: readonly Scenario[] = [
  killVsExec,
  killVsWaitingExec,
  execWithSharedHandlers,
  killVsReap,
  lookupVsFree,
  pidReuse,
  getppidVsExit,
  tgkillVsThreadExit,
  forkVsGroupKill,
  forkVsHandledSignal,
  cloneVsGroupExit,
  twoWaiters,
  waitpidVsOtherExit,
  pauseWakeup,
  alarmVsExpiry,
  blockVsDelivery,
  exitVsDelivery,
  faultVsKill,
  faultInAHandler,
  stopVsCont,
  twoStopWaiters,
  stopVsThreadExit,
  stopVsOrphan,
  contVsParentExit,
  killAStoppedProcess,
  twoExitCodes,
  leaderDiesFirst,
  autoreap,
  killedWhileExiting,
  pidfdPollVsExit,
  irqSelfDeadlock,
  lockInversion,
  pendingLimit,
  setitimerVsGetitimer,
  rtOrder,
  killAllVsForkBomb,
  twoExecs,
  execVsAttach,
  traceVsKill,
  attachToAStoppedProcess,
  listenVsCont,
  execUnderTrace,
  groupStopUnderTrace,
  stopOfAHalfTracedProcess,
  tracerThenParent,
  tracemeVsExit,
  stopVsTracerExit,
  forkUnderTrace,
  detachVsParentExit,
  tracedChildOfAnIgnoringParent,
  waitForATracedChild,
  orphanVsExit,
  setuidVsKill,
  containerInit,
  forkVsContainerExit,
  signalfdVsHandler,
  sigwaitVsHandler,
  signalfdEventLoop,
  signalfdNewMask,
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
  setsidVsSetpgid,
  execWithBlockedSignals,
  execWithMaskReset,
];
/** The names of the scenarios. */
export const SCENARIO_NAMES: readonly string[] = SCENARIOS.map((scenario) => scenario.name);
/** The names of the patches. */
export const PATCH_NAMES: readonly string[] = PATCHES.map((patch) => patch.name);

/**
 * A name that nothing has.
 *
 * @example
 * try {
 *   findScenario('kill-vs-exek');
 * } catch (error) {
 *   if (error instanceof UnknownNameError) console.log(error.kind, error.given, error.known.length);
 * }
 */
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

/**
 * Finds a scenario of the package's.
 *
 * @param name one of `SCENARIO_NAMES`
 * @throws UnknownNameError
 * @example
 * const { cpus, claim } = findScenario('kill-vs-exec');
 * cpus; // 3
 */
export function findScenario(name: string): Scenario {
  const found = SCENARIOS.find((scenario) => scenario.name === name);
  if (found === undefined) throw new UnknownNameError('scenario', name, SCENARIO_NAMES);
  return found;
}

/**
 * Finds a patch of the package's.
 *
 * @param name one of `PATCH_NAMES`
 * @throws UnknownNameError
 * @example
 * Object.keys(findPatch('no-kill-retry').functions); // ['kill_pid_info']
 */
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

/**
 * Makes the model of a description.
 *
 * @throws UnknownNameError
 * @example
 * const model = modelOf({ scenario: 'two-waiters', patches: [], cpus: 3 });
 * model.name; // 'two-waiters'
 */
export function modelOf({ scenario, patches, cpus }: ModelDescription): ReturnType<typeof kernelModel> {
  return kernelModel(findScenario(scenario), { patches: patches.map(findPatch), cpus });
}
