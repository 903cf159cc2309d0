/**
 * Caches what is the same for every request. A string that came with a request is slow to find in a `Map`, which hashes
 * it; comparing it with the one that is expected is several times faster.
 */

/** The number of cached results, and the length of a cached key: clients must not be able to fill the memory. */
const MOST = 1024;
const LONGEST = 64;

/** Returns `make` with its results cached. Errors are not cached. */
export function remember<Result>(
  make: (key: string) => Exclude<Result, undefined>,
): (key: string) => Result {
  const known = new Map<string, Result>();
  let last_key: string | null = null;
  let last_result: Result;
  return (key) => {
    if (key === last_key) return last_result;
    let result = known.get(key);
    if (result === undefined) {
      result = make(key);
      if (!has_room(known, key)) return result;
      known.set(key, result);
    }
    last_key = key;
    return last_result = result;
  };
}

/** A cached result, its key, and the entry that was asked for after it the last time. */
export interface Entry<Result> {
  readonly key: string;
  readonly result: Result;
  next: Entry<Result> | null;
}

/** Caches results for keys that come in much the same order each time, as the headers of a client do. */
export class RememberedSeries<Result> {
  #make: (key: string) => Result;
  #known = new Map<string, Entry<Result>>();
  #start: Pick<Entry<Result>, "next"> = { next: null };

  constructor(make: (key: string) => Result) {
    this.#make = make;
  }

  /** The entry of a key that comes after that of `before`; null for the first key. */
  after(before: Entry<Result> | null, key: string): Entry<Result> {
    const last = before ?? this.#start;
    const { next } = last;
    return next !== null && next.key === key ? next : this.#find(key, last);
  }

  #find(key: string, last: Pick<Entry<Result>, "next">): Entry<Result> {
    const known = this.#known.get(key);
    if (known) return last.next = known;
    const entry = { key, result: this.#make(key), next: null };
    if (has_room(this.#known, key)) this.#known.set(key, entry);
    return entry;
  }
}

function has_room(known: ReadonlyMap<string, unknown>, key: string): boolean {
  return known.size < MOST && key.length <= LONGEST;
}
