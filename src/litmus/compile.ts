/** A test as a C program. It stands on `native/litmus.h`, and reads like the test. */

import type { Argument, Block, CallNode, Expression, Item, Litmus, Statement } from './ast.js';
import { CALLS, INFO_FIELDS } from './calls.js';
import { namesIn } from './check.js';
import { blockNumber, itemText, type Layout, layoutOf, slotOf, statementsIn } from './layout.js';
import { DEFAULT_UID } from './lower.js';
import { CONSTANTS } from './words.js';

/** Timers are given so much longer than the longest of the test. */
const SETTLE_MARGIN_NS = 10_000_000;
/** The runner makes short times at most four times as long. */
const LONGEST_STRETCH = 4;
const STRETCHED_BELOW_NS = 1_000_000;
const NSEC_PER_SEC = 1_000_000_000;
/** In one iteration of so many the processes have memories of their own, where it is not the same. */
const OWN_MEMORY_EVERY = 16;
/** Of an outcome: a set of signals, with a space. Names of tasks may be longer. */
const LONGEST_WORD = 18;
const SETS_USER = /^set(?:res|re)?uid$/;
const CORE_SIGNALS: ReadonlySet<string> = new Set(
  ['QUIT', 'ILL', 'TRAP', 'ABRT', 'IOT', 'BUS', 'FPE', 'SEGV', 'XCPU', 'XFSZ', 'SYS'].map((name) => `SIG${name}`),
);

/** Where a piece of C stands. */
interface Place {
  readonly test: Litmus;
  readonly registers: ReadonlySet<string>;
}

/**
 * Writes a test as C.
 *
 * @param test as `parseLitmus` gives it
 */
export function compileToC(test: Litmus): string {
  const layout = layoutOf(test);
  const registers = registerNames(layout);
  const place: Place = { test, registers: new Set(registers) };
  const functions = [
    ...test.handlers.map(({ name, body }) =>
      functionText(place, `handler_${name}(int sig, siginfo_t *info, void *at)`, body),
    ),
    ...test.blocks.flatMap(({ name, setup, body }) => [
      ...(setup.length > 0 ? [functionText(place, `setup_${name}(void)`, setup)] : []),
      functionText(place, `body_${name}(void)`, body),
    ]),
  ];
  return [
    `/* ${test.name}: ${test.question.replaceAll('*/', '* /')} (${test.page}) */`,
    `#define LT_TASKS ${test.blocks.length}`,
    `#define LT_REGISTERS ${registers.length}`,
    `#define LT_CELLS ${test.cells.length}`,
    `#define LT_PIPES ${test.pipes.length}`,
    `#define LT_LINE ${1 + layout.items.length * Math.max(LONGEST_WORD, ...test.blocks.map(({ name }) => name.length + 3))}`,
    `#define LT_NEEDS_ROOT ${Number(needsRoot(test))}`,
    `#define LT_NEEDS_NAMESPACE ${Number(needsNamespace(test))}`,
    `#define LT_SETTLE_NS ${settleTime(test)}LL`,
    `#define LT_PAUSE_NS ${pauseTime(test)}LL`,
    `#define LT_OWN_MEMORY ${memoryMatters(test) ? 1 : OWN_MEMORY_EVERY}`,
    '#include "litmus.h"',
    '',
    enumText(
      'T',
      test.blocks.map(({ name }) => name),
    ),
    enumText('R', registers),
    enumText(
      'C',
      test.cells.map(({ name }) => name),
    ),
    ...test.handlers.map(({ name }) => `static void handler_${name}(int sig, siginfo_t *info, void *at);`),
    '',
    ...functions,
    'static const struct lt_task lt_tasks[] = {',
    ...test.blocks.map((block) => `  ${taskText(test, block)},`),
    '};',
    '',
    'static void lt_cells(int *cell) {',
    ...test.cells.map(({ name, value }) => `  cell[C_${name}] = ${value};`),
    ...(test.cells.length === 0 ? ['  (void)cell;'] : []),
    '}',
    '',
    'static void lt_observe(char *line) {',
    ...layout.items.map((item) => `  line = ${showText(test, layout, item)}; /* ${itemText(item)} */`),
    '}',
    '',
  ].join('\n');
}

/** The test needs several users, so natively root. */
export function needsRoot(test: Litmus): boolean {
  const calls = allCalls(test);
  return (
    test.blocks.some(({ settings }) => settings.uid !== null || settings.container) ||
    calls.some(({ name }) => SETS_USER.test(name))
  );
}

