/**
 * Whether two values have the same structure. Objects are compared key by key and must have the same
 * prototype (none counts as `Object.prototype`); `NaN` equals itself and `0` equals `-0`; a key that
 * holds `undefined` is not the same as no key; a function equals only itself.
 *
 * @example
 * ```ts
 * import { assert, assertFalse, equal } from "@std/assert";
 *
 * assert(equal(new Map([["a", [1, NaN]]]), new Map([["a", [1, NaN]]])));
 * assertFalse(equal({ a: undefined }, {}));
 * ```
 */
export function equal(a: unknown, b: unknown): boolean {
  return compare(a, b, new Assumptions());
}

function compare(a: unknown, b: unknown, assumed: Assumptions): boolean {
  if (a === b || Object.is(a, b)) return true;
  if (!is_object(a) || !is_object(b)) return false;
  if (a instanceof Date && b instanceof Date) {
    return Object.is(a.getTime(), b.getTime());
  }
  if (prototype_of(a) !== prototype_of(b)) return false;
  const as_leaf = compare_leaf(a, b, assumed);
  if (as_leaf !== undefined) return as_leaf;

  if (assumed.has(a, b)) return true;
  const before = assumed.count;
  assumed.add(a, b);
  const result = compare_contents(a, b, assumed);
  if (!result) assumed.forget_since(before);
  return result;
}

/** Compares two objects of one kind that hold no members of their own, or gives `undefined`. */
function compare_leaf(
  a: object,
  b: object,
  assumed: Assumptions,
): boolean | undefined {
  if (is_typed_array(a) && is_typed_array(b)) return same_items(a, b);
  if (is_buffer(a) && is_buffer(b)) {
    return same_items(new Uint8Array(a), new Uint8Array(b));
  }
  if (a instanceof WeakRef && b instanceof WeakRef) {
    return compare(a.deref(), b.deref(), assumed);
  }
  // To call two of these equal, unseen, would let a wrong test pass.
  if (a instanceof WeakMap || a instanceof WeakSet) {
    throw new TypeError(
      `Expected values that can be listed, but got a ${a.constructor.name}`,
    );
  }
}

/** Compares what two objects of the same prototype hold. */
function compare_contents(
  a: object,
  b: object,
  assumed: Assumptions,
): boolean {
  if (Object.keys(a).length !== Object.keys(b).length) return false;
  if (a instanceof Set && b instanceof Set) {
    return a.size === b.size &&
      [...a].every((item) => set_has(b, item, assumed));
  }
  if (a instanceof Map && b instanceof Map) {
    return a.size === b.size &&
      [...a].every(([key, value]) => map_has(b, key, value, assumed));
  }
  if (TEXTUAL.has(prototype_of(a))) return String(a) === String(b);
  return [...keys_of(a).union(keys_of(b))].every((key) =>
    key in a === key in b &&
    compare(Reflect.get(a, key), Reflect.get(b, key), assumed)
  );
}

/** A set finds a primitive by itself; an object has to be compared with every item. */
function set_has(
  set: Set<unknown>,
  item: unknown,
  assumed: Assumptions,
): boolean {
  if (!is_object(item)) return set.has(item);
  return set.has(item) || set.values().some((it) => compare(item, it, assumed));
}

function map_has(
  map: Map<unknown, unknown>,
  key: unknown,
  value: unknown,
  assumed: Assumptions,
): boolean {
  if (!is_object(key)) {
    return map.has(key) && compare(value, map.get(key), assumed);
  }
  return map.entries().some(([other_key, other_value]) =>
    compare(key, other_key, assumed) && compare(value, other_value, assumed)
  );
}

/**
 * Pairs of objects that are under comparison or were found equal. They count as equal where they
 * turn up again, which is what ends a cycle.
 */
class Assumptions {
  #partners = new Map<object, Set<object>>();
  #pairs: [object, object][] = [];

  get count(): number {
    return this.#pairs.length;
  }

  has(a: object, b: object): boolean {
    return this.#partners.get(a)?.has(b) ?? false;
  }

  add(a: object, b: object): void {
    const partners = this.#partners.get(a) ?? new Set();
    this.#partners.set(a, partners.add(b));
    this.#pairs.push([a, b]);
  }

  /** When a pair turns out to differ, so may all those that were found equal on its account. */
  forget_since(count: number): void {
    for (const [a, b] of this.#pairs.splice(count)) {
      this.#partners.get(a)?.delete(b);
    }
  }
}

/** Classes whose text says all there is: their state is in no key. */
const TEXTUAL = new Set<object>(
  [RegExp, URL, URLSearchParams].map((it) => it.prototype),
);

/** The keys that count: a plain object's own enumerable ones, else all up the prototype chain. */
function keys_of(value: object): Set<PropertyKey> {
  const prototype = prototype_of(value);
  if (prototype === Object.prototype || prototype === Array.prototype) {
    return new Set(
      Reflect.ownKeys(value).filter((key) =>
        Object.prototype.propertyIsEnumerable.call(value, key)
      ),
    );
  }
  // An instance may show its state through its class's getters alone.
  const keys = new Set<PropertyKey>();
  let level: object = value;
  while (level !== Object.prototype && level !== Array.prototype) {
    for (const key of Reflect.ownKeys(level)) keys.add(key);
    level = prototype_of(level);
  }
  return keys;
}

function is_object(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function prototype_of(value: object): object {
  return Object.getPrototypeOf(value) ?? Object.prototype;
}

function is_typed_array(
  value: object,
): value is ArrayLike<number | bigint> & object {
  return ArrayBuffer.isView(value) && !(value instanceof DataView);
}

function is_buffer(value: object): value is ArrayBuffer | SharedArrayBuffer {
  return value instanceof ArrayBuffer || value instanceof SharedArrayBuffer;
}

function same_items(
  a: ArrayLike<number | bigint>,
  b: ArrayLike<number | bigint>,
): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) {
    if (a[i] !== b[i] && !Object.is(a[i], b[i])) return false;
  }
  return true;
}
