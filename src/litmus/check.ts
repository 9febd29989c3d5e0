/** What a test must fulfil besides its grammar: names that exist, calls with the right arguments, programs that start. */

import { NR_OPEN_DEFAULT } from '../kernel/constants.js';
import type {
  Argument,
  Block,
  CallNode,
  Condition,
  Expression,
  HandlerNode,
  Item,
  Literal,
  Litmus,
  Statement,
} from './ast.js';
import { CALLS, type Call, INFO_FIELDS, type Param } from './calls.js';
import { LitmusError, type Place } from './error.js';
import { blockNumber, itemText, type Layout, layoutOf, startsIn, statementsIn } from './layout.js';
import { CONSTANTS } from './words.js';

/** So many tasks can there be; a token has room for no more CPUs. */
export const MAX_BLOCKS = 12;
export const MAX_CELLS = 16;
export const MAX_PIPES = 4;
/** The model's memory has room for these, and for the pids of programs. */
export const MAX_REGISTERS = 100;

interface Scope {
  readonly test: Litmus;
  readonly registers: ReadonlyMap<string, unknown>;
  readonly place: 'setup' | 'body' | 'handler';
  readonly inLoop: boolean;
}

function fail(at: Place, what: string): never {
  throw new LitmusError(what, at);
}

/** @throws LitmusError */
export function checkLitmus(test: Litmus): void {
  checkNames(test);
  const layout = layoutOf(test);
  test.blocks.forEach((block, number) => {
    checkPlace(test, block, number);
    const registers = layout.registers[number] as ReadonlyMap<string, unknown>;
    checkStatements({ test, registers, place: 'setup', inLoop: false }, block.setup);
    checkStatements({ test, registers, place: 'body', inLoop: false }, block.body);
  });
  const handled = new Map(layout.registers.flatMap((registers) => [...registers]));
  for (const handler of test.handlers) {
    checkStatements({ test, registers: handled, place: 'handler', inLoop: false }, handler.body);
  }
  checkStarts(test);
  const registers = layout.registers.reduce((sum, { size }) => sum + size, 0);
  if (registers > MAX_REGISTERS) {
    fail(
      test.blocks[0]?.at ?? { line: 1, column: 1 },
      `this test has ${registers} registers: ${MAX_REGISTERS} at most`,
    );
  }
  for (const item of test.observed) checkItem(test, layout, item);
  checkCondition(test, layout, test.condition);
  for (const condition of test.notes.flatMap(({ allows, excludes }) => [allows, excludes])) {
    if (condition !== null) checkCondition(test, layout, condition);
  }
  if (layout.items.length === 0) {
    fail(test.blocks[0]?.at ?? { line: 1, column: 1 }, 'this test looks at nothing: its condition names no item');
  }
}

function checkNames({ cells, pipes, blocks, handlers }: Litmus): void {
  const known = new Map<string, Place>();
  for (const { name, at } of [...cells, ...pipes, ...blocks, ...handlers]) {
    const before = known.get(name);
    if (before !== undefined) fail(at, `"${name}" is the name of something in line ${before.line} already`);
    if (CONSTANTS.has(name) || CALLS[name] !== undefined) fail(at, `"${name}" is a name of the system's`);
    known.set(name, at);
  }
  const limits = [
    [blocks, MAX_BLOCKS, 'processes, threads and programs'],
    [cells, MAX_CELLS, 'cells'],
    [pipes, MAX_PIPES, 'pipes'],
  ] as const;
  for (const [list, most, what] of limits) {
    const over = list[most];
    if (over !== undefined) fail(over.at, `a test has at most ${most} ${what}`);
  }
}

/** The process that a process or thread belongs to, and the one whose group it joins, come before it. */
function checkPlace(test: Litmus, block: Block, number: number): void {
  const isProcess = (name: string): boolean => {
    const at = blockNumber(test, name);
    return at >= 0 && at < number && test.blocks[at]?.kind === 'process';
  };
  if (block.of !== null && !isProcess(block.of)) {
    const whose = block.kind === 'thread' ? 'the process of this thread' : 'the parent of this process';
    fail(block.at, `expected ${whose} to be a process above it, and "${block.of}" is not`);
  }
  const { group, container } = block.settings;
  if (container && block.of !== null) fail(block.at, 'a container is a child of init: leave "of" out');
  if (group !== null && !isProcess(group)) {
    fail(block.at, `expected a process above this one after "group", and "${group}" is not`);
  }
  if (group !== null) checkGroup(test, block, group);
}

