/** Models of one's own: shared variables, locks and threads, for every strategy and checker of the explorer. */

import { types } from 'node:util';
import type { FlatCpu } from '../machine/controlled-cpu.js';
import type { Model } from '../machine/model.js';
import { MAX_CPUS } from '../machine/movers.js';
import { embed, type FieldType, NULL, struct } from '../memory/layout.js';
import { type Cpu, cpu_data } from '../sync/cpu.js';
import { type Coroutine, OP_AWAIT, OP_AWAIT_ABOVE, RW_WRITER, Violation } from '../sync/gate.js';
import { EVENT_NAMES, type Kind, type Told, tellEvent, tellOperation, tellValue, type Word } from './tell.js';
import {
  type Barrier,
  type Cell,
  type Condition,
  type Mutex,
  type Plain,
  RCU_WORDS,
  type Rcu,
  type RwLock,
  type Semaphore,
  Thread,
  type ThreadBody,
  type ThreadRef,
} from './thread.js';

/**
 * A model is declared wrongly.
 *
 * @example
 * try {
 *   defineModel('no-threads', (m) => void m.cell('count'));
 * } catch (error) {
 *   if (error instanceof ModelError) console.log(error.message); // no-threads has no threads
 * }
 */
export class ModelError extends Error {
  override readonly name = 'ModelError';
}

/** What is left when all threads have ended. */
export interface End {
  /** A variable's value. */
  value(variable: Cell | Plain): number;
  /** Makes the end a violation if the condition does not hold. */
  assert(condition: boolean, message: string): void;
}

/** Declares what a model consists of. Called once; it must not keep anything that threads change. */
export interface ModelBuilder {
  /** A shared 32-bit integer with atomic operations. */
  cell(name: string, initial?: number): Cell;
  /** Several in a row: `name[0]`, `name[1]`, … */
  cells(name: string, count: number, initial?: number): readonly Cell[];
  /** A shared 32-bit integer without: for what a lock protects. */
  plain(name: string, initial?: number): Plain;
  /** Several in a row. */
  plains(name: string, count: number, initial?: number): readonly Plain[];
  /** A lock that one thread has at a time. It is not recursive: one that takes it twice waits for itself. */
  mutex(name: string): Mutex;
  /** A lock that any number of readers have, or one writer. */
  rwlock(name: string): RwLock;
  /** A condition variable, to be waited for with a mutex. Nobody is woken for nothing. */
  condition(name: string): Condition;
  /** @param count what it begins with, 0 or more; 0 if not given */
  semaphore(name: string, count?: number): Semaphore;
  /** What is read in read-side sections, and freed after a grace period. */
  rcu(name: string): Rcu;
  /** @param parties how many must come before any goes on */
  barrier(name: string, parties: number): Barrier;
  /** A thread that runs from the beginning. */
  thread(name: string, body: ThreadBody): ThreadRef;
  /** A thread that another one starts. One that nobody starts does not count as stuck. */
  spawned(name: string, body: ThreadBody): ThreadRef;
  /** What must hold when all threads have ended. */
  finally(check: (end: End) => void): void;
  /** What an execution came to, in words: executions are counted by it. If not given: `ended`, or how it was violated. */
  outcome(describe: (end: Pick<End, 'value'>) => string): void;
}

interface Declared {
  readonly name: string;
  readonly body: ThreadBody;
  readonly spawned: boolean;
}

/** A thread's own words: whether it was started, and whether it has ended. */
const STARTED = 0;
const ENDED = 1;

interface ThreadCpu extends Cpu {
  face: Thread;
}

/**
 * Makes a model from a declaration.
 *
 * @param name what tokens and reports call it: letters, digits and hyphens
 * @param declare declares variables, locks and threads
 * @throws ModelError for a declaration that makes no model
 * @example
 * const counter = defineModel('counter', (m) => {
 *   const count = m.cell('count');
 *   for (const name of ['first', 'second']) {
 *     m.thread(name, function* (t) {
 *       const seen = yield t.load(count);
 *       yield t.store(count, seen + 1);
 *     });
 *   }
 *   m.finally((end) => end.assert(end.value(count) === 2, 'an increment was lost'));
 * });
 */
