import { describe, expect, test } from 'vitest';
import { killVsExec } from '../../scenarios/kill-vs-exec.js';
import { kernelModel } from '../../src/kernel/model.js';
import { Arena } from '../../src/memory/arena.js';
import { addr, container_of, hlist_head, hlist_node, list_head, type Ptr } from '../../src/memory/layout.js';
import { LIST_POISON2 } from '../../src/sync/rculist.js';
import {
  CALLBACK_FREE,
  item,
  makeItem,
  openCpu,
  runAll,
  type TinyCpu,
  type TinyProgram,
  tiny,
  violationOf,
} from '../support/tiny.js';

type Item = Ptr<'item'>;

const link = (entry: Item): Ptr<'list_head'> => addr(entry, item.link);
const node = (entry: Item): Ptr<'hlist_node'> => addr(entry, item.node);

/** The items 1 and 2 on the list, in this order, and on the hlist, in the other. The first is in `slot`. */
function fill(k: TinyCpu): void {
  const [first, second] = [makeItem(k, 1), makeItem(k, 2)];
  for (const entry of [first, second]) {
    k.list_add_tail(link(entry), k.field('items'));
    k.hlist_add_head(node(entry), k.field('table'));
  }
  k.set(k.tiny, tiny.slot, first);
}

/** Walks the list under RCU and writes down what it meets. */
const walkList: TinyProgram = function* (k) {
  const head = k.field('items');
  k.rcu_read_lock();
  if (k.READ_ONCE(head, list_head.next)) yield;
  while (k.value(list_head.next) !== head) {
    const entry = k.value(list_head.next);
    if (k.READ_ONCE(container_of(entry, item.link), item.value)) yield;
    k.record(k.value(item.value));
    if (k.READ_ONCE(entry, list_head.next)) yield;
  }
  k.rcu_read_unlock();
};

const walkTable: TinyProgram = function* (k) {
  k.rcu_read_lock();
  if (k.READ_ONCE(k.field('table'), hlist_head.first)) yield;
  while (k.value(hlist_head.first) !== 0) {
    const entry = k.value(hlist_head.first);
    if (k.READ_ONCE(container_of(entry, item.node), item.value)) yield;
    k.record(k.value(item.value));
    if (k.READ_ONCE(entry, hlist_node.next)) yield;
  }
  k.rcu_read_unlock();
};

const later = (k: TinyCpu, freed: Item): void => k.call_rcu(addr(freed, item.rcu), CALLBACK_FREE);
const first = (k: TinyCpu): Item => k.get(k.tiny, tiny.slot);

/** What readers can meet while a writer is at work, in all schedules. Fails where one is harmed. */
function met(walk: TinyProgram, change: TinyProgram): Set<string> {
  const { found, outcomes, exhausted } = runAll(
    { programs: [walk, change], setup: fill, outcome: ({ log }) => log.join() },
    { maxSteps: 200 },
  );
  expect(found).toBeNull();
  expect(exhausted).toBe(true);
  return new Set(Object.keys(outcomes));
}

describe('a reader of a list meets it before or after the change, and nothing else', () => {
  test('when an entry is added at the tail', () => {
    expect(
      met(walkList, function* (k) {
        if (k.list_add_tail_rcu(link(makeItem(k, 3)), k.field('items'))) yield;
      }),
    ).toEqual(new Set(['1,2', '1,2,3']));
  });

  test('when an entry is removed, and freed after a grace period', () => {
    expect(
      met(walkList, function* (k) {
        const gone = first(k);
        if (k.list_del_rcu(link(gone))) yield;
        later(k, gone);
      }),
    ).toEqual(new Set(['1,2', '2']));
  });

  test('when an entry is replaced, and freed after a grace period', () => {
    expect(
      met(walkList, function* (k) {
        const gone = first(k);
        if (k.list_replace_rcu(link(gone), link(makeItem(k, 3)))) yield;
        later(k, gone);
      }),
    ).toEqual(new Set(['1,2', '3,2']));
  });
});

describe('a reader of an hlist meets it before or after the change, and nothing else', () => {
  test('when a node is added at the head', () => {
    expect(
      met(walkTable, function* (k) {
        if (k.hlist_add_head_rcu(node(makeItem(k, 3)), k.field('table'))) yield;
      }),
    ).toEqual(new Set(['2,1', '3,2,1']));
  });

  test('when a node is removed, and freed after a grace period', () => {
    expect(
      met(walkTable, function* (k) {
        const gone = first(k);
        if (k.hlist_del_rcu(node(gone))) yield;
        later(k, gone);
      }),
    ).toEqual(new Set(['2,1', '2']));
  });

  test('when a node is replaced, and freed after a grace period', () => {
    expect(
      met(walkTable, function* (k) {
        const gone = first(k);
        if (k.hlist_replace_rcu(node(gone), node(makeItem(k, 3)))) yield;
        later(k, gone);
      }),
    ).toEqual(new Set(['2,1', '2,3']));
  });
});