/** A group that a process joins must have a leader, and be of its session: otherwise `setpgid` says no. */
function checkGroup(test: Litmus, block: Block, group: string): void {
  const leader = test.blocks.find(({ name }) => name === group);
  if (leader === undefined) return;
  if (leader.of !== null && !leader.settings.session) {
    fail(block.at, `expected a child of init or the leader of a session after "group": "${group}" leads no group`);
  }
  if (block.settings.session || sessionOf(test, block) !== sessionOf(test, leader)) {
    fail(block.at, `"${block.name}" cannot be in the group of ${group}, which is in another session`);
  }
}

/** The process above that called `setsid` or began a container; null in init's session. */
function sessionOf(test: Litmus, block: Block): Block | null {
  if (block.settings.session || block.settings.container) return block;
  const parent = test.blocks.find(({ name }) => name === block.of);
  return parent === undefined ? null : sessionOf(test, parent);
}

function checkStatements(scope: Scope, statements: readonly Statement[]): void {
  for (const statement of statements) {
    if (statement.kind === 'call') {
      if (statement.target !== null) checkTarget(scope, statement.target, statement.at);
      checkCall(scope, statement.call);
    } else if (statement.kind === 'assign') {
      checkTarget(scope, statement.target, statement.at);
      checkExpression(scope, statement.value);
      checkLoads(scope, statement.value, scope.test.cells.some(({ name }) => name === statement.target) ? 0 : 1);
    } else {
      checkExpression(scope, statement.condition);
      checkLoads(scope, statement.condition, 1);
      if (statement.kind === 'if') checkStatements(scope, [...statement.then, ...statement.otherwise]);
      else {
        checkLoop(scope.test, statement);
        checkStatements({ ...scope, inLoop: true }, statement.body);
      }
    }
  }
}

/** Who spins until a cell changes can spin for as long as he likes: there would be no end of executions. */
function checkLoop({ cells }: Litmus, { condition, body, at }: Extract<Statement, { kind: 'while' }>): void {
  const loads = namesIn(condition).some(({ name }) => cells.some((cell) => cell.name === name));
  const calls = [...statementsIn(body)].some(({ kind }) => kind === 'call');
  if (loads && !calls)
    fail(at, 'expected a call that waits in this loop, like sigsuspend or read: it may not spin on a cell');
}

function checkTarget({ test }: Scope, name: string, at: Place): void {
  if (test.cells.some((cell) => cell.name === name)) return;
  if (CONSTANTS.has(name)) fail(at, `"${name}" is a constant, and cannot be given a value`);
  if ([...test.blocks, ...test.handlers, ...test.pipes].some((other) => other.name === name) || name.includes('.')) {
    fail(at, `expected a register or a cell before "=", found "${name}"`);
  }
}

function checkCall(scope: Scope, { name, args, at }: CallNode): void {
  const call = CALLS[name];
  if (call === undefined) {
    fail(at, `there is no system call "${name}" here; there is ${Object.keys(CALLS).join(', ')}`);
  }
  if (scope.place === 'setup' && !call.inSetup) fail(at, `${name} may wait or start something: not in a setup`);
  if (call.starts !== null && scope.place === 'handler') fail(at, `a handler may not call ${name}`);
  if (call.starts !== null && scope.inLoop) fail(at, `${name} may not stand in a loop: each program starts once`);
  const least = call.params.filter(({ optional }) => !optional).length;
  const most = call.params.length;
  if (args.length < least || args.length > most) {
    const wanted = least === most ? String(most) : `${least} to ${most}`;
    fail(at, `${signatureOf(name, call)} takes ${wanted} arguments, not ${args.length}`);
  }
  for (const [number, arg] of args.entries()) checkArgument(scope, name, call.params[number] as Param, arg);
  if (name === 'sigaction') checkInfoUse(scope.test, args);
  if (name === 'dup2') for (const arg of args) checkDescriptor(arg);
}