export function defineModel(name: string, declare: (m: ModelBuilder) => void): Model {
  if (!/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(name)) {
    throw new ModelError(`"${name}" cannot name a model: small letters, digits and single hyphens between them`);
  }
  const fields: Record<string, FieldType<unknown>> = {};
  const offsets: Record<string, number> = {};
  const initial: number[] = [];
  const shared: Word[] = [];
  const locks: number[] = [];
  const conditions = new Set<number>();
  const rcus: number[] = [];
  const threads: Declared[] = [];
  let check: ((end: End) => void) | null = null;
  let describeOutcome: ((end: Pick<End, 'value'>) => string) | null = null;
  let declaring = true;

  const at = (kind: Kind, field: string, words: readonly [string, number][]): number => {
    if (!declaring) throw new ModelError(`${field} is declared too late: a model is declared before it runs`);
    if (offsets[field] !== undefined) throw new ModelError(`${name} has two of the name "${field}"`);
    const offset = initial.length;
    offsets[field] = offset;
    fields[field] = embed('int', 1, words.length);
    words.forEach(([suffix, value], part) => {
      initial.push(integer(value, field));
      shared.push({ kind, of: field, part, name: `${field}${suffix}` });
    });
    return FIRST_WORD + offset;
  };
  const many = (kind: Kind, field: string, count: number, value: number): readonly number[] => {
    if (!Number.isInteger(count) || count < 1) throw new ModelError(`${field} cannot be ${count} variables in a row`);
    const base = at(
      kind,
      field,
      Array.from({ length: count }, (_, index) => [`[${index}]`, value] as [string, number]),
    );
    return Array.from({ length: count }, (_, index) => base + index);
  };
  const lock = (kind: 'mutex' | 'rwlock', field: string): number => {
    const word = at(kind, field, [['', 0]]);
    locks.push(word);
    return word;
  };
  const thread = (threadName: string, body: ThreadBody, spawned: boolean): ThreadRef => {
    if (typeof body !== 'function') throw new ModelError(`${threadName} needs a generator function, and not ${body}`);
    // Stacks call it so.
    if (body.name === '') Object.defineProperty(body, 'name', { value: threadName });
    if (threads.length === MAX_CPUS) throw new ModelError(`${name} has more than ${MAX_CPUS} threads`);
    const words = at('thread', threadName, [
      ['.started', spawned ? 0 : 1],
      ['.ended', 0],
    ]);
    threads.push({ name: threadName, body, spawned });
    return words as ThreadRef;
  };

  declare({
    cell: (field, value = 0) => at('cell', field, [['', value]]) as Cell,
    cells: (field, count, value = 0) => many('cell', field, count, value) as readonly Cell[],
    plain: (field, value = 0) => at('plain', field, [['', value]]) as Plain,
    plains: (field, count, value = 0) => many('plain', field, count, value) as readonly Plain[],
    mutex: (field) => lock('mutex', field) as Mutex,
    rwlock: (field) => lock('rwlock', field) as RwLock,
    condition(field) {
      const words = at('condition', field, [
        ['.came', 0],
        ['.woken', 0],
      ]);
      conditions.add(words);
      return words as Condition;
    },
    semaphore(field, count = 0) {
      if (count < 0) throw new ModelError(`${field} cannot begin with ${count}: a semaphore counts from 0`);
      return at('semaphore', field, [['', count]]) as Semaphore;
    },
    rcu(field) {
      const words = at(
        'rcu',
        field,
        RCU_WORDS.map((suffix) => [suffix, 0] as [string, number]),
      );
      rcus.push(words);
      return words as Rcu;
    },
    barrier(field, parties) {
      if (!Number.isInteger(parties) || parties < 1) throw new ModelError(`${field} cannot be for ${parties} threads`);
      return at('barrier', field, [
        ['.came', 0],
        ['.round', 0],
        ['.parties', parties],
      ]) as Barrier;
    },
    thread: (threadName, body) => thread(threadName, body, false),
    spawned: (threadName, body) => thread(threadName, body, true),
    finally(given) {
      check = plainFunction('finally', given);
    },
    outcome(given) {
      describeOutcome = plainFunction('outcome', given);
    },
  });
  declaring = false;
  if (threads.length === 0) throw new ModelError(`${name} has no threads`);

  const variables = struct(`${name} variables`, fields);
  const own = threads.map(({ name: threadName }) => FIRST_WORD + (offsets[threadName] as number));
  const spawned = threads.map((one) => one.spawned);
  const bodies = threads.map(({ body }) => body);
  const threadNames = threads.map((one) => one.name);
  const wordAt = (address: number): Word | undefined => shared[address - FIRST_WORD];
  const describe = (address: number): string => wordAt(address)?.name ?? `address ${address}`;
  const label = (id: number): string => `thread ${threadNames[id]}`;
  const told: Told = { wordAt, label };
  /** What the checks look at: each machine's words in turn. */
  let ended: Int32Array = new Int32Array(0);
  const end: End = {
    value: (variable) => ended[variable] as number,
    assert(condition, message) {
      if (!condition) throw new Violation('assertion', `assertion failed at the end: ${message}`, -1, 0);
    },
  };

  return {
    name,
    patches: [],
    cpus: threads.length,
    flat: true,
    arena: {
      statics: [
        { struct: variables.$, count: 1 },
        { struct: cpu_data.$, count: threads.length },
      ],
      caches: [],
    },
    functions: [],
    counters: [],
    eventNames: EVENT_NAMES,
    describeEvent: (_, event) => tellEvent(event, told),
    describeValue: (_, address, value) => tellValue(address, value, told),
    narrate(cpu, event) {
      const what = tellEvent(event, told);
      return what === null ? null : { who: label(cpu.id), what };
    },
    traceFields: (_, { event, address, value }) =>
      EVENT_NAMES[event] === undefined ? null : { variable: describe(address), value },
    traceText: (_, { variable, value }) => `${variable} = ${value}`,
    bind(cpu) {
      // On the CPU and not on its class, which so is that of every model.
      cpu.describe = describe;
      cpu.label = label;
      const { nameOperation } = Object.getPrototypeOf(cpu) as Cpu;
      cpu.nameOperation = (op, address) => tellOperation(op, address, told) ?? nameOperation.call(cpu, op, address);
      (cpu as ThreadCpu).face = new Thread(cpu as FlatCpu);
    },
    boot([first]) {
      initial.forEach((value, offset) => {
        first?.store(FIRST_WORD + offset, value);
      });
    },
    begin(cpu) {
      cpu.current = NULL;
      (cpu as ThreadCpu).face.forget();
      if (spawned[cpu.id] === true) {
        cpu.op = OP_AWAIT;
        cpu.opAddress = (own[cpu.id] as number) + STARTED;
        cpu.opA = 1;
      }
      const thread = (bodies[cpu.id] as ThreadBody)((cpu as ThreadCpu).face) as Coroutine<void> | undefined;
      if (typeof thread?.[Symbol.iterator] === 'function') return thread;
      throw new ModelError(`thread ${threadNames[cpu.id]} is no generator function: write function* (t) { … }`);
    },
    ended(cpu) {
      const { face } = cpu as ThreadCpu;
      if (face.forgotten !== null) (cpu as FlatCpu).misuse(`${face.forgotten} is called without yield*`);
      if (face.isReading) {
        const name = describe(face.readerCounts[0] as number).replace(/\.readers\[\d\]$/, '');
        cpu.violate('rcu-usage', `WARNING: ${label(cpu.id)} ends inside a read-side section of ${name}`);
      }
      cpu.atomicXchg((own[cpu.id] as number) + ENDED, 1);
    },
    sleep: {
      sleepers: (cpus) =>
        cpus
          .filter(({ op, opAddress }) => op === OP_AWAIT_ABOVE && conditions.has(opAddress - 1))
          .map(({ id, opAddress }) => ({
            cpu: id,
            task: 0,
            name: label(id),
            place: `in wait(${describe(opAddress).replace(/\.woken$/, '')})`,
            wakeWord: opAddress - 1,
            wokenWord: opAddress,
          })),
      wake(cpus, { cpu: id, wakeWord }) {
        const sleeper = cpus[id];
        // Those who came before it are woken with it.
        sleeper?.atomicXchg(wakeWord + 1, sleeper.opA + 1);
        return null;
      },
      // `signal` and `broadcast` look at who has come, and then at who was woken.
      foundNobody: (came, woken) => woken !== null && woken >= came,
    },
    resume() {
      throw new Error('a thread of a model is never switched away from');
    },
    stalledGracePeriod(cpus) {
      const waiting = cpus.find(
        ({ op, opAddress }) => op === OP_AWAIT && rcus.some((rcu) => opAddress === rcu + 2 || opAddress === rcu + 3),
      );
      if (waiting === undefined) return null;
      const readers = cpus.filter((cpu) => (cpu as ThreadCpu).face.readerCounts.includes(waiting.opAddress));
      return {
        rcu: describe(waiting.opAddress).replace(/\.readers\[\d\]$/, ''),
        readers: readers.map(({ id }) => id),
        waiter: `${label(waiting.id)} waits for it in synchronizeRcu`,
        readerWord: waiting.opAddress,
      };
    },
    // One that nobody started waits for nothing.
    isAtRest: (cpu) => spawned[cpu.id] === true && cpu.opAddress === own[cpu.id],
    endOf(address) {
      const id = own.indexOf(address - ENDED);
      return id < 0 ? undefined : id;
    },
    outcome(arena, violation) {
      // One that did not end well has come to nothing else that is known here.
      if (describeOutcome === null) return violation?.kind ?? 'ended';
      ended = arena.words;
      try {
        return describeOutcome(end);
      } catch (error) {
        throw new ModelError(`the outcome of ${name} cannot be told: ${error}`, { cause: error });
      }
    },
    finish(cpus) {
      const [cpu] = cpus;
      if (cpu === undefined) return null;
      for (const one of locks) if (cpu.words[one] !== 0) return keptLock(cpus as readonly ThreadCpu[], one);
      if (check === null) return null;
      ended = cpu.words;
      try {
        check(end);
        return null;
      } catch (error) {
        if (error instanceof Violation) return error;
        const violation = new Violation('exception', `the check at the end threw ${error}`, -1, 0);
        if (error instanceof Error && error.stack !== undefined) violation.stack = error.stack;
        return violation;
      }
    },
  };
}

/** All threads have ended, and somebody has not given a lock back. */
function keptLock(cpus: readonly ThreadCpu[], lock: number): Violation | null {
  const reader = cpus.find(({ face }) => face.reads(lock));
  const owner = reader ?? cpus[((cpus[0]?.words[lock] as number) & ~RW_WRITER) - 1];
  if (owner === undefined) return null;
  const message = `${owner.label(owner.id)} ended, and has not released ${owner.describe(lock)}`;
  return new Violation('misuse', message, owner.id, 0);
}

/** The address of a model's first word: the first static of its arena lies behind the block that is never used. */
const FIRST_WORD = 16;

/** What looks at the end does so at once: the body of a generator would never run, and nobody waits for a promise. */
function plainFunction<F>(what: string, given: F): F {
  if (typeof given !== 'function' || types.isGeneratorFunction(given) || types.isAsyncFunction(given)) {
    throw new ModelError(`${what} needs a plain function, neither async nor a generator function`);
  }
  return given;
}

function integer(value: number, field: string): number {
  if (Number.isInteger(value) && value === (value | 0)) return value;
  throw new ModelError(`${field} cannot begin with ${value}: variables hold 32-bit integers`);
}