describe('a reader is harmed', () => {
  test('where an entry is freed at once', () => {
    const { found } = runAll({
      setup: fill,
      programs: [
        walkList,
        function* (k) {
          const gone = first(k);
          if (k.list_del_rcu(link(gone))) yield;
          k.kmem_cache_free(k.items, gone);
        },
      ],
    });
    expect(found?.violation).toMatchObject({ kind: 'use-after-free', cpu: 0 });
  });

  test('where an entry is removed without _rcu and leads to itself: it walks for ever', () => {
    // The stores of list_del_init are no scheduling points: the mark before them is where the writer comes in.
    const { found } = runAll(
      {
        setup: fill,
        programs: [
          function* (k) {
            const head = k.field('items');
            if (k.READ_ONCE(head, list_head.next)) yield;
            while (k.value(list_head.next) !== head) if (k.READ_ONCE(k.value(list_head.next), list_head.next)) yield;
          },
          function* (k) {
            if (k.WRITE_ONCE(k.tiny, tiny.ready, 1)) yield;
            k.list_del_init(link(first(k)));
          },
        ],
      },
      { maxSteps: 200 },
    );
    expect(found?.violation.kind).toBe('livelock');
  });
});

describe('the list itself, once the change is made', () => {
  function values(k: TinyCpu, word: 'next' | 'prev'): number[] {
    const met: number[] = [];
    const head = k.field('items');
    for (let at = k.get(head, list_head[word]); at !== head; at = k.get(at, list_head[word])) {
      met.push(k.get(container_of(at, item.link), item.value));
    }
    return met;
  }

  test('is whole in both directions', () => {
    const k = openCpu();
    fill(k);
    const [third, fourth] = [makeItem(k, 3), makeItem(k, 4)];
    k.list_add_tail_rcu(link(third), k.field('items'));
    k.list_replace_rcu(link(third), link(fourth));
    expect([values(k, 'next'), values(k, 'prev')]).toEqual([
      [1, 2, 4],
      [4, 2, 1],
    ]);
    k.list_del_rcu(link(first(k)));
    expect([values(k, 'next'), values(k, 'prev')]).toEqual([
      [2, 4],
      [4, 2],
    ]);
  });

  test('has a node that knows the word that points to it, for an hlist', () => {
    const k = openCpu();
    fill(k);
    const third = makeItem(k, 3);
    k.hlist_add_head_rcu(node(third), k.field('table'));
    const fourth = makeItem(k, 4);
    k.hlist_replace_rcu(node(third), node(fourth));
    let word: number = k.field('table');
    const met: number[] = [];
    for (let at = k.get(k.field('table'), hlist_head.first); at !== 0; at = k.get(at, hlist_node.next)) {
      expect(k.get(at, hlist_node.pprev)).toBe(word);
      word = at + hlist_node.next;
      met.push(k.get(container_of(at, item.node), item.value));
    }
    expect(met).toEqual([4, 2, 1]);
  });

  test('no longer knows what was before a removed entry', () => {
    const k = openCpu();
    fill(k);
    const gone = first(k);
    k.list_del_rcu(link(gone));
    expect(k.get(link(gone), list_head.prev)).toBe(LIST_POISON2);
    expect(k.get(link(gone), list_head.next)).not.toBe(LIST_POISON2);
    k.hlist_del_rcu(node(gone));
    expect(k.get(node(gone), hlist_node.pprev)).toBe(LIST_POISON2);
  });

  test('is harmed by a second removal, and that is reported', () => {
    const k = openCpu();
    fill(k);
    k.list_del_rcu(link(first(k)));
    expect(violationOf(() => k.list_del_rcu(link(first(k)))).message).toContain('KASAN');
  });
});

// It is slots[18] of the idr: removing an entry twice overwrites the pid of that number, and the checker is silent.
test('the poison of a removed entry is the address of nothing in an arena of the kernel', () => {
  const { spec } = new Arena(kernelModel(killVsExec).arena);
  expect(new Arena(spec).objectAt(LIST_POISON2)).toBeNull();
});
