/** The model's word beside the host's: which outcomes were seen, which were not, which may not be. */

import { explanation } from './judge.js';
import { layoutOf } from './layout.js';
import type { NativeRun } from './native.js';
import type { Allowed } from './outcomes.js';

export interface Comparison {
  /** Outcomes that the host showed and the model does not have. Empty where they agree. */
  readonly notAllowed: readonly string[];
  /** Those of them that a note of the test explains by a change of the kernel, each with the note. */
  readonly explained: readonly { readonly outcome: string; readonly note: string }[];
  /** Allowed outcomes that were seen, and those that were not. */
  readonly seen: readonly string[];
  readonly unseen: readonly string[];
}

/** Compares what a native run showed with what the model allows. */
export function compare({ test, outcomes }: Allowed, native: NativeRun): Comparison {
  const layout = layoutOf(test);
  const texts = outcomes.map(({ text }) => text);
  const notAllowed: string[] = [];
  const explained: { outcome: string; note: string }[] = [];
  for (const [outcome, { values }] of native.observed) {
    if (texts.includes(outcome)) continue;
    const note = explanation(test, layout, values);
    if (note === null) notAllowed.push(outcome);
    else explained.push({ outcome, note });
  }
  return {
    notAllowed,
    explained,
    seen: texts.filter((text) => native.observed.has(text)),
    unseen: texts.filter((text) => !native.observed.has(text)),
  };
}
