/** Properties whose value is created when it is first read: Deno takes milliseconds to load its streams, which most CGI scripts never touch. */

/** Defines a property that `make` is called for when it is first read. It can be set and enumerated like any other. */
export function define_later(
  object: object,
  key: PropertyKey,
  make: () => unknown,
): void {
  const settle = (value: unknown) =>
    void Object.defineProperty(object, key, {
      value,
      writable: true,
      enumerable: true,
      configurable: true,
    });
  Object.defineProperty(object, key, {
    get() {
      const value = make();
      settle(value);
      return value;
    },
    set: settle,
    enumerable: true,
    configurable: true,
  });
}

/** Whether a property is one of those, and has not been read or set yet. */
export function is_still_to_come(object: object, key: PropertyKey): boolean {
  return Object.getOwnPropertyDescriptor(object, key)?.get !== undefined;
}
