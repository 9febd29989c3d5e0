/** A litmus test as it was read. */

import type { Place } from './error.js';

export type Expression =
  | { readonly kind: 'number'; readonly value: number; readonly at: Place }
  /** A register, a cell, a constant, a process, an end of a pipe, or a field of a handler's siginfo. */
  | { readonly kind: 'name'; readonly name: string; readonly at: Place }
  | { readonly kind: 'unary'; readonly operator: '-' | '!' | '~'; readonly operand: Expression; readonly at: Place }
  | {
      readonly kind: 'binary';
      readonly operator: BinaryOperator;
      readonly left: Expression;
      readonly right: Expression;
      readonly at: Place;
    };

export const BINARY_OPERATORS = ['||', '&&', '==', '!=', '<', '<=', '>', '>=', '|', '+', '-', '*'] as const;
export type BinaryOperator = (typeof BINARY_OPERATORS)[number];

/** What stands between a call's parentheses. */
export type Argument =
  | { readonly kind: 'value'; readonly value: Expression; readonly at: Place }
  | { readonly kind: 'set'; readonly signals: readonly Expression[]; readonly at: Place }
  | { readonly kind: 'time'; readonly nanoseconds: number; readonly at: Place }
  /** `&r`: where the call puts something. */
  | { readonly kind: 'out'; readonly register: string; readonly at: Place };

export interface CallNode {
  readonly name: string;
  readonly args: readonly Argument[];
  readonly at: Place;
}

export type Statement =
  /** A system call; its result goes into a register, if one is named. */
  | { readonly kind: 'call'; readonly target: string | null; readonly call: CallNode; readonly at: Place }
  /** To a register or a cell. */
  | { readonly kind: 'assign'; readonly target: string; readonly value: Expression; readonly at: Place }
  | {
      readonly kind: 'if';
      readonly condition: Expression;
      readonly then: readonly Statement[];
      readonly otherwise: readonly Statement[];
      readonly at: Place;
    }
  | { readonly kind: 'while'; readonly condition: Expression; readonly body: readonly Statement[]; readonly at: Place };

/** What a process is before the race. */
export interface ProcessSettings {
  /** The process whose group it joins; null for the group that it starts in. */
  readonly group: string | null;
  readonly session: boolean;
  readonly subreaper: boolean;
  /** It is the init of a pid namespace of its own. */
  readonly container: boolean;
  readonly uid: number | null;
}

/** A process or thread that is there before the race, or a program that one starts in it. */
export interface Block {
  readonly kind: 'process' | 'thread' | 'program';
  readonly name: string;
  /** The parent of a process, null for a child of init; the process of a thread; null for a program. */
  readonly of: string | null;
  readonly settings: ProcessSettings;
  readonly setup: readonly Statement[];
  readonly body: readonly Statement[];
  readonly at: Place;
}

export interface HandlerNode {
  readonly name: string;
  readonly body: readonly Statement[];
  readonly at: Place;
}

/** What is looked at when nothing moves any more. */
export type Item =
  | { readonly kind: 'register'; readonly block: string; readonly register: string; readonly at: Place }
  | { readonly kind: 'cell'; readonly name: string; readonly at: Place }
  | { readonly kind: 'state'; readonly block: string; readonly at: Place }
  | { readonly kind: 'pending'; readonly block: string; readonly at: Place };

/** What an item is compared with. */
export type Literal =
  | { readonly kind: 'value'; readonly value: Expression; readonly at: Place }
  /** `unset`, `alive`, `stopped`, `gone`, `continued`. */
  | { readonly kind: 'word'; readonly word: string; readonly at: Place }
  /** `exited(3)`, `killed(SIGTERM)`, `stopped(SIGSTOP)`. */
  | { readonly kind: 'status'; readonly word: string; readonly value: Expression; readonly at: Place }
  | { readonly kind: 'set'; readonly signals: readonly Expression[]; readonly at: Place }
  | { readonly kind: 'item'; readonly item: Item; readonly at: Place };

export type Condition =
  | { readonly kind: 'true' }
  | { readonly kind: 'not'; readonly of: Condition }
  | { readonly kind: 'and' | 'or'; readonly left: Condition; readonly right: Condition }
  | { readonly kind: 'equal'; readonly item: Item; readonly literal: Literal; readonly negated: boolean }
  | { readonly kind: 'in'; readonly signal: Expression; readonly item: Item };

export const QUANTIFIERS = ['exists', '~exists', 'forall'] as const;
export type Quantifier = (typeof QUANTIFIERS)[number];

/** How a newer kernel differs, and why. */
export interface Note {
  readonly text: string;
  /** The outcomes that only it has, if there are such. */
  readonly allows: Condition | null;
  /** The outcomes that it has no more. */
  readonly excludes: Condition | null;
}

/** A litmus test: its processes, what they do, and what is asked of the end. */
export interface Litmus {
  readonly name: string;
  readonly question: string;
  /** The manual page it comes from: `kill(2)`. */
  readonly page: string;
  readonly notes: readonly Note[];
  readonly cells: readonly { readonly name: string; readonly value: number; readonly at: Place }[];
  readonly pipes: readonly { readonly name: string; readonly at: Place }[];
  readonly blocks: readonly Block[];
  readonly handlers: readonly HandlerNode[];
  /** What is looked at besides what the condition names. */
  readonly observed: readonly Item[];
  readonly quantifier: Quantifier;
  readonly condition: Condition;
  /** The condition as it is written, without its quantifier. */
  readonly conditionText: string;
}
