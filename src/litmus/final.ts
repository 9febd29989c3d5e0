/** What is looked at when an execution has ended: the outcome, item by item. */

import { findTasks } from '../kernel/inspect.js';
import { readResults } from '../kernel/model.js';
import { user_memory } from '../kernel/structs.js';
import type { Arena } from '../memory/arena.js';
import type { Item } from './ast.js';
import { blockNumber, slotOf } from './layout.js';
import { type Lowered, pidResult, resultName } from './lower.js';
import { STATE_ALIVE, STATE_GONE, STATE_STOPPED, setText, statusText, valueText } from './words.js';

/** An outcome: the value of each item, in words. */
export type Outcome = readonly string[];

/** Reads the outcome of an execution from its arena. */
export function outcomeOf(lowered: Lowered, arena: Arena): Outcome {
  const { test, layout, scenario, pids, initPid } = lowered;
  const results = readResults(arena, scenario);
  const tasks = findTasks(arena);
  const pidOf = (block: string): number =>
    pids[blockNumber(test, block)] || (results[pidResult(block)] ?? unreported());
  const pidName = (pid: number): string | null => {
    if (pid === initPid()) return 'init';
    const known = test.blocks.find(
      ({ name, kind }) => (kind !== 'program' || pidResult(name) in results) && pidOf(name) === pid,
    );
    return known?.name ?? null;
  };
  /** Of a task that was killed before it said its pid, after its parent was: the one that nobody else has. */
  function unreported(): number {
    const known = [
      ...pids,
      ...Object.entries(results).flatMap(([name, value]) => (name.endsWith(':pid') ? [value] : [])),
    ];
    return tasks.find(({ pid }) => pid > initPid() && !known.includes(pid))?.pid ?? 0;
  }
  const cells = arena.static(user_memory) + user_memory.cells;
  const taskOf = (block: string) => tasks.find(({ pid }) => pid === pidOf(block));
  return layout.items.map((item: Item) => {
    switch (item.kind) {
      case 'register': {
        const value = results[resultName(item.block, item.register)] ?? null;
        const { kind } = slotOf(test, layout, item.block, item.register);
        return value === null ? 'unset' : valueText(kind, value, pidName);
      }
      case 'cell':
        return String(arena.words[cells + test.cells.findIndex(({ name }) => name === item.name)]);
      case 'state': {
        const task = taskOf(item.block);
        if (task === undefined) return statusText(STATE_GONE);
        if (task.state === 'dead') return statusText(task.exitCode);
        return statusText(task.state === 'stopped' ? STATE_STOPPED : STATE_ALIVE);
      }
      case 'pending': {
        const task = taskOf(item.block);
        return task === undefined || task.state === 'dead' ? '{}' : setText(task.pending.lo, task.pending.hi);
      }
    }
  });
}
