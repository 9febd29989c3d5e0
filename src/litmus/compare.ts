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
  /** Allowed outcomes that were seen. */
  readonly seen: readonly string[];
  /** Those that were not: rare, or wrong. */
  readonly unseen: readonly string[];
  /** Those that were not, and a note says that a newer kernel does not have them. */
  readonly excluded: readonly { readonly outcome: string; readonly note: string }[];
}

/** Compares what a native run showed with what the model allows. */
export function compare({ test, outcomes }: Allowed, native: NativeRun): Comparison {
  const layout = layoutOf(test);
  const texts = outcomes.map(({ text }) => text);
  const unseen: string[] = [];
  const excluded: { outcome: string; note: string }[] = [];
  const notAllowed: string[] = [];
  const explained: { outcome: string; note: string }[] = [];
  for (const [outcome, { values }] of native.observed) {
    if (texts.includes(outcome)) continue;
    const note = explanation(test, layout, values, 'allows');
    if (note === null) notAllowed.push(outcome);
    else explained.push({ outcome, note });
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
