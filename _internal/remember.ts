/** Caches what is the same for every request. */

/** The number of cached results, and the length of a cached key: clients must not be able to fill the memory. */
const MOST = 1024;
const LONGEST = 64;

/** Returns `make` with its results cached. Errors are not cached. */
export function remember<Result>(
  make: (key: string) => Exclude<Result, undefined>,
): (key: string) => Result {
  const known = new Map<string, Result>();
  return (key) => {
    const before = known.get(key);
    if (before !== undefined) return before;
    const result = make(key);
    if (known.size < MOST && key.length <= LONGEST) known.set(key, result);
    return result;
  };
}
