import { describe, expect, it } from 'vitest';
import { coroutineNames, gatedCalls, gateMistakes } from '../support/gate-check.js';
import { sourcesIn } from '../support/source.js';

const SOURCES = sourcesIn('src/kernel', 'src/sync', 'src/patches', 'scenarios');
const NAMES = coroutineNames(SOURCES);

/** The mistakes in the body of a generator of kernel code. */
function mistakesIn(body: string): string[] {
  const text = `export const f = {\n  *g(this: Kernel, lock: Lock): Coroutine<number> {\n    ${body}\n  },\n};\n`;
  return gateMistakes({ path: 'src/kernel/x.ts', text }, NAMES);
}

/** The mistakes in a function of a table, given whole. */
function mistakesOf(method: string): string[] {
  return gateMistakes({ path: 'src/kernel/x.ts', text: `export const f = {\n  ${method},\n};\n` }, NAMES);
}

describe('kernel code', () => {
  it('yields at every scheduling point and delegates to every coroutine', () => {
    expect(SOURCES.flatMap((source) => gateMistakes(source, NAMES))).toEqual([]);
  });

  it('was looked at: it has many of both', () => {
    expect(SOURCES.reduce((calls, source) => calls + gatedCalls(source, NAMES), 0)).toBeGreaterThan(200);
    for (const name of ['schedule', 'do_exit', 'try_to_wake_up', 'wake_up_process', 'start_program', 'mutex_unlock']) {
      expect(NAMES.kernel).toContain(name);
    }
    for (const name of ['kill', 'wait4', 'load', 'stay']) expect(NAMES.sys).toContain(name);
    for (const name of ['load', 'check', 'result']) expect(NAMES.kernel).not.toContain(name);
  });
});

describe('a scheduling point', () => {
  it.each([
    ['whose answer is dropped', 'this.spin_lock(lock);'],
    ['whose answer is kept for later', 'const must = this.spin_lock(lock); if (must) yield;'],
    ['that is a part of a condition', 'if (ready && this.spin_lock(lock)) yield;'],
    ['that is negated', 'if (!this.spin_lock(lock)) yield;'],
    ['after which something else is done than to yield', 'if (this.spin_lock(lock)) return 1;'],
    ['after which the yield stands in a block with more', 'if (this.spin_lock(lock)) { this.count(1); yield; }'],
    ['with another way out', 'if (this.spin_lock(lock)) yield; else this.count(1);'],
    ['after which a value is yielded', 'if (this.spin_lock(lock)) yield 1;'],
    ['after which a coroutine is delegated to', 'if (this.spin_lock(lock)) yield* this.schedule();'],
    ['that is delegated to', 'yield* this.spin_lock(lock);'],
    ['in a loop', 'while (this.spin_lock(lock)) yield;'],
    ['on another name for the CPU', 'k.READ_ONCE(lock, f.g);'],
    ['that is a list operation', 'this.hlist_add_head_rcu(node, head);'],
    ['that is the gate itself', 'this.point(OP_READ, lock, 0, 0);'],
    ['that a generator returns', 'return this.READ_ONCE(lock, f.g);'],
  ])('is reported: %s', (_, body) => {
    expect(mistakesIn(body)).toHaveLength(1);
  });

  it('is reported with file and line', () => {
    expect(mistakesIn('this.spin_lock(lock);')).toEqual([
      'src/kernel/x.ts:3: spin_lock is a scheduling point: if (…) yield;',
    ]);
  });

  it('is reported in a function that passes it on and is no scheduling point itself', () => {
    expect(mistakesOf('helper(this: Kernel): boolean { return this.READ_ONCE(p, f.g); }')).toHaveLength(1);
    expect(mistakesOf('__task_cred(this: Kernel): boolean { return !this.READ_ONCE(p, f.g); }')).toHaveLength(1);
  });

  it.each([
    'if (this.spin_lock(lock)) yield;',
    'if (k.point(OP_READ, lock, 0, 0)) yield;',
    'for (;;) if (this.cmpxchg(lock, f.owner, NULL, this.current)) yield;',
  ])('is right as the whole condition before a yield: %s', (body) => {
    expect(mistakesIn(body)).toEqual([]);
  });

  it('is right as what another scheduling point returns', () => {
    expect(mistakesOf('__task_cred(this: Kernel): boolean { return this.READ_ONCE(p, f.g); }')).toEqual([]);
  });
});

describe('a coroutine', () => {
  it.each([
    ['that nobody runs', 'this.schedule();'],
    ['that is yielded and not delegated to', 'yield this.schedule();'],
    ['whose value is taken without running it', 'const woken = this.try_to_wake_up(p, 1);'],
    ['that a condition takes for its value', 'if (this.try_to_wake_up(p, 1)) return 0;'],
    ['that another generator returns', 'return this.schedule();'],
    ['that is handed to somebody', 'queue.push(this.schedule());'],
    ['of a plain function', 'this.wake_up_process(p);'],
    ['of a program', 'sys.kill(101, SIGTERM);'],
    ['that is one of two', 'const c = p ? this.schedule() : null;'],
  ])('is reported: %s', (_, body) => {
    expect(mistakesIn(body)).toHaveLength(1);
  });

  it('is reported where a plain function returns it as something else', () => {
    expect(mistakesOf('f(this: Kernel): boolean { return this.try_to_wake_up(p, 1); }')).toHaveLength(1);
    expect(mistakesOf('f(this: Kernel): void { this.schedule(); }')).toHaveLength(1);
  });

  it.each([
    'yield* this.schedule();',
    'const woken = yield* this.try_to_wake_up(p, 1);',
    'return yield* this.try_to_wake_up(p, 1);',
    'yield* (p ? this.schedule() : this.cpu_idle());',
    'const error = yield* sys.kill(101, SIGTERM);',
    'const word = this.load(address); sys.result(name, word);',
  ])('is right where it is delegated to: %s', (body) => {
    expect(mistakesIn(body)).toEqual([]);
  });

  it('is right where it is handed to what runs it', () => {
    expect(mistakesIn('this.replaceCoroutine(task, this.start_program(true));')).toEqual([]);
    expect(mistakesIn('const number = run(k, k.alloc_pid(ns));')).toEqual([]);
  });

  it('is right where a plain function returns it as a coroutine', () => {
    const plain = 'f(this: Kernel, p: Task): Coroutine<boolean> { return this.try_to_wake_up(p, TASK_NORMAL); }';
    expect(mistakesOf(plain)).toEqual([]);
    expect(mistakesOf('f: (p) => k.try_to_wake_up(p, TASK_NORMAL)')).toEqual([]);
  });
});