/**
 * Processes that share their memory are told from others by two things only: before Linux 5.16 a core dump of one ends
 * all of them, and a tracer may not have one whose memory belonged to somebody else.
 */
function memoryMatters(test: Litmus): boolean {
  const calls = allCalls(test);
  const dumps = calls.some(({ args }) =>
    args.some((arg) => arg.kind === 'value' && namesIn(arg.value).some(({ name }) => CORE_SIGNALS.has(name))),
  );
  return dumps || (calls.some(({ name }) => name === 'ptrace') && calls.some(({ name }) => SETS_USER.test(name)));
}

function callsIn(blocks: readonly Pick<Block, 'setup' | 'body'>[]): CallNode[] {
  return blocks
    .flatMap(({ setup, body }) => [...statementsIn([...setup, ...body])])
    .flatMap((statement) => (statement.kind === 'call' ? [statement.call] : []));
}

function allCalls({ blocks, handlers }: Litmus): CallNode[] {
  return callsIn([...blocks, ...handlers.map(({ body }) => ({ setup: [], body }))]);
}

/** A pid that is not the name of a task, or of one with a minus, may mean everybody. */
function needsNamespace(test: Litmus): boolean {
  const plain = (value: Expression): boolean =>
    value.kind === 'name' ? blockNumber(test, value.name) >= 0 : value.kind === 'unary' && plain(value.operand);
  return allCalls(test).some(({ name, args: [pid] }) => {
    if (!['kill', 'killpg', 'sigqueue', 'tkill', 'tgkill', 'ptrace'].includes(name) || pid?.kind !== 'value')
      return false;
    return !plain(pid.value);
  });
}

/** Nanoseconds of the longest timer. */
function longestTime(test: Litmus): number {
  const times = allCalls(test).flatMap(({ name, args }) =>
    args.map((arg) => {
      if (arg.kind === 'time') return arg.nanoseconds * (arg.nanoseconds < STRETCHED_BELOW_NS ? LONGEST_STRETCH : 1);
      return name === 'alarm' && arg.kind === 'value' && arg.value.kind === 'number'
        ? arg.value.value * NSEC_PER_SEC
        : 0;
    }),
  );
  return Math.max(0, ...times);
}

/** Nanoseconds that timers and the ends of namespaces may take after everything rests. */
export function settleTime(test: Litmus): number {
  const longest = longestTime(test);
  // The last of a pid namespace is on its way for a while after it was seen.
  const lingers = test.blocks.some(({ settings }) => settings.container);
  return longest === 0 && !lingers ? 0 : longest + SETTLE_MARGIN_NS;
}

/** Nanoseconds after which a timer that is too long to be outrun by a delay has expired; 0 where there is none. */
function pauseTime(test: Litmus): number {
  const longest = longestTime(test);
  return longest < STRETCHED_BELOW_NS * LONGEST_STRETCH ? 0 : longest + SETTLE_MARGIN_NS / 2;
}

/** The registers of all blocks, each once. Those that an `info` fills stand together, in the order of the fields. */
function registerNames({ registers }: Layout): string[] {
  const names = new Set<string>();
  for (const slots of registers) {
    for (const name of slots.keys()) {
      const [base = '', field] = name.split('.');
      if (field === undefined) names.add(name);
      else for (const other of Object.keys(INFO_FIELDS)) names.add(`${base}.${other}`);
    }
  }
  return [...names];
}

function identifier(name: string): string {
  return name.replace('.', '_');
}

function enumText(prefix: string, names: readonly string[]): string {
  return names.length === 0 ? '' : `enum { ${names.map((name) => `${prefix}_${identifier(name)}`).join(', ')} };`;
}

function taskText(test: Litmus, { kind, name, of, settings, setup }: Block): string {
  const { group, session, subreaper, container, uid } = settings;
  const owner = of === null ? 'LT_INIT' : `T_${of}`;
  const own = of === null && kind === 'process' && !session;
  const groupText = group !== null ? `T_${group}` : own ? 'LT_OWN_GROUP' : 'LT_NO_GROUP';
  const ofProcess = test.blocks.find((block) => block.name === of);
  const user = (kind === 'thread' ? ofProcess?.settings.uid : uid) ?? DEFAULT_UID;
  const kinds = { process: 'LT_PROCESS', thread: 'LT_THREAD', program: 'LT_PROGRAM' };
  const setupText = setup.length > 0 ? `setup_${name}` : 'NULL';
  const flags = `${Number(session)}, ${Number(subreaper)}, ${Number(container)}, ${user}`;
  return `{"${name}", ${kinds[kind]}, ${owner}, ${groupText}, ${flags}, ${setupText}, body_${name}}`;
}

