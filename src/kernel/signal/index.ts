/** `kernel/signal.c`: sending signals, and taking them. */

import { completeFunctions } from './complete.js';
import { getSignalFunctions } from './get-signal.js';
import { killFunctions } from './kill.js';
import { notifyParentFunctions } from './notify-parent.js';
import { prepareFunctions } from './prepare.js';
import { queueFunctions } from './queue.js';
import { sendFunctions } from './send.js';
import { sigactionFunctions } from './sigaction.js';
import { siginfoFunctions } from './siginfo.js';
import { sigprocmaskFunctions } from './sigprocmask.js';
import { sigwaitFunctions } from './sigwait.js';
import { stopFunctions } from './stop.js';

export type SignalFunctions = typeof siginfoFunctions &
  typeof killFunctions &
  typeof sendFunctions &
  typeof prepareFunctions &
  typeof completeFunctions &
  typeof queueFunctions &
  typeof getSignalFunctions &
  typeof stopFunctions &
  typeof notifyParentFunctions &
  typeof sigprocmaskFunctions &
  typeof sigwaitFunctions &
  typeof sigactionFunctions;

export const signalFunctions: readonly object[] = [
  siginfoFunctions,
  killFunctions,
  sendFunctions,
  prepareFunctions,
  completeFunctions,
  queueFunctions,
  getSignalFunctions,
  stopFunctions,
  notifyParentFunctions,
  sigprocmaskFunctions,
  sigwaitFunctions,
  sigactionFunctions,
];
