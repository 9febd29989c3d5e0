import { describe, expect, test } from 'vitest';
import {
  addr,
  container_of,
  embed,
  fieldAt,
  hlist_head,
  hlistHead,
  int,
  listHead,
  NULL,
  nth,
  type Ptr,
  ptr,
  struct,
} from '../../src/memory/layout.js';

const inner = struct('inner_of_test', { left: int, right: ptr('outer_of_test') });
const outer = struct('outer_of_test', {
  first: int,
  one: embed('inner_of_test', inner.$.words),
  many: embed('inner_of_test', inner.$.words, 3),
  ints: embed('int', 1, 4),
  list: listHead,
  head: hlistHead,
});
const names = Array.from({ length: outer.$.words + 1 }, (_, offset) => fieldAt(outer.$, offset).name);

describe('a struct', () => {
  test('lays its fields out one after another, in the order declared', () => {
    expect([outer.first, outer.one, outer.many, outer.ints, outer.list, outer.head]).toEqual([0, 1, 3, 9, 13, 15]);
    expect(outer.$.words).toBe(16);
    expect(outer.$.fields.map((field) => field.name)).toEqual(['first', 'one', 'many', 'ints', 'list', 'head']);
  });

  test('knows its name, and what each field is', () => {
    expect(inner.$).toEqual({
      name: 'inner_of_test',
      words: 2,
      fields: [
        { name: 'left', offset: 0, words: 1, kind: 'int' },
        { name: 'right', offset: 1, words: 1, kind: '*outer_of_test' },
      ],
    });
  });

  test('without fields takes no room', () => {
    expect(struct('empty_of_test', {}).$.words).toBe(0);
  });
});

describe('addresses in an object', () => {
  const object = 160 as Ptr<'outer_of_test'>;

  test('of an embedded struct is that of the object and the offset', () => {
    expect(addr(object, outer.list)).toBe(173);
  });

  test('leads back to the object', () => {
    expect(container_of(addr(object, outer.list), outer.list)).toBe(object);
    expect(container_of(addr(object, outer.head), outer.head)).toBe(object);
  });

  test('of the words of a field in a row follow each other', () => {
    expect([nth(outer.ints, 0), nth(outer.ints, 3)]).toEqual([9, 12]);
  });

  test('NULL is zero', () => {
    expect(NULL).toBe(0);
  });
});

describe('the name of an offset', () => {
  test('is found for every word of a struct, down into what is embedded', () => {
    expect(names).toEqual([
      'first',
      'one.left',
      'one.right',
      'many[0].left',
      'many[0].right',
      'many[1].left',
      'many[1].right',
      'many[2].left',
      'many[2].right',
      'ints[0]',
      'ints[1]',
      'ints[2]',
      'ints[3]',
      'list.next',
      'list.prev',
      'head',
      '+16',
    ]);
  });

  test('comes with what the word is', () => {
    expect(fieldAt(outer.$, 4)).toEqual({ name: 'many[0].right', kind: '*outer_of_test' });
    expect(fieldAt(outer.$, 13)).toEqual({ name: 'list.next', kind: '*list_head' });
    expect(fieldAt(outer.$, 10).kind).toBe('int');
  });

  test('is that of the whole where the embedded struct has one word, with the kind of the word', () => {
    expect(hlist_head.$.words).toBe(1);
    expect(fieldAt(outer.$, 15)).toEqual({ name: 'head', kind: '*hlist_node' });
  });
});
