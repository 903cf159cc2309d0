/** Limits for the head of a request: its request line and its header fields. */

import { STATUS_CODE } from "@std/http/status";
import { let_pass } from "../_internal/request/direct.ts";
import { head_size, type HeadSize } from "../_internal/request/head_size.ts";
import {
  request_line_length,
  type Variables,
} from "../_internal/request/variables.ts";
import { check_count, check_function } from "../_internal/text/check.ts";
import type { WSGIApplication } from "../types.ts";
import { refuse } from "../_internal/handler/refusal.ts";

/**
 * Options of {@linkcode limit_request}; 0 means no limit.
 *
 * @category Middleware
 */
export interface LimitRequestOptions {
  /**
   * The maximum number of bytes in the request line: method, target and protocol.
   *
   * @default {8190}
   */
  line?: number;
  /**
   * The maximum number of header fields.
   *
   * @default {100}
   */
  fields?: number;
  /**
   * The maximum number of bytes in a header field: name, colon, space and value.
   *
   * @default {16384}
   */
  field_size?: number;
}

/**
 * Answers a request whose request line is too long with a 414 (RFC 9110, section 15.5.15), and one with too many or too
 * large header fields with a 431 (RFC 6585, section 5). The options are named after gunicorn's.
 *
 * It only sees the environ. So a repeated header counts as one, with the size of all of them; headers that are left out
 * of the environ do not count, nor does `Content-Type: text/plain`, which is the default of wsgiref's servers; and of
 * an absolute target only path and query count. Headers that other middleware has added do not count if the server has
 * noted the size of what it received, as `make_server` does. Limiting what is read before the application is called is up
 * to the server.
 *
 * @param app The application.
 * @param options The limits: whole numbers, 0 or more.
 * @throws {TypeError} If `app` is not a function, or a limit not a number.
 * @throws {RangeError} If a limit is negative or not a whole number.
 *
 * @example
 * ```ts
 * import { to_fetch } from "@tsgi/serve/fetch";
 * import { limit_request } from "@tsgi/serve/middleware";
 * import { demo_app } from "@tsgi/serve/simple_server";
 * import { assertEquals } from "@std/assert";
 *
 * const handler = to_fetch(limit_request(demo_app, { line: 100 }));
 * const response = await handler(
 *   new Request(`http://localhost/${"x".repeat(100)}`),
 * );
 * assertEquals(response.status, 414);
 * assertEquals(await response.text(), "URI Too Long");
 * ```
 *
 * @category Middleware
 */
export function limit_request(
  app: WSGIApplication,
  options: LimitRequestOptions = {},
): WSGIApplication {
  check_function(app, "the application");
  const { line = 8190, fields = 100, field_size = 16384 } = options;
  check_count(line, "line", "bytes");
  check_count(fields, "fields", "header fields");
  check_count(field_size, "field_size", "bytes");
  if (!line && !fields && !field_size) return app;
  const longest = line || Infinity;
  const most = fields || Infinity;
  const largest = field_size || Infinity;
  const is_allowed = (head: HeadSize) =>
    head.fields <= most && head.largest <= largest;
  const limited: WSGIApplication = (environ, start_response) => {
    if (request_line_length(environ as unknown as Variables) > longest) {
      return refuse(environ, start_response, STATUS_CODE.URITooLong);
    }
    if (!is_allowed(head_size(environ))) {
      const code = STATUS_CODE.RequestHeaderFieldsTooLarge;
      return refuse(environ, start_response, code);
    }
    return app(environ, start_response);
  };
  return let_pass(
    limited,
    app,
    ({ line_size, head }) => line_size <= longest && is_allowed(head),
  );
}
