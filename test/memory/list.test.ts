import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addr, container_of, hlist_head, hlist_node, list_head, type Ptr } from '../../src/memory/layout.js';
import { item, openCpu, type TinyCpu, tiny } from '../support/tiny.js';

type Item = Ptr<'item'>;
type Head = Ptr<'list_head'>;

const ITEMS = 6;

/** A CPU, its items with the numbers 0 to 5, and two list heads: one of the model, and one in an item of its own. */
function lists() {
  const k = openCpu({ items: ITEMS + 1 });
  const items = Array.from({ length: ITEMS + 1 }, (_, number) => {
    const made = k.kmem_cache_zalloc<'item'>(k.items);
    k.set(made, item.value, number);
    k.INIT_LIST_HEAD(addr(made, item.link));
    return made;
  });
  const spare = items.pop() as Item;
  const heads = [k.field('items'), addr(spare, item.link)] as const;
  return { k, items, heads };
}

/** The numbers of the items on a list, read in both directions. */
function forth(k: TinyCpu, head: Head): number[] {
  const numbers: number[] = [];
  for (let node = k.get(head, list_head.next); node !== head; node = k.get(node, list_head.next)) {
    numbers.push(k.get(container_of(node, item.link), item.value));
    if (numbers.length > ITEMS) throw new Error(`the list does not come back to its head: ${numbers}`);
  }
  return numbers;
}

function back(k: TinyCpu, head: Head): number[] {
  const numbers: number[] = [];
  for (let node = k.get(head, list_head.prev); node !== head; node = k.get(node, list_head.prev)) {
    numbers.unshift(k.get(container_of(node, item.link), item.value));
    if (numbers.length > ITEMS) throw new Error(`the list does not come back to its head: ${numbers}`);
  }
  return numbers;
}

/** The numbers of the items on an hlist; fails where a node does not know the word that points to it. */
function hashed(k: TinyCpu, head: Ptr<'hlist_head'>): number[] {
  const numbers: number[] = [];
  let word: number = head + hlist_head.first;
  for (let node = k.get(head, hlist_head.first); node !== 0; node = k.get(node, hlist_node.next)) {
    expect(k.get(node, hlist_node.pprev)).toBe(word);
    word = node + hlist_node.next;
    numbers.push(k.get(container_of(node, item.node), item.value));
    if (numbers.length > ITEMS) throw new Error(`the hlist has no end: ${numbers}`);
  }
  return numbers;
}

