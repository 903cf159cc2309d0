/** What an error comes of, which its class does not tell: an application has connections of its own, that fail as its client's does. */

/**
 * Whether an error comes of what `is_origin` knows: whether it is that, was caused by it, or stands for several errors
 * that all come of it.
 */
export function comes_of(
  error: unknown,
  is_origin: (error: unknown) => boolean,
): boolean {
  try {
    return is_origin(error) || has_come_of(error, is_origin, new Set());
  } catch {
    return false; // What it was caused by throws where it is read.
  }
}

function has_come_of(
  error: unknown,
  is_origin: (error: unknown) => boolean,
  seen: Set<unknown>,
): boolean {
  if (seen.has(error)) return false;
  seen.add(error);
  const causes = causes_of(error);
  return causes.length > 0 &&
    causes.every((cause) =>
      is_origin(cause) || has_come_of(cause, is_origin, seen)
    );
}

function causes_of(error: unknown): unknown[] {
  if (error instanceof AggregateError) return error.errors;
  if (!(error instanceof Error)) return [];
  // Not every platform has the class SuppressedError.
  if ("suppressed" in error && "error" in error) {
    return [error.error, error.suppressed];
  }
  return error.cause === undefined ? [] : [error.cause];
}
