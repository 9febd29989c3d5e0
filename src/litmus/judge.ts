/** Whether a condition holds of outcomes. */

import type { Condition, Expression, Item, Literal, Litmus } from './ast.js';
import type { Outcome } from './final.js';
import { itemText, type Layout, slotOf } from './layout.js';
import { CONSTANTS, STATE_ALIVE, STATE_GONE, STATE_STOPPED, setText, statusText, valueText } from './words.js';

/** An outcome as a line: `A:r=0 state(B)=killed(SIGTERM)`. */
export function outcomeText(layout: Layout, outcome: Outcome): string {
  return layout.items.map((item, at) => `${itemText(item)}=${outcome[at]}`).join(' ');
}

/** The outcome that a line of `outcomeText` shows. */
export function outcomeOfText(layout: Layout, text: string): Outcome {
  let rest = text;
  return layout.items.map((item, at) => {
    const from = itemText(item).length + 1;
    const next = layout.items[at + 1];
    const end = next === undefined ? rest.length : rest.indexOf(` ${itemText(next)}=`, from);
    const value = rest.slice(from, end);
    rest = rest.slice(end + 1);
    return value;
  });
}

/** Whether the condition, without its quantifier, is true of an outcome. */
export function satisfies(test: Litmus, layout: Layout, outcome: Outcome, condition = test.condition): boolean {
  const readingOf = (item: Item): string =>
    outcome[layout.items.findIndex((other) => itemText(other) === itemText(item))] ?? '';
  const holds = (of: Condition): boolean => {
    switch (of.kind) {
      case 'true':
        return true;
      case 'not':
        return !holds(of.of);
      case 'and':
        return holds(of.left) && holds(of.right);
      case 'or':
        return holds(of.left) || holds(of.right);
      case 'in':
        return readingOf(of.item)
          .slice(1, -1)
          .split(', ')
          .includes(setOf([of.signal]).slice(1, -1));
      case 'equal': {
        const { item, literal, negated } = of;
        const wanted = literal.kind === 'item' ? readingOf(literal.item) : literalText(test, layout, item, literal);
        return (readingOf(item) === wanted) !== negated;
      }
    }
  };
  return holds(condition);
}

/**
 * The note of the test that explains an outcome, or null.
 *
 * @param effect `allows`: that a newer kernel has it; `excludes`: that a newer kernel does not
 */
export function explanation(
  test: Litmus,
  layout: Layout,
  outcome: Outcome,
  effect: 'allows' | 'excludes',
): string | null {
  const note = test.notes.find(({ [effect]: when }) => when !== null && satisfies(test, layout, outcome, when));
  return note?.text ?? null;
}

/** A test's verdict, from the outcomes that there are. */
export function verdict(test: Litmus, layout: Layout, outcomes: readonly Outcome[]): boolean {
  const one = (outcome: Outcome): boolean => satisfies(test, layout, outcome);
  switch (test.quantifier) {
    case 'exists':
      return outcomes.some(one);
    case '~exists':
      return !outcomes.some(one);
    case 'forall':
      return outcomes.every(one);
  }
}

/** What a literal reads like where it is an item's value. */
function literalText(test: Litmus, layout: Layout, item: Item, literal: Exclude<Literal, { kind: 'item' }>): string {
  switch (literal.kind) {
    case 'word':
      return WORDS[literal.word] ?? literal.word;
    case 'set':
      return setOf(literal.signals);
    case 'status': {
      const number = constantOf(literal.value);
      if (literal.word === 'exited') return statusText((number & 0xff) << 8);
      return statusText(literal.word === 'killed' ? number : (number << 8) | 0x7f);
    }
    case 'value': {
      const { value } = literal;
      const isTask = value.kind === 'name' && !CONSTANTS.has(value.name);
      if (isTask) return value.name;
      const kind = item.kind === 'register' ? slotOf(test, layout, item.block, item.register).kind : 'int';
      return valueText(kind, constantOf(value), () => null);
    }
  }
}

const WORDS: Readonly<Record<string, string>> = {
  alive: statusText(STATE_ALIVE),
  stopped: statusText(STATE_STOPPED),
  gone: statusText(STATE_GONE),
};

/** The value of an expression of numbers and constants. */
export function constantOf(value: Expression): number {
  switch (value.kind) {
    case 'number':
      return value.value;
    case 'name':
      return CONSTANTS.get(value.name) ?? 0;
    case 'unary':
      return value.operator === '-' ? -constantOf(value.operand) : ~constantOf(value.operand);
    case 'binary': {
      const [left, right] = [constantOf(value.left), constantOf(value.right)];
      if (value.operator === '|') return left | right;
      if (value.operator === '+') return left + right;
      return value.operator === '-' ? left - right : left * right;
    }
  }
}

function setOf(signals: readonly Expression[]): string {
  let lo = 0;
  let hi = 0;
  for (const signal of signals) {
    const sig = constantOf(signal);
    if (sig <= 32) lo |= 1 << (sig - 1);
    else hi |= 1 << (sig - 33);
  }
  return setText(lo, hi);
}
