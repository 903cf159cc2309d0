/** Finds the origin of an error. Its class does not tell: an application's own connections fail like its client's. */

/** Whether `is_origin` is true for an error, for one of its causes, or for all errors that it aggregates. */
export function comes_of(
  error: unknown,
  is_origin: (error: unknown) => boolean,
): boolean {
  try {
    return is_origin(error) || has_come_of(error, is_origin, new Set());
  } catch {
    return false; // Its cause is a getter that throws.
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
