/**
 * The tree of executions that `dpor` explores in parts. It has a node for each state that something is left to explore
 * from, and for those on the way to one.
 *
 * A branch that has been given away counts as explored at once: it sleeps in the branches after it, as if it had been
 * finished before them. The one who explores it finds what begins with it; what is to happen before it comes back as a
 * sequence for a state above the part, and goes into the tree here.
 */

import {
  type EarlierData,
  plannedOf,
  type StateData,
  sleeperData,
  sleeperOf,
  type TreePart,
  type TreeRest,
  wakeupData,
  wakeupOf,
} from '../strategies/tree-part.js';
import { byFootprints, insertSequence, isAsleep, type Sleeper, type Wakeup } from '../strategies/wakeup-tree.js';

interface Node {
  readonly who: number;
  children: Node[];
  sleeping: Sleeper[];
  wakeups: Wakeup[];
}

/** A tree's node as plain data. */
export interface NodeData extends StateData {
  readonly who: number;
  readonly children: readonly NodeData[];
}

export interface TreeData {
  readonly root: NodeData;
  readonly fresh: boolean;
  readonly deferring: boolean;
}

function nodeOf({ who, children, sleeping, wakeups }: NodeData): Node {
  return { who, children: children.map(nodeOf), sleeping: sleeping.map(sleeperOf), wakeups: wakeups.map(wakeupOf) };
}

function nodeData({ who, children, sleeping, wakeups }: Node): NodeData {
  return { who, children: children.map(nodeData), ...stateData({ sleeping, wakeups }) };
}

function stateData({ sleeping, wakeups }: Pick<Node, 'sleeping' | 'wakeups'>): StateData {
  return { sleeping: sleeping.map(sleeperData), wakeups: wakeups.map(wakeupData) };
}

const EMPTY: NodeData = { who: -1, children: [], sleeping: [], wakeups: [] };

export class ExecutionTree {
  private root: Node;
  private fresh: boolean;
  private deferring: boolean;

  /** @param data as `toData` gave it; a tree of which nothing is explored if not given */
  constructor(data: TreeData = { root: EMPTY, fresh: true, deferring: true }) {
    this.root = nodeOf(data.root);
    this.fresh = data.fresh;
    this.deferring = data.deferring;
  }

  toData(): TreeData {
    return { root: nodeData(this.root), fresh: this.fresh, deferring: this.deferring };
  }

  /** Everything has been explored. */
  get isDone(): boolean {
    return !this.fresh && this.root.children.length === 0 && this.root.wakeups.length === 0;
  }

  /** What is left, in parts, the same ones in the same order for the same tree. */
  parts(): readonly TreePart[] {
    const { deferring } = this;
    if (this.fresh) return [{ path: [], states: [stateData(this.root)], deferring }];
    const parts: TreePart[] = [];
    const path: number[] = [];
    const states: StateData[] = [];
    const visit = (node: Node): void => {
      states.push(stateData(node));
      if (node.wakeups.length > 0) parts.push({ path: [...path], states: [...states], deferring });
      for (const child of node.children) {
        path.push(child.who);
        visit(child);
        path.pop();
      }
      states.pop();
    };
    visit(this.root);
    return parts;
  }

  /**
   * Takes in what parts came to.
   *
   * @returns false if the tree has to be explored from its root again: grace periods matter
   */
  merge(results: readonly { readonly part: TreePart; readonly rest: TreeRest }[]): boolean {
    if (this.deferring && results.some(({ rest }) => rest.again)) {
      this.root = nodeOf(EMPTY);
      this.fresh = true;
      this.deferring = false;
      return false;
    }
    for (const { part, rest } of results) this.replace(part, rest);
    for (const { part, rest } of results) for (const earlier of rest.earlier) this.addEarlier(part, earlier);
    prune(this.root);
    return true;
  }

  private replace(part: TreePart, rest: TreeRest): void {
    this.fresh = false;
    let node = this.nodeAt(part.path);
    rest.states.forEach((state, at) => {
      if (at > 0) node = childOf(node, rest.path[at - 1] as number);
      node.sleeping = state.sleeping.map(sleeperOf);
      node.wakeups = state.wakeups.map(wakeupOf);
    });
  }

  private addEarlier(part: TreePart, earlier: EarlierData): void {
    const node = this.nodeAt(part.path.slice(0, earlier.depth));
    const sequence = plannedOf(earlier);
    if (node.sleeping.some((sleeper) => isAsleep(sleeper, sequence))) return;
    insertSequence(node.wakeups, sequence, byFootprints);
  }

  private nodeAt(path: readonly number[]): Node {
    let node = this.root;
    for (const who of path) node = childOf(node, who);
    return node;
  }
}

function childOf(node: Node, who: number): Node {
  let child = node.children.find((one) => one.who === who);
  if (child === undefined) {
    child = { who, children: [], sleeping: [], wakeups: [] };
    node.children.push(child);
  }
  return child;
}

/** Drops the nodes below which nothing is left. @returns whether something is left at this one */
function prune(node: Node): boolean {
  node.children = node.children.filter(prune);
  return node.children.length > 0 || node.wakeups.length > 0;
}
