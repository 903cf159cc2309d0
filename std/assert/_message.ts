/** How a failure's headline ends: with the caller's own message, where there is one. */
export function ending(msg: string | undefined): string {
  return msg ? `: ${msg}` : ".";
}

/** A value as text in full: what is left out of a failure could be the very difference. */
export function format(value: unknown): string {
  return Deno.inspect(value, {
    compact: false,
    depth: Infinity,
    getters: true,
    iterableLimit: Infinity,
    sorted: true,
    strAbbreviateSize: Infinity,
    trailingComma: true,
  });
}

/** The name of a value's class, or of its type where it is no object. */
export function class_of(value: unknown): string {
  if (value === null) return "null";
  if (typeof value !== "object") return typeof value;
  return value.constructor?.name ?? "Object";
}
