/**
 * siglab's public API: races of the Linux signal path, run on real threads, explored, shrunk and replayed.
 *
 * @example
 * import { ControlledMachine, decodeToken, dfsStrategy, encodeToken, explore, minimize, modelOf, replay } from 'siglab';
 *
 * const description = { scenario: 'kill-vs-exec', patches: ['no-kill-retry'], cpus: 3 };
 * const machine = new ControlledMachine(modelOf(description));
 * const { found } = explore(machine, { strategy: dfsStrategy(2) });
 * if (found !== null) {
 *   const { schedule } = minimize(machine, found.schedule);
 *   const token = encodeToken({ ...description, schedule });
 *   replay(machine, decodeToken(token).schedule).violation?.message; // 'kill(101, SIGTERM) said ESRCH, but …'
 * }
 *
 * @packageDocumentation
 */

export {
  findPatch,
  findScenario,
  type ModelDescription,
  modelOf,
  PATCH_NAMES,
  SCENARIO_NAMES,
  SCENARIOS,
  UnknownNameError,
} from '../scenarios/catalog.js';
export { workerCode } from './cli/workers.js';
export { type DecodedField, type DecodedObject, decodeObjects } from './explore/decode.js';
export { diagnose } from './explore/diagnosis/diagnose.js';
export {
  type Exploration,
  type ExploreOptions,
  explore,
  exploreInSlices,
  type FoundViolation,
  type Phase,
} from './explore/explore.js';
export { type FoundExecution, findExecution } from './explore/find.js';
export { type Minimized, type MinimizeOptions, minimize } from './explore/minimize.js';
export { type Replay, type ReplayOptions, replay, replayWithStacks, type StoryEvent } from './explore/replay.js';
export { type Departure, ScheduleMismatchError } from './explore/schedule.js';
export type { Bounds } from './explore/strategies/bounds.js';
export { type CheckedStrategy, checkDeterminism } from './explore/strategies/checked.js';
export { dfsStrategy, NondeterminismError } from './explore/strategies/dfs.js';
export { type Dpor, dporStrategy } from './explore/strategies/dpor.js';
export { fairStrategy } from './explore/strategies/fair.js';
export {
  STRATEGY_NAMES,
  type StrategyOptions,
  strategyNamed,
  UnknownStrategyError,
} from './explore/strategies/index.js';
export { type Iterative, iterativeStrategy } from './explore/strategies/iterative.js';
export { type Metrics, type WithMetrics, withMetrics } from './explore/strategies/metrics.js';
export { type PctOptions, pctStrategy } from './explore/strategies/pct.js';
export { type PortfolioOptions, portfolioStrategy } from './explore/strategies/portfolio.js';
export { posStrategy } from './explore/strategies/pos.js';
export { randomStrategy } from './explore/strategies/random.js';
export { rffStrategy } from './explore/strategies/rff.js';
export { type RoundRobinOptions, roundRobinStrategy } from './explore/strategies/round-robin.js';
export { type SurwOptions, surwStrategy } from './explore/strategies/surw.js';
export type { Strategy } from './explore/strategy.js';
export { type Ending, explainSwitches, type FoundSwitch, findSwitches, type Switch } from './explore/switches.js';
export { type CpuState, Timeline, type TimelineState } from './explore/timeline.js';
export { decodeToken, encodeToken, type TokenContents, TokenError, type TokenExpectation } from './explore/token.js';
export { type FileDescription, modelFrom } from './files/describe.js';
export { UserFileError } from './files/error.js';
export { loadUserFile, type UserFile } from './files/load.js';
export type { CapUserData, CapUserHeader } from './kernel/capability.js';
export * from './kernel/constants.js';
export {
  CLOCK_BOOTTIME,
  CLOCK_MONOTONIC,
  CLOCK_REALTIME,
  CLOCK_TAI,
  type Timespec,
} from './kernel/hrtimer.js';
export type { Itimerval, Timeval } from './kernel/itimer.js';
export type { KernelPatch } from './kernel/kernel.js';
export type { KernelLimits } from './kernel/kernel-arena.js';
export { type KernelModelOptions, kernelModel, readResults } from './kernel/model.js';
export type { Itimerspec, Sigevent } from './kernel/posix-timers.js';
export type { Rlimit } from './kernel/rlimit.js';
export {
  type Breaking,
  type Handler,
  type NamedOutcome,
  type Patch,
  type Program,
  type Scenario,
  type SeenCounter,
  SUBJECTS,
  type Subject,
} from './kernel/scenario.js';
export type { Pollfd } from './kernel/select.js';
export type { ProcessOptions, Setup, SetupTask, TaskOptions } from './kernel/setup.js';
export { SIGNALFD_SIGINFO_SIZE, type SignalfdSiginfo, signalfdSiginfo } from './kernel/signalfd.js';
export { EMPTY_MASK, type SigMask, sigmask } from './kernel/sigset.js';
export { sigaddset, sigdelset, sigemptyset, sigfillset, sigismember, sigset } from './kernel/sys/sigset.js';
export type * from './kernel/sys.js';
export type { WaitidInfo } from './kernel/wait.js';
export * from './kernel/waitstatus.js';
export type { Litmus } from './litmus/ast.js';
export { LitmusError } from './litmus/error.js';
export { type Allowed, type AllowedOutcome, allowedOutcomes, type OutcomeLimits } from './litmus/outcomes.js';
export { parseLitmus } from './litmus/parse.js';
export { type Chooser, ControlledMachine, type ControlledOptions, type Execution } from './machine/controlled.js';
export type { Model, Sleeper, SleepModel, StalledGracePeriod } from './machine/model.js';
export { NOISE, type Noise } from './machine/parallel-cpu.js';
export { inTurn, LONGEST_TURN } from './machine/schedule.js';
export {
  type LockstepResult,
  MachineError,
  type RecordedRun,
  type RecordOptions,
  type RecordResult,
  type RunOptions,
  type RunResult,
  ThreadMachine,
  type ThreadMachineOptions,
  type WorkerCode,
} from './machine/threads.js';
export { defineModel, type End, type ModelBuilder, ModelError } from './model/define.js';
export type * from './model/thread.js';
export { type Coroutine, Violation } from './sync/gate.js';
