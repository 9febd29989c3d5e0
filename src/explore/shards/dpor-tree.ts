/**
 * The upper part of the tree of a partial-order reduction, which many explore at once, and how it is divided.
 *
 * What sleeps in a state is not tried there, as the branch that it was tried in first covers it. But what that branch finds
 * may belong below this state: it must not be closed before that branch is explored to its end. So a state is handed out,
 * to be explored with no more said about it, only if every step that sleeps in it is explored to its end. At the end of
 * a planned sequence nothing sleeps as a rule: each of those before it is woken by one of its steps. That is what is
 * handed out, at any time and in any number; the states on the way to there stay here, and take what is found.
 */

import { ACCESS_WORDS } from '../../machine/access-log.js';
import { dropsLast, type Footprint, footprintsConflict, type Values } from '../strategies/footprint.js';
import {
  NEW_STATE,
  type ReversalData,
  type SleeperData,
  type StateData,
  type StepData,
  type Subtree,
  type SubtreeRest,
  type WakeupData,
} from '../strategies/subtree.js';
import { follow, type Planned, valuesAfter, withValues } from '../strategies/wakeups.js';

/** A step from a state of the tree, and what comes after it. */
export interface Branch {
  readonly who: number;
  readonly footprint: Int32Array;
  /**
   * `planned`: not made yet. `open`: made, and the state after it is in the tree. `closed`: the state after it is handed
   * out. `done`: everything that begins with it is explored.
   */
  kind: 'planned' | 'open' | 'closed' | 'done';
  /** A share that begins with it is under way. */
  isOut: boolean;
  /** Executions made that go through it. */
  made: number;
  /** Of `done`, as in `SleeperData`: one that a violation ended covers no other steps. */
  cutAfter: readonly number[] | null;
  /** Of `open`: the branch made last is one like that, and others are to go on from the state. */
  isLeft: boolean;
  /** Of `open`, in the order in which they begin; of `planned`, what is to follow. */
  branches: Branch[];
  /** Of `closed`: the states, and the steps between them. */
  states: readonly StateData[];
  steps: readonly StepData[];
}

/** A share of the tree that is handed out. */
export interface Share {
  /** From the root to the branch that it begins with. */
  readonly path: readonly Branch[];
  readonly subtree: Subtree;
}

export function newTree(): Branch {
  return { ...branch(-1, new Int32Array()), kind: 'closed', states: [NEW_STATE] };
}

function branch(who: number, footprint: Int32Array): Branch {
  return {
    who,
    footprint,
    kind: 'planned',
    isOut: false,
    made: 0,
    cutAfter: null,
    isLeft: false,
    branches: [],
    states: [],
    steps: [],
  };
}

/** Takes the states out of the tree to which nothing can be added any more. @param sleeping after the branch, and not done */
function tidy(top: Branch, sleeping: readonly Branch[]): void {
  if (top.kind !== 'open') return;
  const { branches } = top;
  const asleep = [...sleeping];
  for (const one of branches) {
    if (one.kind === 'planned') continue;
    if (one.kind === 'open') {
      tidy(
        one,
        asleep.filter((other) => other.kind !== 'done' && !wakes(one.footprint, other.footprint)),
      );
    }
    if (one.kind !== 'done') asleep.push(one);
  }
  if (sleeping.some(({ kind }) => kind !== 'done')) return;
  if (branches.every(({ kind }) => kind === 'done') && !top.isLeft) {
    top.kind = 'done';
    top.branches = [];
  } else if (branches.every(({ kind, isOut }) => kind === 'done' || (kind === 'planned' && !isOut))) {
    const explored = branches.filter(({ kind }) => kind === 'done');
    const born = -explored.reduce((sum, { made }) => sum + made, 0);
    const wakeups = branches.filter(({ kind }) => kind === 'planned').map(wakeupData);
    const state = { sleeping: explored.map(sleeperData), wakeups, born, branchBorn: 0, explored: explored.length };
    close(top, [state], []);
  }
}

function wakes(made: Footprint, sleeping: Footprint): boolean {
  return footprintsConflict(made, sleeping) || dropsLast(made, sleeping);
}

function close(top: Branch, states: readonly StateData[], steps: readonly StepData[]): void {
  top.kind = 'closed';
  top.branches = [];
  top.states = states;
  top.steps = steps;
}

