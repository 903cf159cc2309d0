/** What comes and goes with every request, in no order. */

/** What can be put into a bag; into one only. */
export interface Bagged {
  /** Where it is there; kept by the bag. */
  place: number;
}

/**
 * Some objects, one of which is taken out as fast as it was put in.
 *
 * In the place of a `Set`: that has its content moved to another table after a while, and in V8 the table before still
 * holds what it had, and points to the next. Where much comes and goes this makes a chain of tables, and one that has
 * grown old keeps alive all that has ever been in those behind it, until the whole heap is marked.
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

  /** Takes an item out; says whether it was there. */
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

  /** The one that `is_it` holds for; undefined where there is none. */
  find(is_it: (item: Item) => boolean): Item | undefined {
    return this.#items.find(is_it);
  }

  clear(): void {
    this.#items = [];
  }

  /** What is there now, whatever comes or goes meanwhile. */
  [Symbol.iterator](): Iterator<Item> {
    return this.#items.slice().values();
  }
}
