/** The size of the head of a request: noted when its headers are read, because finding them in the environ again is slow. */

/** The header fields of a request that are in its environ as `HTTP_...`. */
export interface HeadSize {
  fields: number;
  /** The number of bytes in the largest: name, colon, space and value. */
  largest: number;
}

/** The last note, and its environ: it is only needed until the next request is read. */
const newest: HeadSize & { environ: object | null } = {
  environ: null,
  fields: 0,
  largest: 0,
};

/** Notes the size of the head from which an environ was made. */
export function note_head_size(
  environ: object,
  fields: number,
  largest: number,
): void {
  newest.environ = environ;
  newest.fields = fields;
  newest.largest = largest;
}

/** The size of the head from which `environ` was made; null if it is not known. The object is reused: do not keep it. */
export function head_size(environ: object): Readonly<HeadSize> | null {
  return newest.environ === environ ? newest : null;
}
