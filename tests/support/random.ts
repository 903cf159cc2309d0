/** Random input that is the same in every run: a failure can be repeated from its seed. */

/**
 * A generator of numbers from 0 up to, not including, 1; the same ones for the same seed.
 *
 * A counter in steps of the golden ratio, each value of it mixed until all its bits depend on one another.
 * Good enough for test input, for nothing else.
 */
export function random(seed: number): () => number {
  let counter = seed | 0;
  return () => {
    counter = (counter + 0x9e3779b9) | 0;
    let mixed = counter;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
  };
}

/** A whole number from `least` to `most`, both included. */
export function int(next: () => number, least: number, most: number): number {
  return least + Math.floor(next() * (most - least + 1));
}

/** One of `items`, which must not be empty. */
export function pick<Item>(next: () => number, items: readonly Item[]): Item {
  return items[int(next, 0, items.length - 1)]!;
}