describe('a list', () => {
  test('is empty when it is made', () => {
    const { k, heads } = lists();
    expect(heads.map((head) => k.list_empty(head))).toEqual([true, true]);
  });

  test('is a stack where entries are added after the head, and a queue where before', () => {
    const { k, items, heads } = lists();
    for (const entry of items) k.list_add(addr(entry, item.link), heads[0]);
    for (const entry of items) k.list_del_init(addr(entry, item.link));
    for (const entry of items) k.list_add(addr(entry, item.link), heads[0]);
    expect(forth(k, heads[0])).toEqual([5, 4, 3, 2, 1, 0]);
    for (const entry of items) {
      k.list_del_init(addr(entry, item.link));
      k.list_add_tail(addr(entry, item.link), heads[1]);
    }
    expect(forth(k, heads[1])).toEqual([0, 1, 2, 3, 4, 5]);
    expect(k.list_empty(heads[0])).toBe(true);
  });

  test('gives the entry after another, and NULL at its end', () => {
    const { k, items, heads } = lists();
    const [first, second] = items as [Item, Item];
    expect(k.list_next_entry(heads[0], heads[0], item.link)).toBe(0);
    k.list_add_tail(addr(first, item.link), heads[0]);
    k.list_add_tail(addr(second, item.link), heads[0]);
    expect(k.list_next_entry(heads[0], heads[0], item.link)).toBe(first);
    expect(k.list_next_entry(addr(first, item.link), heads[0], item.link)).toBe(second);
    expect(k.list_next_entry(addr(second, item.link), heads[0], item.link)).toBe(0);
  });

  test('no longer leads to an entry removed without init, which still leads to its neighbours', () => {
    const { k, items, heads } = lists();
    for (const entry of items) k.list_add_tail(addr(entry, item.link), heads[0]);
    const removed = addr(items[2] as Item, item.link);
    k.__list_del_entry(removed);
    expect(forth(k, heads[0])).toEqual([0, 1, 3, 4, 5]);
    expect(k.get(removed, list_head.next)).toBe(addr(items[3] as Item, item.link));
  });

  test('agrees with two arrays, whatever is done to it', () => {
    const step = fc.record({
      op: fc.constantFrom('add', 'add_tail', 'del', 'replace', 'splice'),
      entry: fc.nat(ITEMS - 1),
      other: fc.nat(ITEMS - 1),
      list: fc.nat(1),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { k, items, heads } = lists();
        const model: [number[], number[]] = [[], []];
        const node = (number: number): Head => addr(items[number] as Item, item.link);
        const listOf = (number: number): number[] | undefined => model.find((list) => list.includes(number));
        for (const { op, entry, other, list } of steps) {
          const head = heads[list] as Head;
          const mine = model[list] as number[];
          const where = listOf(entry);
          if (op === 'add' && where === undefined) {
            k.list_add(node(entry), head);
            mine.unshift(entry);
          } else if (op === 'add_tail' && where === undefined) {
            k.list_add_tail(node(entry), head);
            mine.push(entry);
          } else if (op === 'del' && where !== undefined) {
            k.list_del_init(node(entry));
            where.splice(where.indexOf(entry), 1);
            expect(k.list_empty(node(entry))).toBe(true);
          } else if (op === 'replace' && where !== undefined && listOf(other) === undefined) {
            k.list_replace_init(node(entry), node(other));
            where[where.indexOf(entry)] = other;
            expect(k.list_empty(node(entry))).toBe(true);
          } else if (op === 'splice') {
            const from = heads[1 - list] as Head;
            k.list_splice_tail_init(from, head);
            mine.push(...(model[1 - list] as number[]).splice(0));
            expect(k.list_empty(from)).toBe(true);
          }
          for (const each of [0, 1] as const) {
            expect(forth(k, heads[each])).toEqual(model[each]);
            expect(back(k, heads[each])).toEqual(model[each]);
            expect(k.list_empty(heads[each])).toBe(model[each].length === 0);
          }
        }
      }),
    );
  });
});

describe('an hlist', () => {
  test('is empty when it is zero, and its nodes are unhashed', () => {
    const { k, items } = lists();
    expect(k.hlist_empty(k.field('table'))).toBe(true);
    expect(k.hlist_unhashed(addr(items[0] as Item, item.node))).toBe(true);
  });

  test('leaves a node alone that is not on it when it is to be removed', () => {
    const { k, items } = lists();
    const [on, off] = items.map((entry) => addr(entry, item.node)) as [Ptr<'hlist_node'>, Ptr<'hlist_node'>];
    k.hlist_add_head(on, k.field('table'));
    k.hlist_del_init(off);
    expect(hashed(k, k.field('table'))).toEqual([0]);
  });

  test('agrees with an array, whatever is done to it', () => {
    const step = fc.record({ add: fc.boolean(), entry: fc.nat(ITEMS - 1) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { k, items } = lists();
        const head = addr(k.tiny, tiny.table);
        const model: number[] = [];
        for (const { add, entry } of steps) {
          const node = addr(items[entry] as Item, item.node);
          if (add && !model.includes(entry)) {
            k.hlist_add_head(node, head);
            model.unshift(entry);
          } else if (!add && model.includes(entry)) {
            k.hlist_del_init(node);
            model.splice(model.indexOf(entry), 1);
          }
          expect(hashed(k, head)).toEqual(model);
          expect(k.hlist_empty(head)).toBe(model.length === 0);
          expect(k.hlist_unhashed(node)).toBe(!model.includes(entry));
        }
      }),
    );
  });
});
