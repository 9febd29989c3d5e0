/** A test as a scenario for the kernel's model: every process and thread on a CPU of its own. */

import { CLONE_NEWPID, SIG_DFL, SIG_IGN } from '../kernel/constants.js';
import type { Handler, Program, Scenario } from '../kernel/scenario.js';
import type { Setup, SetupTask } from '../kernel/setup.js';
import { EMPTY_MASK, type SigMask, sigmask } from '../kernel/sigset.js';
import type { Siginfo, Sys } from '../kernel/sys.js';
import type { Coroutine } from '../sync/gate.js';
import type { Argument, Block, CallNode, Expression, Litmus, Statement } from './ast.js';
import { CALLS, timespecOf, type Values } from './calls.js';
import { LitmusError } from './error.js';
import { blockNumber, type Layout, layoutOf, startsIn } from './layout.js';
import { CONSTANTS } from './words.js';

/** A loop goes round so often at most. */
const MOST_TURNS = 10_000;

/** The user that a process runs as if it does not say. */
export const DEFAULT_UID = 1000;

/** A test, ready to run. */
export interface Lowered {
  readonly test: Litmus;
  readonly layout: Layout;
  readonly scenario: Scenario;
  /** The pids of what is there before the race, by block; 0 for programs. Known once a machine was made. */
  readonly pids: readonly number[];
  /** The pid of init, which is the parent of all. */
  readonly initPid: () => number;
}

/** The name under which a block's task reports a register. */
export function resultName(block: string, register: string): string {
  return `${block}:${register}`;
}

/** The name under which a program's pid is reported. */
export function pidResult(block: string): string {
  return `${block}:pid`;
}

/** Where statements run. */
interface Frame {
  readonly sys: Sys;
  readonly block: Block;
  readonly sig: number;
  readonly info: Siginfo | null;
}

/**
 * Makes a test's scenario.
 *
 * @param test as `parseLitmus` gives it
 */
