/** What can be served: a WSGI application, or what answers a `Request`. */

import type { FetchApplication, FetchHandler } from "../gateways/fetch.ts";
import type { WSGIApplication } from "../types.ts";
import type { Interface, Settings } from "./settings/settings.ts";

/** What can be served. */
export type Application = WSGIApplication | FetchHandler | FetchApplication;

/** What an application is called in messages. */
export const APPLICATION =
  "application (a WSGI function, or an object with a method fetch)";

/** Whether `value` can be served by way of that interface. */
export function is_application(
  value: unknown,
  by: Interface,
): value is Application {
  // Not a word more of what it has: a router may make a route of every name that it is asked for (itty-router).
  return typeof value === "function" && !is_class(value) &&
      !is_node_application(value) &&
      !(by === "auto" && is_node_handler(value)) ||
    by !== "wsgi" && typeof value === "object" && has_fetch(value);
}

function has_fetch(value: unknown): value is FetchApplication {
  const { fetch } = Object(value) as Record<string, unknown>;
  return typeof fetch === "function";
}

/** How an application is called. */
export type Calling = Pick<Settings, "interface" | "keep_script_name">;

/** Whether `value` is a class, which nobody can call as an application. */
export function is_class(value: unknown): boolean {
  return typeof value === "function" &&
    /^class\b/.test(Function.prototype.toString.call(value));
}

/** Whether `value` is an application of Express, Koa or Fastify, which listens for Node's requests. */
export function is_node_application(value: unknown): boolean {
  if (has_fetch(value)) return false;
  return typeof (value as { listen?: unknown } | null)?.listen === "function";
}

/** Whether `value` is a handler of Node's requests: `(req, res)`. */
export function is_node_handler(value: unknown): boolean {
  const [first, second] = parameter_names(value);
  return REQUEST.test(first) && RESPONSE.test(second) && !has_fetch(value);
}

/** What the parameters of a handler are called, and the second one of a WSGI application. */
const REQUEST = /^_*req(?:uest)?$/i;
const RESPONSE = /^_*res(?:p|ponse)?$/i;
const START_RESPONSE = /^_*(?:start|res)/i;

/** The names of the first two parameters of a function; `""` for each that has none, such as a pattern. */
function parameter_names(value: unknown): [first: string, second: string] {
  if (typeof value !== "function") return ["", ""];
  const source = Function.prototype.toString.call(value);
  const [, first = "", second = ""] = source.match(PARAMETERS) ?? [];
  return [first, second];
}

const PARAMETERS =
  /^(?:async\b)?\s*(?:function\b)?[\s*]*[\w$]*\s*\(\s*([\w$]+)\s*,\s*([\w$]*)/;

/** What to do about a value that is no application; `""` if that is not known. */
export function remedy_of_application(value: unknown): string {
  if (is_class(value)) {
    const { name } = value as { name: string };
    return `an instance is one, new ${name}()`;
  }
  if (value instanceof Promise) return "await the promise first";
  if (is_node_application(value)) {
    return "one of Express, Koa or Fastify needs an adapter, see docs/fetch.md";
  }
  if (is_node_handler(value)) {
    return "what takes Node's (req, res) needs an adapter, see docs/fetch.md";
  }
  const { handler, stack, routes } = Object(value) as Record<string, unknown>;
  if (typeof handler === "function" && Array.isArray(stack)) {
    return "one of h3 1 is exported as { fetch: toWebHandler(app) }";
  }
  return routes ? "only Bun serves its routes, a fetch is needed here" : "";
}

/** The WSGI application that is served for `value`; what answers a `Request` is made one. */
export async function as_wsgi(
  value: Application,
  { interface: by, keep_script_name }: Calling,
): Promise<WSGIApplication> {
  const has_method = by !== "wsgi" && has_fetch(value);
  if (!has_method && !is_handler(value as FetchHandler, by)) {
    return value as WSGIApplication;
  }
  const { from_fetch } = await import("../gateways/fetch.ts");
  const handler: FetchHandler = has_method
    // Called on what it belongs to, and looked up each time: it may be replaced.
    ? (request, info, context) => value.fetch(request, info, context)
    : value as FetchHandler;
  return from_fetch(handler, { keep_script_name });
}

/**
 * Whether a function is called as a fetch handler. Where nobody says it: one that takes the request alone has no place
 * for `start_response`; and nobody calls the environ a request.
 */
function is_handler(value: FetchHandler, by: Interface): boolean {
  if (by !== "auto") return by === "fetch";
  const [first, second] = parameter_names(value);
  return value.length === 1 ||
    REQUEST.test(first) && !START_RESPONSE.test(second);
}