/** The tables of the model are smaller than those of the real kernel. */
function checkDescriptor(arg: Argument): void {
  if (arg.kind !== 'value' || arg.value.kind !== 'number' || arg.value.value < NR_OPEN_DEFAULT) return;
  fail(arg.at, `expected a descriptor below ${NR_OPEN_DEFAULT}: a process has no more in the model`);
}

/** A handler that looks at its siginfo must be installed to get one. */
function checkInfoUse(test: Litmus, args: readonly Argument[]): void {
  const [, action, flags] = args;
  if (action?.kind !== 'value' || action.value.kind !== 'name') return;
  const { name } = action.value;
  const handler = test.handlers.find((other) => other.name === name);
  if (handler === undefined || !usesInfo(handler)) return;
  const asked = flags?.kind === 'value' && namesIn(flags.value).some(({ name: flag }) => flag === 'SA_SIGINFO');
  if (!asked) fail(action.at, `handler ${name} looks at its info: install it with SA_SIGINFO`);
}

function usesInfo({ body }: HandlerNode): boolean {
  return [...statementsIn(body)].some((statement) =>
    expressionsOf(statement).some((value) => namesIn(value).some(({ name }) => name.startsWith('info.'))),
  );
}

function expressionsOf(statement: Statement): Expression[] {
  if (statement.kind === 'assign') return [statement.value];
  if (statement.kind !== 'call') return [statement.condition];
  return statement.call.args.flatMap((arg) => (arg.kind === 'value' ? [arg.value] : []));
}

export function signatureOf(name: string, { params }: Call): string {
  const list = params.map(({ name: param, optional }) => (optional ? `[${param}]` : param));
  return `${name}(${list.join(', ')})`;
}

const WANTED: Readonly<Record<Param['kind'], string>> = {
  value: 'a number',
  set: 'a set of signals, like {SIGUSR1}',
  time: 'a time, like 20us',
  action: 'a handler, SIG_DFL or SIG_IGN',
  status: '& and a register',
  info: '& and a register',
  program: 'a program',
};

function checkArgument(scope: Scope, call: string, { name, kind }: Param, arg: Argument): void {
  if (!fits(scope.test, kind, arg)) fail(arg.at, `expected ${WANTED[kind]} as ${name} of ${call}`);
  if (arg.kind === 'set') checkSet(arg.signals);
  if (arg.kind !== 'value' || kind !== 'value') return;
  checkExpression(scope, arg.value);
  checkLoads(scope, arg.value, 0);
}

function fits(test: Litmus, kind: Param['kind'], arg: Argument): boolean {
  const named = arg.kind === 'value' && arg.value.kind === 'name' ? arg.value.name : null;
  switch (kind) {
    case 'value':
    case 'set':
    case 'time':
      return arg.kind === kind;
    case 'status':
    case 'info':
      return arg.kind === 'out' && !arg.register.includes('.');
    case 'action':
      return named === 'SIG_DFL' || named === 'SIG_IGN' || test.handlers.some((handler) => handler.name === named);
    case 'program':
      return test.blocks.some((block) => block.name === named && block.kind === 'program');
  }
}

function checkSet(signals: readonly Expression[]): void {
  for (const signal of signals) {
    const name = namesIn(signal)[0]?.name ?? '';
    if (!/^SIG[A-Z]/.test(name)) fail(signal.at, 'expected a signal in the set, like SIGUSR1 or SIGRTMIN + 1');
    checkConstant(signal);
  }
}

/** An expression of numbers and constants only. */
function checkConstant(value: Expression): void {
  for (const { name, at } of namesIn(value)) if (!CONSTANTS.has(name)) fail(at, `"${name}" is no constant`);
}

export function namesIn(value: Expression): Extract<Expression, { kind: 'name' }>[] {
  if (value.kind === 'name') return [value];
  if (value.kind === 'unary') return namesIn(value.operand);
  return value.kind === 'binary' ? [...namesIn(value.left), ...namesIn(value.right)] : [];
}

/** What is loaded from memory, and when, must be plain to see: an assignment or a condition loads one cell, a call none. */
function checkLoads({ test }: Scope, value: Expression, most: number): void {
  const loads = namesIn(value).filter(({ name }) => test.cells.some((cell) => cell.name === name));
  const over = loads[most];
  if (over === undefined) return;
  fail(over.at, `expected at most ${most} cells here: load "${over.name}" into a register in a statement of its own`);
}

