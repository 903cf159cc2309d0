/** How large the head of a request is: counted where the headers are read, as it takes longer to find them in an environ again. */

/** The header fields of a request that are in its environ as `HTTP_...`. */
export interface HeadSize {
  fields: number;
  /** The bytes of the largest: name, colon, blank and value. */
  largest: number;
}

/** What was noted last, and of which environ: whoever asks for it does so before another request is read. */
const newest: HeadSize & { environ: object | null } = {
  environ: null,
  fields: 0,
  largest: 0,
};

/** Notes how large the head was that an environ is made of. */
export function note_head_size(
  environ: object,
  fields: number,
  largest: number,
): void {
  newest.environ = environ;
  newest.fields = fields;
  newest.largest = largest;
}

/** How large the head was that `environ` is made of; null where nobody knows. Not to be kept. */
export function head_size(environ: object): Readonly<HeadSize> | null {
  return newest.environ === environ ? newest : null;
}
