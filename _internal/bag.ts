/** An unordered collection of what is added and removed with every request. */

/** An item of a bag; it can be in one bag only. */
export interface Bagged {
  /** Its index in the bag, maintained by the bag. */
  place: number;
}

/**
 * A collection of objects with fast insertion and removal.
 *
 * Used instead of a `Set`: V8 moves the content of a `Set` to a new table from time to time, and the old table still
 * holds its content, and points to the next. A busy `Set` so becomes a chain of tables, and a table in the old
 * generation keeps alive everything that was ever in those after it, until a full mark of the heap.
 */
export class Bag<Item extends Bagged> implements Iterable<Item> {
  #items: Item[] = [];

  get size(): number {
    return this.#items.length;
  }

  add(item: Item): void {
    item.place = this.#items.length;
    this.#items.push(item);
  }

  /** Removes an item; returns whether it was in the bag. */
  delete(item: Item): boolean {
    const { place } = item;
    if (this.#items[place] !== item) return false;
    const last = this.#items.pop()!;
    if (last !== item) {
      this.#items[place] = last;
      last.place = place;
    }
    return true;
  }

  /** Returns an item that `is_it` returns true for; undefined if there is none. */
  find(is_it: (item: Item) => boolean): Item | undefined {
    return this.#items.find(is_it);
  }

  clear(): void {
    this.#items = [];
  }

  /** Iterates over a snapshot of the items. */
  [Symbol.iterator](): Iterator<Item> {
    return this.#items.slice().values();
  }
}
