/** Builds the variables of a request for the codecs of the gateways. */

import { process_environ } from "../_internal/request/process_environ.ts";
import {
  UNWANTED_VARIABLES,
  type Variables,
} from "../_internal/request/variables.ts";
import type { Fields } from "./fields.ts";
import { Shapes } from "./shape.ts";

/** Throws a `RangeError` if a head is larger than allowed. */
export function check_size(size: number, limit: number): void {
  if (size > limit) {
    throw new RangeError(
      `expected a head of at most ${limit} bytes, got one of ${size}`,
    );
  }
}

/** The shapes for each set of own variables. */
const shapes = new WeakMap<Readonly<Variables>, Shapes>();

/**
 * The variables of a request.
 *
 * @param fields Its names and values, as they arrived.
 * @param own The variables to merge them over. Must not be modified.
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
 * Adds a variable. A repeated one replaces the previous value, so that the configuration of a web server can override
 * what it includes; repeated headers are joined, because nginx before 1.23 does not join them.
 */
function add_variable(variables: Variables, name: string, value: string): void {
  if (!name.startsWith("HTTP_")) variables[name] = value;
  else if (!UNWANTED_VARIABLES.has(name)) {
    const before = variables[name];
    const between = name === "HTTP_COOKIE" ? "; " : ", ";
    variables[name] = before === undefined ? value : before + between + value;
  }
}

/** The variables that belong to a request: if the web server does not set one, it must be absent. */
const OF_REQUESTS =
  /^(HTTP_.*|CONTENT_.*|REMOTE_.*|REQUEST_.*|SCRIPT_.*|SERVER_.*|PATH_(INFO|TRANSLATED)|QUERY_STRING|AUTH_TYPE|GATEWAY_INTERFACE|HTTPS|SCGI)$/;

let once: Readonly<Variables> | null = null;

/** The variables of this process that cannot belong to a request. Must not be modified. */
export function own_variables(): Readonly<Variables> {
  if (once) return once;
  const own = Object.entries(process_environ())
    .filter(([name]) => !OF_REQUESTS.test(name));
  // Copied via JSON to be cloned fast, see shape.ts.
  return once = JSON.parse(JSON.stringify(Object.fromEntries(own)));
}
