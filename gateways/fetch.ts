/**
 * Converts between WSGI applications and fetch handlers: functions from `Request` to `Response`, as used by `deno
 * serve`, Deno Deploy and most frameworks.
 *
 * - {@linkcode to_fetch}: turns an application into a fetch handler
 * - {@linkcode from_fetch}: turns a fetch handler into an application, for every server of this package
 *
 * @example
 * ```ts
 * import { from_fetch, to_fetch } from "@tsgi/serve/fetch";
 * import { assertEquals } from "@std/assert";
 *
 * const app = from_fetch((request) => new Response(`Hello ${request.method}`));
 * const handler = to_fetch(app);
 * const response = await handler(new Request("http://localhost/"));
 * assertEquals(await response.text(), "Hello GET");
 * ```
 *
 * @module
 */

export {
  type FetchApplication,
  type FetchHandler,
  type NetAddress,
  type WSGIFetchInfo,
} from "./fetch/handler.ts";
export type { ExecutionContext } from "./fetch/execution_context.ts";
export { from_fetch, type FromFetchOptions } from "./fetch/from_fetch.ts";
export {
  type FetchInfo,
  to_fetch,
  type ToFetchOptions,
} from "./fetch/to_fetch.ts";