/** Takes a closed branch's states into the tree, up to the first with something planned. */
function open(top: Branch): void {
  const { states, steps } = top;
  const last = states.findIndex(({ wakeups }) => wakeups.length > 0);
  let at = top;
  for (let level = 0; level <= last; level++) {
    const { sleeping, wakeups, born, branchBorn } = states[level] as StateData;
    const step = steps[level];
    at.kind = 'open';
    at.isLeft = false;
    at.states = [];
    at.steps = [];
    const each = (branchBorn - born) / Math.max(1, sleeping.length);
    at.branches = sleeping.map((one) => ({ ...sleeperOf(one), made: each }));
    if (step !== undefined) at.branches.push({ ...branchOf(step), made: -branchBorn });
    at.branches.push(...wakeups.map(plannedOf));
    if (step !== undefined) {
      at = at.branches[sleeping.length] as Branch;
      close(at, states.slice(level + 1), steps.slice(level + 1));
    }
  }
}

/** What can be handed out, a branch before those after it and before the one that it comes after. */
function collect(path: readonly Branch[], closed: (readonly Branch[])[], planned: (readonly Branch[])[]): void {
  const top = path.at(-1) as Branch;
  if (top.kind === 'closed' && !top.isOut) closed.push(path);
  if (top.kind !== 'open') return;
  for (const one of top.branches) {
    if (one.kind === 'open' || one.kind === 'closed') collect([...path, one], closed, planned);
  }
  // The one after it sleeps with the footprint that the step turns out to have.
  const next = top.branches.find(({ kind }) => kind === 'planned');
  if (next !== undefined && !next.isOut) planned.push([...path, next]);
}

/** Divides what of the tree is not under way. @returns shares, as many as there are up to `most` */
export function divide(root: Branch, most: number, freesMatter: boolean): Share[] {
  tidy(root, []);
  for (;;) {
    const closed: (readonly Branch[])[] = [];
    const planned: (readonly Branch[])[] = [];
    collect([root], closed, planned);
    const left = closed.map((path) => path.at(-1) as Branch).filter(isDivisible);
    if (closed.length + planned.length >= most || left.length === 0) {
      return [...closed, ...planned].slice(0, most).map((path) => {
        (path.at(-1) as Branch).isOut = true;
        return { path, subtree: subtreeOf(path, freesMatter) };
      });
    }
    open(left.reduce((largest, one) => (one.made > largest.made ? one : largest)));
  }
}

function isDivisible({ states }: Branch): boolean {
  return states.reduce((sum, { wakeups }) => sum + wakeups.length, 0) > 1;
}

function subtreeOf(path: readonly Branch[], freesMatter: boolean): Subtree {
  const last = path.at(-1) as Branch;
  const states: StateData[] = [];
  for (let at = 1; at < path.length; at++) {
    const { branches } = path[at - 1] as Branch;
    const own = branches.indexOf(path[at] as Branch);
    const after = branches
      .slice(own + 1)
      .filter(({ cutAfter }) => cutAfter === null)
      .map((one) => (one.kind === 'planned' ? wakeupData(one) : startedData(one)));
    const wakeups = at === path.length - 1 && last.kind === 'planned' ? [wakeupData(last), ...after] : after;
    states.push({ ...NEW_STATE, sleeping: branches.slice(0, own).map(sleeperData), wakeups });
  }
  const schedule = path.slice(1).map(({ who }) => who);
  if (last.kind === 'planned') {
    const from = states.length - 1;
    let base = from;
    for (let one: Branch | undefined = last; one !== undefined; one = one.branches[0]) base++;
    return { schedule: schedule.slice(0, -1), states, base, from, freesMatter };
  }
  const base = states.length;
  const way = [...schedule, ...last.steps.map(({ who }) => who)];
  return { schedule: way, states: [...states, ...last.states], base, from: base, freesMatter };
}

/** Takes in what has become of a share. */
export function take({ path, subtree }: Share, rest: SubtreeRest, executions: number): void {
  const way = [...path];
  const { base } = subtree;
  (path.at(-1) as Branch).isOut = false;
  for (const one of path) one.made += executions;
  // From the planned step on, or of a closed branch from the state after it on.
  const isPlanned = path.at(-1)?.kind === 'planned';
  const first = Math.max(base, rest.openTo);
  const closedFrom = Math.min(first - subtree.from, rest.steps.length);
  let at = path[subtree.from] as Branch;
  for (let step = 0; step < closedFrom; step++) {
    const { who, footprint } = rest.steps[step] as StepData;
    let next: Branch | undefined;
    if (isPlanned && subtree.from + step < base) {
      next = step === 0 ? path.at(-1) : at.branches[0];
    } else {
      // A state that is not closed after all.
      const { sleeping, wakeups } = rest.states[step] as StateData;
      const late = at.branches;
      next = branch(who, Int32Array.from(footprint));
      at.branches = [...sleeping.map(sleeperOf), next];
      at.branches.push(...wakeups.map(plannedOf));
      for (const sequence of sequencesOf(late)) insert(at, at.branches, sequence);
    }
    at.kind = 'open';
    at.isLeft = rest.isLeft && step === closedFrom - 1;
    if (next === undefined) throw new Error('a step was made that nobody had planned');
    if (!path.includes(next)) next.made += executions;
    if (!way.includes(next)) way.push(next);
    at = next;
  }
  if (rest.blocked) at.kind = 'open';
  else if (rest.finished) {
    at.kind = 'done';
    at.cutAfter = rest.cutAfter;
    at.branches = [];
  } else close(at, rest.states.slice(closedFrom), rest.steps.slice(closedFrom));
  for (const reversal of rest.reversals) takeReversal(way, reversal);
}

