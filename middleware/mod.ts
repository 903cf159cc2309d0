/**
 * WSGI middleware for any server and any application (PEP 3333, "Middleware: Components that Play Both Sides").
 *
 * Each takes an application and options, and returns an application. None needs a server of this package, and each
 * passes on responses unchanged, block by block, unless it has to replace them. A request reaches the outermost
 * middleware first, which is the one applied last.
 *
 * @example Limits, and a trusted proxy
 * ```ts
 * import {
 *   limit_body,
 *   limit_request,
 *   limit_time,
 *   trust_forwarded,
 * } from "@tsgi/serve/middleware";
 * import { demo_app, make_server } from "@tsgi/serve/simple_server";
 * import { assertEquals } from "@std/assert";
 *
 * let app = limit_time(demo_app, { timeout: 30 });
 * app = limit_body(app, { max_size: 10 * 1024 ** 2 });
 * app = trust_forwarded(app, { trusted: "127.0.0.1, ::1" });
 * app = limit_request(app);
 * await using httpd = make_server("127.0.0.1", 0, app);
 * httpd.serve_forever();
 * const response = await fetch(`http://127.0.0.1:${httpd.server_port}/`, {
 *   headers: { "X-Forwarded-For": "203.0.113.9" },
 * });
 * const text = await response.text();
 * assertEquals(text.includes("\nREMOTE_ADDR = '203.0.113.9'\n"), true);
 * ```
 *
 * @module
 */

export { limit_body, type LimitBodyOptions } from "./limit_body.ts";
export {
  limit_concurrency,
  type LimitConcurrencyOptions,
  type RequestCounter,
} from "./limit_concurrency.ts";
export { limit_request, type LimitRequestOptions } from "./limit_request.ts";
export { limit_time, type LimitTimeOptions } from "./limit_time.ts";
export { mount_at, type MountAtOptions } from "./mount_at.ts";
export {
  trust_forwarded,
  type TrustForwardedOptions,
} from "./trust_forwarded.ts";
