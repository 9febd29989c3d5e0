/**
 * Struct layouts, declared once, as data.
 *
 * The arena is an array of 32-bit words. An address is a word index, so a pointer fits a small integer and a field
 * is `base + offset`. The types keep a `Ptr<'task_struct'>` apart from a `Ptr<'sighand_struct'>`, and a field of one
 * struct from a field of another.
 */

declare const pointee: unique symbol;
declare const owner: unique symbol;
declare const content: unique symbol;

/** The address (word index) of an object of struct `S`; 0 is NULL. */
export type Ptr<S extends string> = number & { readonly [pointee]: S };

/** The offset of a field of struct `S` that holds a value of type `V`. */
export type Field<S extends string, V> = number & { readonly [owner]: S; readonly [content]: V };

/** What a field holds when it is a struct itself and not a word. Such a field has an address and no value. */
export interface Embedded<S extends string> {
  readonly embedded: S;
}

/** The null pointer, assignable to every pointer type. */
export const NULL = 0 as Ptr<never>;

/** A field's type: how many words it takes, and what they are. */
export interface FieldType<V> {
  readonly words: number;
  /** `int`, or the name of the embedded struct, or `*name` for a pointer. */
  readonly kind: string;
  readonly value?: V;
}

export interface FieldInfo {
  readonly name: string;
  readonly offset: number;
  readonly words: number;
  readonly kind: string;
}

/** What is known of a struct at run time: used by the arena, by reports and by pretty-printers. */
export interface StructInfo {
  readonly name: string;
  readonly words: number;
  readonly fields: readonly FieldInfo[];
}

/** A declared struct: its run-time description under `$`, and the offset of each field under its name. */
export type Struct<S extends string, F> = { readonly $: StructInfo & { readonly name: S } } & {
  readonly [K in keyof F]: F[K] extends FieldType<infer V> ? Field<S, V> : never;
};

/** A 32-bit integer. */
export const int: FieldType<number> = { words: 1, kind: 'int' };

/** A pointer to a struct. */
export function ptr<T extends string>(target: T): FieldType<Ptr<T>> {
  return { words: 1, kind: `*${target}` };
}

/** A struct inside a struct, or `count` of them in a row. */
export function embed<S extends string>(name: S, words: number, count = 1): FieldType<Embedded<S>> {
  return { words: words * count, kind: name };
}

/** Every struct declared, by name: what is embedded in another is found here when an address is to be named. */
const declared = new Map<string, StructInfo>();

/**
 * Declares a struct.
 *
 * @param name the struct's name, as the kernel spells it
 * @param fields the fields in order
 * @returns the offsets by name, and the description under `$`
 * @example
 * const point = struct('point', { x: int, y: int, next: ptr('point') });
 * point.y; // 1
 * point.$.words; // 3
 */
export function struct<S extends string, F extends Record<string, FieldType<unknown>>>(
  name: S,
  fields: F,
): Struct<S, F> {
  const infos: FieldInfo[] = [];
  const offsets: Record<string, unknown> = {};
  let offset = 0;
  for (const [field, type] of Object.entries(fields)) {
    infos.push({ name: field, offset, words: type.words, kind: type.kind });
    offsets[field] = offset;
    offset += type.words;
  }
  const info: StructInfo = { name, words: offset, fields: infos };
  offsets.$ = info;
  declared.set(name, info);
  // A copy: the engine keeps an object that grew by computed names as a hash table, and a copy as a record.
  return { ...offsets } as Struct<S, F>;
}

/** The address of a struct inside the object at `p` (`&p->field`). */
export function addr<S extends string, E extends string>(p: Ptr<S>, field: Field<S, Embedded<E>>): Ptr<E> {
  return (p + field) as Ptr<E>;
}

/** The object that an embedded struct belongs to (`container_of`). */
export function container_of<S extends string, E extends string>(p: Ptr<E>, field: Field<S, Embedded<E>>): Ptr<S> {
  return (p - field) as Ptr<S>;
}

/** The `index`-th word of a field that is several integers in a row. */
export function nth<S extends string, V>(field: Field<S, V>, index: number): Field<S, V> {
  return (field + index) as Field<S, V>;
}

/** The field at an offset of a struct, down into the structs embedded in it. */
export interface FieldPath {
  /** `pending.signal.lo`, `pid_links[1].next`, `slots[7]`. */
  readonly name: string;
  /** The kind of the word itself: `int`, or `*name` for a pointer. */
  readonly kind: string;
}

/** Finds the field at an offset of a struct. The only word of an embedded struct goes by the name of the whole. */
export function fieldAt(info: StructInfo, offset: number): FieldPath {
  const field = info.fields.find(
    (candidate) => offset >= candidate.offset && offset < candidate.offset + candidate.words,
  );
  if (field === undefined) return { name: `+${offset}`, kind: 'int' };
  const inner = declared.get(field.kind);
  const size = inner?.words ?? 1;
  const inside = offset - field.offset;
  const index = field.words > size ? `[${Math.floor(inside / size)}]` : '';
  const name = `${field.name}${index}`;
  if (inner === undefined) return { name, kind: field.kind };
  const path = fieldAt(inner, inside % size);
  return inner.words === 1 ? { name, kind: path.kind } : { name: `${name}.${path.name}`, kind: path.kind };
}

/** The offsets of all words of a kind in a struct, down into the structs embedded in it. */
export function offsetsOf(info: StructInfo, kind: string): number[] {
  const offsets: number[] = [];
  for (const field of info.fields) {
    const inner = declared.get(field.kind);
    const within = inner === undefined ? (field.kind === kind ? [0] : []) : offsetsOf(inner, kind);
    const size = inner?.words ?? 1;
    for (let at = 0; at < field.words; at += size) offsets.push(...within.map((offset) => field.offset + at + offset));
  }
  return offsets;
}

/** `struct list_head`: a node of a circular doubly linked list, or its head. */
export const list_head = struct('list_head', { next: ptr('list_head'), prev: ptr('list_head') });
/** `struct hlist_head`: the head of a list with a single pointer. */
export const hlist_head = struct('hlist_head', { first: ptr('hlist_node') });
/** `struct hlist_node`: `pprev` is the address of the word that points here. */
export const hlist_node = struct('hlist_node', { next: ptr('hlist_node'), pprev: int });

export const listHead = embed('list_head', list_head.$.words);
export const hlistHead = embed('hlist_head', hlist_head.$.words);
export const hlistNode = embed('hlist_node', hlist_node.$.words);
