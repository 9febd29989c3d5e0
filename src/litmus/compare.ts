/** The model's word beside the host's: which outcomes were seen, which were not, which may not be. */

import { explanation } from './judge.js';
import { LATER_KERNELS } from './later-kernels.js';
import { layoutOf } from './layout.js';
import type { NativeRun } from './native.js';
import { type Allowed, allowedOutcomes, type OutcomeLimits } from './outcomes.js';

export interface Comparison {
  /** Outcomes that the host showed, the model does not have, and nothing known explains. Empty where they agree. */
  readonly notAllowed: readonly string[];
  /** Those that a note of the test explains, or a known change of later kernels; each with the note. */
  readonly explained: readonly { readonly outcome: string; readonly note: string }[];
  /** Allowed outcomes that were seen. */
  readonly seen: readonly string[];
  /** Those that were not: rare, or wrong. */
  readonly unseen: readonly string[];
  /** Those that were not, and a note says that a newer kernel does not have them. */
  readonly excluded: readonly { readonly outcome: string; readonly note: string }[];
}

/**
 * Compares what a native run showed with what the model allows.
 *
 * @param limits of searches for outcomes of later kernels, where something was not allowed
 */
export function compare({ test, outcomes }: Allowed, native: NativeRun, limits: OutcomeLimits = {}): Comparison {
  const layout = layoutOf(test);
  const texts = outcomes.map(({ text }) => text);
  const unseen: string[] = [];
  const excluded: { outcome: string; note: string }[] = [];
  let notAllowed: string[] = [];
  const explained: { outcome: string; note: string }[] = [];
  for (const [outcome, { values }] of native.observed) {
    if (texts.includes(outcome)) continue;
    const note = explanation(test, layout, values, 'allows');
    if (note === null) notAllowed.push(outcome);
    else explained.push({ outcome, note });
  }
  // What one of the changes does not explain may need several of them.
  for (const patches of [...LATER_KERNELS.map((one) => [one]), LATER_KERNELS]) {
    if (notAllowed.length === 0) break;
    const later = new Set(allowedOutcomes(test, { ...limits, patches }).outcomes.map(({ text }) => text));
    const note = patches.map(({ story }) => story).join(' ');
    explained.push(...notAllowed.filter((outcome) => later.has(outcome)).map((outcome) => ({ outcome, note })));
    notAllowed = notAllowed.filter((outcome) => !later.has(outcome));
  }
  for (const { text, values } of outcomes) {
    if (native.observed.has(text)) continue;
    const note = explanation(test, layout, values, 'excludes');
    if (note === null) unseen.push(text);
    else excluded.push({ outcome: text, note });
  }
  return {
    notAllowed,
    explained,
    seen: texts.filter((text) => native.observed.has(text)),
    unseen,
    excluded,
  };
}
