/** The variables of a request, as the codecs of the gateways give them. */

/** CGI variables, each character of a value a byte. */
export type Variables = Record<string, string>;

/** Throws a `RangeError` if a head is larger than what is taken. */
export function check_size(size: number, limit: number): void {
  if (size > limit) {
    throw new RangeError(
      `expected a head of at most ${limit} bytes, got one of ${size}`,
    );
  }
}
