/** Which checkers watch a machine's executions. */

export const CHECKERS = ['memory', 'lockdep', 'rcu', 'race'] as const;

/**
 * `memory` finds the use of freed objects (as KASAN), `lockdep` locks taken in an order or a context that can hang,
 * `rcu` what is read under RCU outside a read-side section, `race` accesses that nothing orders (as KCSAN). Deadlocks, livelocks, lost wake-ups, leaks and a scenario's
 * own claims are looked for always.
 */
export type Checker = (typeof CHECKERS)[number];

/**
 * The checkers that an option names.
 *
 * @param checked true for all, false for none, or their names
 * @throws RangeError for a name that no checker has
 */
export function selectCheckers(checked: boolean | readonly Checker[]): ReadonlySet<Checker> {
  if (checked === true) return new Set(CHECKERS);
  if (checked === false) return new Set();
  const unknown = checked.find((name) => !CHECKERS.includes(name));
  if (unknown !== undefined) throw new RangeError(`there is no checker "${unknown}"; there is ${CHECKERS.join(', ')}`);
  return new Set(checked);
}