function showText(test: Litmus, layout: Layout, item: Item): string {
  if (item.kind === 'cell') return `lt_show_cell(line, C_${item.name})`;
  if (item.kind !== 'register') return `lt_show_${item.kind}(line, T_${item.block})`;
  const { kind } = slotOf(test, layout, item.block, item.register);
  const how = kind === 'pid' ? 'LT_PID' : 'LT_PLAIN';
  return `lt_show_register(line, T_${item.block}, R_${identifier(item.register)}, ${how})`;
}

function functionText(place: Place, head: string, body: readonly Statement[]): string {
  const unused = head.includes('siginfo_t') ? ['  (void)sig, (void)info, (void)at;'] : [];
  return [`static void ${head} {`, ...unused, ...linesOf(place, body, '  '), '}', ''].join('\n');
}

function linesOf(place: Place, statements: readonly Statement[], indent: string): string[] {
  return statements.flatMap((statement) => {
    switch (statement.kind) {
      case 'call': {
        const call = callText(place, statement.call);
        const { target } = statement;
        return [`${indent}lt_step();`, `${indent}${target === null ? call : assignText(place, target, call)};`];
      }
      case 'assign':
        return [
          `${indent}lt_step();`,
          `${indent}${assignText(place, statement.target, expressionText(place, statement.value))};`,
        ];
      case 'if': {
        const otherwise = statement.otherwise.length > 0;
        return [
          `${indent}lt_step();`,
          `${indent}if (${expressionText(place, statement.condition)}) {`,
          ...linesOf(place, statement.then, `${indent}  `),
          ...(otherwise ? [`${indent}} else {`, ...linesOf(place, statement.otherwise, `${indent}  `)] : []),
          `${indent}}`,
        ];
      }
      case 'while':
        return [
          `${indent}while (${expressionText(place, statement.condition)}) {`,
          ...linesOf(place, statement.body, `${indent}  `),
          `${indent}}`,
        ];
    }
  });
}

function assignText({ test }: Place, target: string, value: string): string {
  const isCell = test.cells.some(({ name }) => name === target);
  return isCell ? `lt_store(C_${target}, ${value})` : `lt_put(R_${identifier(target)}, ${value})`;
}

function callText(place: Place, { name, args }: CallNode): string {
  const params = CALLS[name]?.params ?? [];
  const texts = params.map(({ kind }, at) => {
    const arg = args[at];
    if (arg !== undefined) return argumentText(place, arg, kind);
    // What was left out: nowhere for a result, and otherwise nothing.
    return kind === 'status' || kind === 'info' ? '-1' : '0';
  });
  return `lt_${name}(${texts.join(', ')})`;
}

function argumentText(place: Place, arg: Argument, kind: string): string {
  switch (arg.kind) {
    case 'set':
      return arg.signals.length === 0
        ? '0'
        : arg.signals.map((sig) => `LT_SET(${expressionText(place, sig)})`).join(' | ');
    case 'time':
      return `lt_time(${arg.nanoseconds})`;
    case 'out':
      return kind === 'info' ? `R_${arg.register}_${Object.keys(INFO_FIELDS)[0]}` : `R_${arg.register}`;
    case 'value': {
      const name = arg.value.kind === 'name' ? arg.value.name : '';
      if (kind === 'program') return `T_${name}`;
      if (kind !== 'action') return expressionText(place, arg.value);
      return CONSTANTS.has(name) ? `(lt_handler)${name}` : `handler_${name}`;
    }
  }
}

function expressionText(place: Place, value: Expression): string {
  switch (value.kind) {
    case 'number':
      return String(value.value);
    case 'unary':
      return `${value.operator}(${expressionText(place, value.operand)})`;
    case 'binary':
      return `(${expressionText(place, value.left)} ${value.operator} ${expressionText(place, value.right)})`;
    case 'name':
      return nameText(place, value.name);
  }
}

function nameText({ test, registers }: Place, name: string): string {
  if (test.cells.some((cell) => cell.name === name)) return `lt_load(C_${name})`;
  if (CONSTANTS.has(name)) return name;
  if (registers.has(name)) return `lt_get(R_${identifier(name)})`;
  if (blockNumber(test, name) >= 0) return `lt_pid(T_${name})`;
  const [base = '', end] = name.split('.');
  const pipe = test.pipes.findIndex((other) => other.name === base);
  if (pipe >= 0) return `lt_fd(${pipe}, ${end === 'write' ? 1 : 0})`;
  if (name === 'sig') return 'sig';
  return end === 'si_value' ? 'info->si_int' : `(int)info->${end}`;
}
