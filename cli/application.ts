/** What can be served: a WSGI application, or what answers a `Request`. */

import { describe } from "../_internal/text/check.ts";
import { refusal } from "../_internal/text/frames.ts";
import type { FetchApplication, FetchHandler } from "../gateways/fetch.ts";
import type { WSGIApplication } from "../types.ts";
import type { Interface, Settings } from "./settings/settings.ts";

/** What can be served. */
export type Application = WSGIApplication | FetchHandler | FetchApplication;

/** What an application is called in messages. */
export const APPLICATION =
  "application (a WSGI function, or an object with a method fetch)";

/** What a function is, where nobody says it: one that takes the request alone has no place for `start_response`. */
const WSGI_PARAMETERS = 2;

/** Whether `value` can be served by way of that interface. */
export function is_application(
  value: unknown,
  by: Interface,
): value is Application {
  // Not a word more of what it has: a router may make a route of every name that it is asked for (itty-router).
  return typeof value === "function" && !is_class(value) &&
      !is_of_node(value) ||
    by !== "wsgi" && typeof value === "object" && value !== null &&
      typeof (value as Partial<FetchApplication>).fetch === "function";
}

/** How an application is called. */
export type Calling = Pick<Settings, "interface" | "keep_script_name">;

/** Whether `value` is a class, which nobody can call as an application. */
export function is_class(value: unknown): boolean {
  return typeof value === "function" &&
    /^class\b/.test(Function.prototype.toString.call(value));
}

/** Whether `value` is an application of Express, Koa or Fastify, which listens for Node's requests. */
export function is_of_node(value: unknown): boolean {
  const { fetch } = Object(value) as Record<string, unknown>;
  if (typeof fetch === "function") return false;
  return typeof (value as { listen?: unknown } | null)?.listen === "function";
}

/** The WSGI application that is served for `value`; what answers a `Request` is made one. */
export async function as_wsgi(
  value: Application,
  { interface: by, keep_script_name }: Calling,
): Promise<WSGIApplication> {
  if (typeof value === "function" && !is_handler(value, by)) {
    return value as WSGIApplication;
  }
  const { from_fetch } = await import("../gateways/fetch.ts");
  const handler: FetchHandler = typeof value === "function"
    ? checked(value as FetchHandler)
    // Called on what it belongs to, and looked up each time: it may be replaced.
    : (request, info, context) => value.fetch(request, info, context);
  return from_fetch(handler, { keep_script_name });
}

function is_handler(value: Application, by: Interface): boolean {
  return by === "fetch" ||
    by === "auto" && (value as WSGIApplication).length === WSGI_PARAMETERS - 1;
}

/** A function that was taken for a fetch handler; where it is none, the error says so. */
function checked(handler: FetchHandler): FetchHandler {
  return async (request, info, context) => {
    const response = await handler(request, info, context);
    if (response instanceof Response) return response;
    throw refusal(
      `a function with one parameter is called as a fetch handler, which must return a Response, got ${
        describe(response)
      }: a WSGI application takes environ and start_response, or is served by --interface wsgi`,
    );
  };
}
