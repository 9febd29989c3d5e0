/** The account of an execution as text, and what went wrong in it. */

import { explainSwitches } from '../explore/switches.js';
import type { ControlledMachine } from '../machine/controlled.js';
import type { Violation } from '../sync/gate.js';
import type { AccountPart } from '../trace/account.js';
import { switchLines } from '../trace/switches.js';
import { paint, wrap } from './context.js';
import type { StoryTitle } from './story.js';

/** A paragraph is easier to read than a line across the whole screen. */
const MAX_WIDTH = 110;
/** Of a schedule with more switches than this, what happens without each is not said: minimise it first. */
const MAX_EXPLAINED = 10;

/** The account, a line for each thing done; nothing for a model that has no words for its events. */
export function accountText(parts: readonly AccountPart[], width: number): readonly string[] {
  if (parts.length === 0) return [];
  const room = Math.min(width, MAX_WIDTH);
  const lines = parts.flatMap(({ kind, text, watched }) => {
    if (kind === 'who') return ['', paint('bold', `${text}`)];
    if (kind === 'switch' || kind === 'end') return ['', paint('yellow', `    ── ${text} ──`)];
    return [wrap(`${text}${watched === null ? '' : ` [${watched}]`}`, room, '    ').replace('    ', '  - ')];
  });
  return [['What happens, in plain words', ...lines].join('\n')];
}

/** What each kind of violation means, for a reader who does not know the words. */
const KINDS: Readonly<Record<string, string>> = {
  invariant: 'what the scenario claims does not hold',
  assertion: 'what the model claims does not hold',
  'use-after-free': 'memory was used after it had been given back, when it may belong to somebody else',
  'use-after-recycle': 'memory was used that had been given back and has another owner by now',
  'double-free': 'memory was given back twice',
  'null-ptr-deref': 'a pointer that leads nowhere was followed',
  deadlock: 'some wait for each other, and none of them will ever go on',
  livelock: 'some go on for ever without getting anywhere',
  'step-limit': 'there is no end in sight, which is not to say that there is none',
  'rcu-stall': 'a grace period cannot end, as somebody stays in a reader',
  'hung-task': 'a task waits for something that will never come',
  'lost-wakeup': 'a task sleeps though what it waits for has happened, and nobody will wake it',
  leak: 'memory was never given back',
  'data-race': 'two CPUs used the same word at once, at least one of them to write, with nothing to order them',
  'lock-inversion': 'locks are taken in two orders, so that two can come to wait for each other',
  'irq-unsafe-lock': 'an interrupt may come to wait for the one that it has interrupted',
  'lock-recursion': 'a lock is taken by one that may have it already',
  lockdep: 'a rule of locking was broken',
  'bad-unlock': 'a lock was released by one that does not hold it',
  'lock-not-held': 'something was done that needs a lock, without the lock',
  'rcu-usage': 'what RCU protects was used outside a reader: it may be freed in between',
  'scheduling-while-atomic': 'a task went to sleep with a spinlock held',
  refcount: 'a count of references went wrong: an object is freed too early or never',
  exception: 'a thread threw an error that nobody caught',
  misuse: 'a thread of the model does something that makes no sense to the machine',
  panic: 'the kernel cannot go on',
  unmodelled: 'something was asked for that this kernel leaves out',
  BUG: 'the kernel found itself in a state that must not be',
};

/** What went wrong, what makes it possible, and what it takes. */
export function wrongText(
  machine: ControlledMachine,
  schedule: Uint8Array,
  { kind, message }: Violation,
  { claim, stories }: StoryTitle,
  width: number,
): string {
  const room = Math.min(width, MAX_WIDTH);
  const lines = ['What went wrong', ''];
  const meaning = KINDS[kind] === undefined ? '' : ` (${kind}: ${KINDS[kind]})`;
  lines.push(wrap(`${message}${meaning}`, room, '  '));
  if (claim !== '') lines.push(wrap(`The claim: ${claim}`, room, '  '));
  for (const { name, title, story } of stories) {
    lines.push('', wrap(`Why: the kernel has the patch ${name}, ${title}. ${story}`, room, '  '));
  }
  const switches = explainSwitches(machine, schedule, MAX_EXPLAINED);
  if (switches.length > 0) {
    lines.push('', '  What it takes, and how it ends where one of these is left out:', '');
    for (const one of switches) for (const line of switchLines(one)) lines.push(wrap(line, room, '    '));
  }
  return lines.join('\n');
}
