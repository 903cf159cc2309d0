/** The parts of an environ: which of its variables belong to the request. */

/** The parts, and the names of the variables that belong to each. */
const PARTS: Record<string, RegExp> = {
  // RFC 3875, section 4.1, and what web servers add.
  Request:
    /^(?:DOCUMENT|GATEWAY|REDIRECT|REMOTE|REQUEST|SCRIPT|SERVER)_|^(?:AUTH_TYPE|HTTPS|PATH_INFO|PATH_TRANSLATED|QUERY_STRING)$/,
  Headers: /^(?:HTTP_|CONTENT_(?:TYPE|LENGTH)$)/,
  WSGI: /^wsgi\./,
};

/** The part for all other variables. */
export const PROCESS = "Process";

/** All parts, in the order in which they are shown. */
export const PART_TITLES: readonly string[] = [...Object.keys(PARTS), PROCESS];

/** The title of the part that a variable belongs to, judged by its name. */
export function part_of(name: string): string {
  const [title = PROCESS] =
    Object.entries(PARTS).find(([, names]) => names.test(name)) ?? [];
  return title;
}
