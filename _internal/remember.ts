/** What is the same for every request is worked out once. */

/** How many results a function remembers, and for how long a key: so that nobody can fill the memory. */
const MOST = 1024;
const LONGEST = 64;

/** `make`, with its results remembered. What it throws is not. */
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
