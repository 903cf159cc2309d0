/** The variables of a request, as the codecs of the gateways give them. */

import { process_environ } from "../_internal/request/process_environ.ts";
import {
  UNWANTED_VARIABLES,
  type Variables,
} from "../_internal/request/variables.ts";
import type { Fields } from "./fields.ts";
import { Shapes } from "./shape.ts";

/** Throws a `RangeError` if a head is larger than what is taken. */
export function check_size(size: number, limit: number): void {
  if (size > limit) {
    throw new RangeError(
      `expected a head of at most ${limit} bytes, got one of ${size}`,
    );
  }
}

/** The shapes of the requests that had these variables beside them. */
const shapes = new WeakMap<Readonly<Variables>, Shapes>();

/**
 * The variables of a request.
 *
 * @param fields Its names and values, as they came.
 * @param own What stands beside them. Not to be changed.
 */
export function variables_of(
  fields: Fields,
  own: Readonly<Variables>,
): Variables {
  let known = shapes.get(own);
  if (!known) shapes.set(own, known = new Shapes(own));
  const filled = known.fill(fields);
  if (filled) return filled;
  const variables = { ...own };
  for (let i = 0; i < fields.size; i++) {
    add_variable(variables, fields.name(i), fields.value(i));
  }
  return variables;
}

/**
 * Adds a variable as it came. One that comes again replaces the one before, so that the configuration of a web server can
 * say something else than what it includes; a header that comes again is joined, as nginx before 1.23 leaves it to us.
 */
function add_variable(variables: Variables, name: string, value: string): void {
  if (!name.startsWith("HTTP_")) variables[name] = value;
  else if (!UNWANTED_VARIABLES.has(name)) {
    const before = variables[name];
    const between = name === "HTTP_COOKIE" ? "; " : ", ";
    variables[name] = before === undefined ? value : before + between + value;
  }
}

/** The variables of a request: where a web server says nothing of one, it is not there. */
const OF_REQUESTS =
  /^(HTTP_.*|CONTENT_.*|REMOTE_.*|REQUEST_.*|SCRIPT_.*|SERVER_.*|PATH_(INFO|TRANSLATED)|QUERY_STRING|AUTH_TYPE|GATEWAY_INTERFACE|HTTPS|SCGI)$/;

let once: Readonly<Variables> | null = null;

/** The variables of this process that may stand beside those of a request. Not to be changed. */
export function own_variables(): Readonly<Variables> {
  if (once) return once;
  const own = Object.entries(process_environ())
    .filter(([name]) => !OF_REQUESTS.test(name));
  // Through JSON for the same reason as there: every request clones it.
  return once = JSON.parse(JSON.stringify(Object.fromEntries(own)));
}
