/**
 * The rules of the gate, checked on the syntax tree: a scheduling point stands only where the caller yields if it must,
 * and a coroutine is only ever delegated to. Forgetting either is no type error: the operation would be taken for done.
 */

import ts from 'typescript';
import type { SourceFile } from './source.js';

/** Calls that may have to let another CPU go first. */
const POINTS = new Set([
  'point',
  'READ_ONCE',
  'rcu_assign_pointer',
  'rcu_dereference',
  'rcu_dereference_check',
  'WRITE_ONCE',
  'xchg',
  'cmpxchg',
  'atomic_add_return',
  'smp_cond_load_acquire',
  'spin_lock',
  'spin_lock_irq',
  'spin_lock_irqsave',
  'read_lock',
  'write_lock_irq',
  'list_add_tail_rcu',
  'list_del_rcu',
  'list_replace_rcu',
  'attach_pid',
  'credToCheck',
  'dump_interrupted',
  'fcheck_files',
  'fd_install',
  'find_pid_ns',
  'find_vpid',
  'pid_task',
  'prepare_exit_to_usermode',
  'transfer_pid',
  '__task_cred',
  'set_current_state',
  'switch_to',
]);

export function isPoint(name: string): boolean {
  return POINTS.has(name) || /^hlist_\w+_rcu$/.test(name);
}

/** Names of the functions that return coroutines: on a CPU's kernel, and on what programs see of it. */
export interface CoroutineNames {
  readonly kernel: ReadonlySet<string>;
  readonly sys: ReadonlySet<string>;
}

function parse({ path, text }: SourceFile): ts.SourceFile {
  return ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
}

function returnsCoroutine(type: ts.TypeNode | undefined): boolean {
  return type !== undefined && ts.isTypeReferenceNode(type) && type.typeName.getText() === 'Coroutine';
}

/** Collects them: generators and functions declared to return a coroutine, in object literals and in `Sys`. */
export function coroutineNames(sources: readonly SourceFile[]): CoroutineNames {
  const kernel = new Set<string>();
  const sys = new Set<string>();
  const visit = (node: ts.Node, inSys: boolean): void => {
    const names = inSys ? sys : kernel;
    const isMethod =
      (ts.isMethodDeclaration(node) && ts.isObjectLiteralExpression(node.parent)) ||
      (ts.isMethodSignature(node) && inSys);
    if (isMethod && ts.isIdentifier(node.name)) {
      const isGenerator = ts.isMethodDeclaration(node) && node.asteriskToken !== undefined;
      if (isGenerator || returnsCoroutine(node.type)) names.add(node.name.text);
    }
    ts.forEachChild(node, (child) => visit(child, inSys));
  };
  for (const source of sources) visit(parse(source), source.path.startsWith('src/kernel/sys/'));
  return { kernel, sys };
}

/** The name that a call calls, and on what: `this.spin_lock(lock)` is `spin_lock` on `this`. */
function calledBy(call: ts.CallExpression): { readonly name: string; readonly on: string } | null {
  const { expression } = call;
  if (ts.isIdentifier(expression)) return { name: expression.text, on: '' };
  if (!ts.isPropertyAccessExpression(expression)) return null;
  return { name: expression.name.text, on: expression.expression.getText() };
}

/** Whether a statement is `yield;` and nothing more. */
function isBareYield(statement: ts.Statement): boolean {
  if (!ts.isExpressionStatement(statement) || !ts.isYieldExpression(statement.expression)) return false;
  const { asteriskToken, expression } = statement.expression;
  return asteriskToken === undefined && expression === undefined;
}

function isWholeCondition(call: ts.CallExpression): boolean {
  const { parent } = call;
  return (
    ts.isIfStatement(parent) &&
    parent.expression === call &&
    isBareYield(parent.thenStatement) &&
    parent.elseStatement === undefined
  );
}

type FunctionNode = ts.MethodDeclaration | ts.FunctionDeclaration | ts.FunctionExpression | ts.ArrowFunction;

function isFunction(node: ts.Node): node is FunctionNode {
  return (
    ts.isMethodDeclaration(node) ||
    ts.isFunctionDeclaration(node) ||
    ts.isFunctionExpression(node) ||
    ts.isArrowFunction(node)
  );
}

function enclosingFunction(node: ts.Node): FunctionNode | null {
  for (let at: ts.Node | undefined = node.parent; at !== undefined; at = at.parent) if (isFunction(at)) return at;
  return null;
}

/** The function that gives its caller the value of an expression, or null if the value goes elsewhere. */
function returnedBy(value: ts.Node): FunctionNode | null {
  const { parent } = value;
  if (ts.isArrowFunction(parent) && parent.body === value) return parent;
  return ts.isReturnStatement(parent) ? enclosingFunction(parent) : null;
}

function nameOf(node: FunctionNode): string {
  return node.name?.getText() ?? '';
}

/** A choice between coroutines stands for the one that is chosen. */
function outermostChoice(call: ts.CallExpression): ts.Node {
  let node: ts.Node = call;
  for (;;) {
    const { parent } = node;
    const isBranch = ts.isConditionalExpression(parent) && parent.condition !== node;
    if (!isBranch && !ts.isParenthesizedExpression(parent)) return node;
    node = parent;
  }
}

/** Whoever takes a coroutine to run it: the machine for a task, and the boot, which runs one to its end at once. */
const RUNNERS = ['this.replaceCoroutine', 'run'];

function isDelegated(call: ts.CallExpression): boolean {
  const node = outermostChoice(call);
  const { parent } = node;
  if (ts.isCallExpression(parent)) return RUNNERS.includes(parent.expression.getText());
  if (ts.isYieldExpression(parent)) return parent.asteriskToken !== undefined;
  const returner = returnedBy(node);
  if (returner === null) return false;
  // A generator's return value is nobody's to run.
  if (returner.asteriskToken !== undefined) return false;
  // Without a type of its own a function returns what it returns: the coroutine.
  return returner.type === undefined || returnsCoroutine(returner.type);
}

/** What breaks the rules in a file, a sentence each. */
export function gateMistakes(source: SourceFile, names: CoroutineNames): string[] {
  const file = parse(source);
  const mistakes: string[] = [];
  const report = (node: ts.Node, what: string): void => {
    const { line } = file.getLineAndCharacterOfPosition(node.getStart(file));
    mistakes.push(`${source.path}:${line + 1}: ${what}`);
  };
  const check = (call: ts.CallExpression): void => {
    const called = calledBy(call);
    if (called === null) return;
    const { name, on } = called;
    if (isPoint(name)) {
      const returner = returnedBy(call);
      const passedOn = returner !== null && returner.asteriskToken === undefined && isPoint(nameOf(returner));
      if (!passedOn && !isWholeCondition(call)) report(call, `${name} is a scheduling point: if (…) yield;`);
      return;
    }
    const coroutines = on === 'sys' ? names.sys : names.kernel;
    if (on !== '' && coroutines.has(name) && !isDelegated(call)) report(call, `${name} is a coroutine: yield* …`);
  };
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node)) check(node);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return mistakes;
}

/** How many calls a file has that the rules are about. */
export function gatedCalls(source: SourceFile, names: CoroutineNames): number {
  let calls = 0;
  const visit = (node: ts.Node): void => {
    const called = ts.isCallExpression(node) ? calledBy(node) : null;
    if (called !== null) {
      const coroutines = called.on === 'sys' ? names.sys : names.kernel;
      if (isPoint(called.name) || (called.on !== '' && coroutines.has(called.name))) calls++;
    }
    ts.forEachChild(node, visit);
  };
  visit(parse(source));
  return calls;
}
