/** Where a test's registers are, what they hold, and what its outcome is made of. */

import type { Block, Condition, Item, Litmus, Statement } from './ast.js';
import { CALLS, INFO_FIELDS } from './calls.js';
import type { ValueKind } from './words.js';

/** A register of a block. */
export interface Slot {
  /** Its number in the block. */
  readonly number: number;
  readonly kind: ValueKind;
}

export interface Layout {
  /** The registers of each block, in the order of `blocks`. */
  readonly registers: readonly ReadonlyMap<string, Slot>[];
  /** What an outcome shows, in order: what is observed, and what the condition names besides. */
  readonly items: readonly Item[];
}

/** Every statement, those inside others too. */
export function* statementsIn(statements: readonly Statement[]): Generator<Statement> {
  for (const statement of statements) {
    yield statement;
    if (statement.kind === 'if') {
      yield* statementsIn(statement.then);
      yield* statementsIn(statement.otherwise);
    } else if (statement.kind === 'while') yield* statementsIn(statement.body);
  }
}

/** The registers that a statement may give a value. Cells are among them where one is assigned. */
function* targetsOf(statement: Statement): Generator<readonly [name: string, kind: ValueKind]> {
  if (statement.kind === 'assign') yield [statement.target, 'int'];
  if (statement.kind !== 'call') return;
  const { target, call } = statement;
  const spec = CALLS[call.name];
  if (target !== null) yield [target, spec?.gives ?? 'int'];
  for (const [at, arg] of call.args.entries()) {
    if (arg.kind !== 'out') continue;
    if (spec?.params[at]?.kind === 'status') yield [arg.register, 'status'];
    else for (const [field, kind] of Object.entries(INFO_FIELDS)) yield [`${arg.register}.${field}`, kind];
  }
}

/** A handler's own values as they are copied into registers: `code = info.si_code`. */
function kindOfValue(statement: Statement): ValueKind {
  if (statement.kind !== 'assign' || statement.value.kind !== 'name') return 'int';
  if (statement.value.name === 'sig') return 'signal';
  return INFO_FIELDS[statement.value.name.replace(/^info\./, '')] ?? 'int';
}

export function layoutOf(test: Litmus): Layout {
  const isCell = (name: string): boolean => test.cells.some((cell) => cell.name === name);
  const handled = test.handlers.flatMap(({ body }) => [...statementsIn(body)]);
  const registers = test.blocks.map((block) => {
    const slots = new Map<string, Slot>();
    for (const statement of [...statementsIn([...block.setup, ...block.body]), ...handled]) {
      for (const [name, given] of targetsOf(statement)) {
        if (isCell(name)) continue;
        const kind = given === 'int' ? kindOfValue(statement) : given;
        const known = slots.get(name);
        // A register that holds now one kind of thing and now another is a number.
        if (known === undefined) slots.set(name, { number: slots.size, kind });
        else if (known.kind !== kind) slots.set(name, { ...known, kind: 'int' });
      }
    }
    return slots;
  });
  const items: Item[] = [];
  const noted = test.notes.flatMap(({ allows, excludes }) =>
    [allows, excludes].flatMap((condition) => (condition === null ? [] : itemsOf(condition))),
  );
  for (const item of [...test.observed, ...itemsOf(test.condition), ...noted]) {
    if (!items.some((known) => itemText(known) === itemText(item))) items.push(item);
  }
  return { registers, items };
}

/** The items that a condition names, in order. */
function itemsOf(condition: Condition): Item[] {
  switch (condition.kind) {
    case 'true':
      return [];
    case 'not':
      return itemsOf(condition.of);
    case 'and':
    case 'or':
      return [...itemsOf(condition.left), ...itemsOf(condition.right)];
    case 'in':
      return [condition.item];
    case 'equal':
      return condition.literal.kind === 'item' ? [condition.item, condition.literal.item] : [condition.item];
  }
}

/** An item as it is written. */
export function itemText(item: Item): string {
  switch (item.kind) {
    case 'register':
      return `${item.block}:${item.register}`;
    case 'cell':
      return item.name;
    default:
      return `${item.kind}(${item.block})`;
  }
}

/** The number of a block of a test that was checked. */
export function blockNumber(test: Litmus, name: string): number {
  return test.blocks.findIndex((block) => block.name === name);
}

/** The register that an item shows. */
export function slotOf(test: Litmus, layout: Layout, block: string, register: string): Slot {
  const slot = layout.registers[blockNumber(test, block)]?.get(register);
  if (slot === undefined) throw new Error(`${block} has no register ${register}`);
  return slot;
}

/** The blocks that other blocks start, with the statement that does: a program of `execve` runs in its caller's place. */
export function startsIn(block: Block): { readonly program: string; readonly how: 'process' | 'thread' | 'image' }[] {
  const found: { program: string; how: 'process' | 'thread' | 'image' }[] = [];
  for (const statement of statementsIn(block.body)) {
    if (statement.kind !== 'call') continue;
    const how = CALLS[statement.call.name]?.starts ?? null;
    const [arg] = statement.call.args;
    if (how !== null && arg?.kind === 'value' && arg.value.kind === 'name')
      found.push({ program: arg.value.name, how });
  }
  return found;
}