function checkExpression({ test, registers, place }: Scope, value: Expression): void {
  for (const { name, at } of namesIn(value)) {
    const known = [...test.cells].some((other) => other.name === name) || registers.has(name) || CONSTANTS.has(name);
    if (known || isPipeEnd(test, name)) continue;
    const block = test.blocks.find((other) => other.name === name);
    if (block?.kind === 'program') {
      fail(at, `the pid of program ${name} is not known before it starts: use the register that got it`);
    }
    if (block !== undefined) continue;
    const ofHandler = name === 'sig' || INFO_FIELDS[name.replace(/^info\./, '')] !== undefined;
    if (place === 'handler' && ofHandler) continue;
    fail(at, `"${name}" is no constant, cell or process, and no register that is given a value here`);
  }
}

export function isPipeEnd({ pipes }: Litmus, name: string): boolean {
  const [pipe, end] = name.split('.');
  return (end === 'read' || end === 'write') && pipes.some((other) => other.name === pipe);
}

/** Each program is started, and by one statement, unless it is an image: that runs in its caller's place. */
function checkStarts(test: Litmus): void {
  const started = new Map<string, string[]>();
  const reached = test.blocks.filter(({ kind }) => kind !== 'program');
  for (const block of reached) {
    for (const { program, how } of startsIn(block)) {
      started.set(program, [...(started.get(program) ?? []), how]);
      const next = test.blocks.find(({ name }) => name === program);
      if (next !== undefined && !reached.includes(next)) reached.push(next);
    }
  }
  for (const { kind, name, at } of test.blocks) {
    if (kind !== 'program') continue;
    const ways = started.get(name) ?? [];
    if (ways.length === 0) fail(at, `nobody starts program ${name}`);
    if (ways.length > 1 && ways.some((how) => how !== 'image')) {
      fail(at, `program ${name} is started by ${ways.length} statements; its registers are those of one task`);
    }
  }
}

function isImage(test: Litmus, name: string): boolean {
  return test.blocks.flatMap(startsIn).some(({ program, how }) => how === 'image' && program === name);
}

function checkItem(test: Litmus, layout: Layout, item: Item): void {
  if (item.kind === 'cell') {
    if (test.cells.some(({ name }) => name === item.name)) return;
    const known = [...test.cells.map(({ name }) => name)].join(', ') || 'none';
    fail(item.at, `there is no cell "${item.name}" (there is: ${known}); a register is written BLOCK:register`);
  }
  const number = blockNumber(test, item.block);
  if (number < 0) fail(item.at, `there is no process, thread or program "${item.block}"`);
  if (item.kind !== 'register' && isImage(test, item.block)) {
    fail(item.at, `${item.block} is what a process executes: look at ${item.kind} of the process`);
  }
  if (item.kind === 'register' && !layout.registers[number]?.has(item.register)) {
    const known = [...(layout.registers[number]?.keys() ?? [])].join(', ') || 'none';
    fail(item.at, `${itemText(item)} is never given a value (registers of ${item.block}: ${known})`);
  }
}

function checkCondition(test: Litmus, layout: Layout, condition: Condition): void {
  if (condition.kind === 'not') checkCondition(test, layout, condition.of);
  else if (condition.kind === 'and' || condition.kind === 'or') {
    checkCondition(test, layout, condition.left);
    checkCondition(test, layout, condition.right);
  } else if (condition.kind === 'in') {
    checkItem(test, layout, condition.item);
    if (condition.item.kind !== 'pending') fail(condition.item.at, 'expected pending(BLOCK) after "in"');
    checkSet([condition.signal]);
  } else if (condition.kind === 'equal') {
    checkItem(test, layout, condition.item);
    checkLiteral(test, layout, condition.literal);
  }
}

function checkLiteral(test: Litmus, layout: Layout, literal: Literal): void {
  if (literal.kind === 'item') checkItem(test, layout, literal.item);
  else if (literal.kind === 'set') checkSet(literal.signals);
  else if (literal.kind === 'status') checkConstant(literal.value);
  else if (literal.kind === 'value' && !isTaskName(test, literal.value)) checkConstant(literal.value);
}

function isTaskName(test: Litmus, value: Expression): boolean {
  return value.kind === 'name' && (value.name === 'init' || test.blocks.some(({ name }) => name === value.name));
}
