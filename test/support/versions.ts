/** As much of npm's version ranges as package.json uses: `^1.2.3`, `~1.2.3`, `1.2.3`. */

function numbersOf(version: string): readonly [number, number, number] | null {
  const [, major, minor, patch] = /^(\d+)\.(\d+)\.(\d+)$/.exec(version) ?? [];
  return major === undefined ? null : [Number(major), Number(minor), Number(patch)];
}

/** Whether a version lies within a range. */
export function satisfies(version: string, range: string): boolean {
  const [, operator = '', least = ''] = /^([~^]?)(.*)$/.exec(range) ?? [];
  const have = numbersOf(version);
  const want = numbersOf(least);
  if (want === null) throw new Error(`the range "${range}" is of a kind that is not known here`);
  if (have === null) return false;
  // The numbers up to here must be the same; those after it may be greater.
  const firstNonZero = want.findIndex((number) => number !== 0);
  const fixed = operator === '^' ? Math.min(firstNonZero < 0 ? 2 : firstNonZero, 2) : operator === '~' ? 1 : 2;
  for (let at = 0; at < 3; at++) {
    const difference = (have[at] ?? 0) - (want[at] ?? 0);
    if (at <= fixed && difference !== 0) return false;
    if (difference !== 0) return difference > 0;
  }
  return true;
}