export function lower(test: Litmus): Lowered {
  const layout = layoutOf(test);
  const pids = test.blocks.map(() => 0);
  let init = 0;
  const cells = new Map(test.cells.map(({ name }, number) => [name, number]));
  /** Images run on the CPU of who executes them. */
  const cpus = new Map<string, number>();
  const images = new Set(
    test.blocks.flatMap(startsIn).flatMap(({ program, how }) => (how === 'image' ? [program] : [])),
  );
  for (const { name } of test.blocks) if (!images.has(name)) cpus.set(name, cpus.size);

  function* evaluate(frame: Frame, value: Expression): Coroutine<number> {
    switch (value.kind) {
      case 'number':
        return value.value | 0;
      case 'name':
        return yield* evaluateName(frame, value.name);
      case 'unary': {
        const operand = yield* evaluate(frame, value.operand);
        if (value.operator === '-') return -operand | 0;
        return value.operator === '!' ? Number(operand === 0) : ~operand;
      }
      case 'binary': {
        const left = yield* evaluate(frame, value.left);
        // As in C, what decides alone spares the other side.
        if (value.operator === '&&' && left === 0) return 0;
        if (value.operator === '||' && left !== 0) return 1;
        return binary(value.operator, left, yield* evaluate(frame, value.right));
      }
    }
  }

  function* evaluateName({ sys, block, sig, info }: Frame, name: string): Coroutine<number> {
    const cell = cells.get(name);
    if (cell !== undefined) return yield* sys.load(cell);
    const constant = CONSTANTS.get(name);
    if (constant !== undefined) return constant | 0;
    if (layout.registers[blockNumber(test, block.name)]?.has(name)) {
      return sys.reported(resultName(block.name, name)) ?? 0;
    }
    const task = blockNumber(test, name);
    if (task >= 0) return pids[task] as number;
    const [pipe = '', end] = name.split('.');
    const pipeNumber = test.pipes.findIndex((other) => other.name === pipe);
    if (pipeNumber >= 0) return 2 * pipeNumber + (end === 'write' ? 1 : 0);
    if (name === 'sig') return sig;
    const fields: Readonly<Record<string, number>> = { ...info };
    return fields[name.replace(/^info\./, '')] ?? 0;
  }

  function* maskOf(frame: Frame, signals: readonly Expression[]): Coroutine<SigMask> {
    const numbers: number[] = [];
    for (const signal of signals) numbers.push(yield* evaluate(frame, signal));
    return sigmask(...numbers);
  }

  function* perform(frame: Frame, { name, args }: CallNode): Coroutine<number> {
    const call = CALLS[name];
    if (call === undefined) throw new Error(`there is no call ${name}`);
    const numbers: number[] = [];
    const masks: SigMask[] = [];
    for (const [at, arg] of args.entries()) {
      if (arg.kind === 'set') masks[at] = yield* maskOf(frame, arg.signals);
      else if (arg.kind === 'value' && call.params[at]?.kind === 'value')
        numbers[at] = yield* evaluate(frame, arg.value);
    }
    return yield* call.run(frame.sys, valuesFor(frame, args, numbers, masks));
  }

  function valuesFor(
    { sys, block }: Frame,
    args: readonly Argument[],
    numbers: readonly number[],
    masks: readonly SigMask[],
  ): Values {
    const nameAt = (at: number): string => {
      const arg = args[at];
      return arg?.kind === 'value' && arg.value.kind === 'name' ? arg.value.name : '';
    };
    return {
      number: (at) => numbers[at] ?? 0,
      mask: (at) => masks[at] ?? EMPTY_MASK,
      time(at) {
        const arg = args[at];
        return arg?.kind === 'time' ? timespecOf(arg.nanoseconds) : null;
      },
      action(at) {
        const name = nameAt(at);
        if (name === 'SIG_DFL') return SIG_DFL;
        return name === 'SIG_IGN' ? SIG_IGN : name;
      },
      start(at) {
        const name = nameAt(at);
        return [name, blockNumber(test, name), cpus.get(name) ?? 0];
      },
      put(at, value, field) {
        const arg = args[at];
        if (arg?.kind !== 'out') return;
        sys.result(resultName(block.name, field === undefined ? arg.register : `${arg.register}.${field}`), value);
      },
    };
  }

  function* run(frame: Frame, statements: readonly Statement[]): Coroutine<void> {
    const { sys } = frame;
    for (const statement of statements) {
      switch (statement.kind) {
        case 'call': {
          const result = yield* perform(frame, statement.call);
          const started = CALLS[statement.call.name]?.starts;
          if ((started === 'process' || started === 'thread') && result > 0) {
            const [program] = statement.call.args;
            if (program?.kind === 'value' && program.value.kind === 'name') {
              sys.result(pidResult(program.value.name), result);
            }
          }
          if (statement.target !== null) yield* assign(frame, statement.target, result);
          break;
        }
        case 'assign':
          yield* sys.step();
          yield* assign(frame, statement.target, yield* evaluate(frame, statement.value));
          break;
        case 'if':
          yield* run(frame, (yield* evaluate(frame, statement.condition)) !== 0 ? statement.then : statement.otherwise);
          break;
        case 'while':
          for (let turn = 0; (yield* evaluate(frame, statement.condition)) !== 0; turn++) {
            if (turn === MOST_TURNS)
              throw new LitmusError(`this loop has not ended after ${MOST_TURNS} turns`, statement.at);
            yield* sys.step();
            yield* run(frame, statement.body);
          }
      }
    }
  }

  function* assign({ sys, block }: Frame, target: string, value: number): Coroutine<void> {
    const cell = cells.get(target);
    if (cell !== undefined) yield* sys.store(cell, value);
    else sys.result(resultName(block.name, target), value);
  }

  const programOf = (block: Block): Program =>
    function* (sys) {
      const frame: Frame = { sys, block, sig: 0, info: null };
      if (block.kind === 'program' && cpus.has(block.name)) sys.result(pidResult(block.name), sys.tid);
      yield* run(frame, block.body);
      // Like the compiled test: it sleeps and takes signals. Somebody who runs is chosen for a signal where a sleeper may not be.
      for (;;) yield* sys.pause();
    };

  function setup(making: Setup): void {
    const setUp = (of: SetupTask, block: Block): void => {
      try {
        making.run(of, (sys) => run({ sys, block, sig: 0, info: null }, block.setup));
      } catch (error) {
        const why = error instanceof Error ? error.message.replace(/^scenario \S+: /, '') : String(error);
        throw new LitmusError(`the setup of ${block.name} cannot be done before the race: ${why}`, block.at);
      }
    };
    const tasks = new Map<string, SetupTask>();
    const parent = making.process(INIT, { cpu: 0, uid: 0, blocked: true, session: true, subreaper: true });
    init = parent.pid;
    if (test.pipes.length > 0) {
      making.run(parent, function* (sys) {
        for (let pipe = 0; pipe < test.pipes.length; pipe++) yield* sys.pipe([]);
      });
    }
    test.blocks.forEach((block, number) => {
      if (block.kind === 'program') return;
      const cpu = cpus.get(block.name) ?? 0;
      const owner = block.of === null ? parent : (tasks.get(block.of) as SetupTask);
      const task =
        block.kind === 'thread'
          ? making.thread(owner, block.name, { cpu, arg: number })
          : making.process(block.name, { cpu, arg: number, parent: owner, ...settingsOf(block, tasks) });
      tasks.set(block.name, task);
      pids[number] = task.pid;
    });
    if (test.pipes.length > 0) {
      making.run(parent, function* (sys) {
        for (let fd = 0; fd < 2 * test.pipes.length; fd++) yield* sys.close(fd);
      });
    }
    for (const [cell, { value }] of test.cells.entries()) making.cell(cell, value);
    for (const block of test.blocks) {
      const task = tasks.get(block.name);
      if (task !== undefined && block.setup.length > 0) setUp(task, block);
    }
  }

  const handlers: Record<string, Handler> = {};
  for (const { name, body } of test.handlers) {
    handlers[name] = function* (sys, sig, info) {
      // The argument of a task is the number of its block.
      yield* run({ sys, block: test.blocks[sys.arg] as Block, sig, info }, body);
    };
  }
  const results = test.blocks.flatMap(({ name, kind }, number) => [
    ...[...(layout.registers[number]?.keys() ?? [])].map((register) => resultName(name, register)),
    ...(kind === 'program' && cpus.has(name) ? [pidResult(name)] : []),
  ]);
  const scenario: Scenario = {
    name: test.name,
    subject: 'programs',
    title: test.question,
    story: test.question,
    cast: test.blocks.map(({ kind, name }) => `${kind} ${name}`),
    claim: `${test.quantifier} ${test.conditionText}`,
    watch: [],
    patches: [],
    learn: '',
    cpus: cpus.size,
    programs: {
      ...Object.fromEntries(test.blocks.map((block) => [block.name, programOf(block)])),
      *[INIT](sys: Sys) {
        yield* sys.pause();
      },
    },
    handlers,
    results,
    setup,
    outcome: () => '',
  };
  return { test, layout, scenario, pids, initPid: () => init };
}

/** The parent of all. It is there to be the parent, and waits for nobody. */
const INIT = 'init';

function settingsOf({ of, settings }: Block, tasks: ReadonlyMap<string, SetupTask>) {
  const { group, session, subreaper, container, uid } = settings;
  const leader = group === null ? undefined : tasks.get(group);
  // A process without a parent in the test is a job of its own.
  const own = leader === undefined && of === null && !session ? true : undefined;
  return {
    uid: uid ?? DEFAULT_UID,
    session,
    subreaper,
    ...(container ? { namespaces: CLONE_NEWPID } : {}),
    ...((leader ?? own) === undefined ? {} : { group: leader ?? (true as const) }),
  };
}

function binary(operator: string, left: number, right: number): number {
  switch (operator) {
    case '+':
      return (left + right) | 0;
    case '-':
      return (left - right) | 0;
    case '*':
      return Math.imul(left, right);
    case '|':
      return left | right;
    case '==':
      return Number(left === right);
    case '!=':
      return Number(left !== right);
    case '<':
      return Number(left < right);
    case '<=':
      return Number(left <= right);
    case '>':
      return Number(left > right);
    case '>=':
      return Number(left >= right);
    default:
      return Number(right !== 0);
  }
}
