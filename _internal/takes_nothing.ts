/** Functions that look at nothing they are given. */

const known = new WeakMap<object, boolean>();

/**
 * Whether a function is written without parameters, and so cannot know what it is called with: its `length` does not
 * count those that have a default. Of one whose source is not to be had nobody can tell.
 */
export function takes_nothing(callable: (...given: never[]) => void): boolean {
  let found = known.get(callable);
  if (found === undefined) {
    const source = Function.prototype.toString.call(callable);
    found = callable.length === 0 && /^[^(]*\(\s*\)/.test(source) &&
      !/\barguments\b|\[native code\]/.test(source);
    known.set(callable, found);
  }
  return found;
}
