/** What a depth-first search has before it, as plain data (JSON): the way to an execution, and what branches off it. */

/** A decision on the way. */
export interface Decision {
  /** Who could move. */
  readonly movers: readonly number[];
  /** Who does on this way. */
  readonly picked: number;
  /** Those that are still to be taken in its place, the next one last. */
  readonly left: readonly number[];
}

/** A part of the tree of all executions. */
export interface Branches {
  readonly path: readonly Decision[];
  /** The execution that goes this way was made; otherwise all that begins with it are a part of this. */
  readonly made: boolean;
}

export const WHOLE_TREE: Branches = { path: [], made: false };

/**
 * Divides what is left where its way branches first: into what a depth-first search comes to before it takes another
 * branch there, and each of these branches. In the order in which it comes to them.
 */
export function divideBranches(branches: Branches): readonly Branches[] {
  const { path, made } = branches;
  const at = path.findIndex(({ left }) => left.length > 0);
  const first = path[at];
  if (!made || first === undefined) return [branches];
  const way = path.slice(0, at);
  const before = [...way, { ...first, left: [] }, ...path.slice(at + 1)];
  const later = first.left.map((picked): Branches => ({ path: [...way, { ...first, picked, left: [] }], made: false }));
  const branchesOff = before.some(({ left }) => left.length > 0);
  return [...(branchesOff ? [{ path: before, made }] : []), ...later.reverse()];
}