function takeReversal(way: readonly Branch[], { level, sequence }: ReversalData): void {
  const state = way[level] as Branch;
  const own = state.branches.indexOf(way[level + 1] as Branch);
  const planned = sequence.map(({ who, footprint }) => ({ who, footprint: Int32Array.from(footprint), step: -1 }));
  // Those before the present branch sleep there: whoever found it has looked at them.
  insert(state, state.branches.slice(own + 1), planned);
}

/** Puts a sequence where it belongs, unless it is covered. @param among the branches of the state that it may follow */
function insert(state: Branch, among: readonly Branch[], sequence: Planned[]): void {
  const found: Values = (address) => foundBy(sequence, address);
  const place = follow(null, among, sequence, found, ({ kind, branches }) =>
    kind === 'open' || (kind === 'planned' && branches.length > 0) ? branches : null,
  );
  if (place === null) return;
  const path = [...place.passed];
  for (const { who, footprint } of place.rest) {
    const next = branch(who, withValues(footprint, valuesAfter(path, found)));
    (path.at(-1) ?? state).branches.push(next);
    path.push(next);
  }
}

/** What the first step of a sequence that accesses a word finds there. */
function foundBy(sequence: readonly Planned[], address: number): number {
  for (const { footprint } of sequence) {
    for (let at = 0; at < footprint.length; at += ACCESS_WORDS) {
      if (footprint[at] === address) return footprint[at + 2] as number;
    }
  }
  return 0;
}

/** The sequences of planned steps. */
function sequencesOf(branches: readonly Branch[]): Planned[][] {
  return branches.flatMap(({ who, footprint, branches: next }) => {
    const own = { who, footprint, step: -1 };
    return next.length === 0 ? [[own]] : sequencesOf(next).map((sequence) => [own, ...sequence]);
  });
}

/** A branch as plain data. */
export interface BranchData extends Omit<Branch, 'footprint' | 'branches'> {
  readonly footprint: readonly number[];
  readonly branches: readonly BranchData[];
}

export function treeData(tree: Branch): BranchData {
  return { ...tree, footprint: Array.from(tree.footprint), branches: tree.branches.map(treeData) };
}

export function treeOf(data: BranchData): Branch {
  return { ...data, footprint: Int32Array.from(data.footprint), branches: data.branches.map(treeOf) };
}

/** How many executions there are, estimated as `sizeBySearch` does. */
export function estimate({ kind, made, branches, states }: Branch): number {
  if (kind === 'done') return made;
  if (kind === 'planned') return 0;
  if (kind === 'open') {
    const begun = branches.filter((one) => one.kind !== 'planned');
    const size = begun.reduce((sum, one) => sum + estimate(one), 0);
    return (size / Math.max(1, begun.length)) * branches.length;
  }
  return states.reduceRight((size, { born, branchBorn, explored, wakeups }, at) => {
    const present = at === states.length - 1 ? 0 : 1;
    const begun = explored + present;
    return begun === 0 ? 1 : ((branchBorn - born + size * present) / begun) * (begun + wakeups.length);
  }, 0);
}

function branchOf({ who, footprint }: StepData): Branch {
  return branch(who, Int32Array.from(footprint));
}

function sleeperOf(one: SleeperData): Branch {
  return { ...branchOf(one), kind: 'done', cutAfter: one.cutAfter };
}

function plannedOf({ who, footprint, next }: WakeupData): Branch {
  return { ...branch(who, Int32Array.from(footprint)), branches: next.map(plannedOf) };
}

function sleeperData({ who, footprint, kind, cutAfter }: Branch): SleeperData {
  return { who, footprint: Array.from(footprint), done: kind === 'done', cutAfter };
}

function wakeupData({ who, footprint, branches }: Branch): WakeupData {
  return { who, footprint: Array.from(footprint), next: branches.map(wakeupData) };
}

/** A branch begun elsewhere: what is found twice that belongs below an open one is told once. */
function startedData({ who, footprint, kind }: Branch): WakeupData {
  return { who, footprint: Array.from(footprint), next: [], isElsewhere: kind === 'open' };
}
