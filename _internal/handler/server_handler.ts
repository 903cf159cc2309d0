/** The handler of `WSGIServer`. */

import type { HeaderList } from "../../types.ts";
import { platform } from "../platform.ts";
import { ResponseHandler, with_headers } from "./response_handler.ts";

/** The name of the software in `SERVER_SOFTWARE`. */
export const server_version = "WSGIServer/0.2";
/** The platform that it runs on. */
export const sys_version: string = platform.version;

/**
 * Logs requests that have been answered.
 *
 * @category Servers
 */
export interface RequestLogger {
  /** Logs the status and the number of bytes in the body. */
  log_request(code: string, size: number): void;
  /** Logs an error of the application with its stack; without this method the handler does. */
  log_exception?(error: unknown): void;
}

/**
 * Runs the application for one request of a `WSGIServer`, and logs the request when its response is complete or
 * aborted.
 *
 * @example
 * ```ts
 * import { ServerHandler } from "@tsgi/serve/simple_server";
 * import { assertEquals } from "@std/assert";
 *
 * class QuietHandler extends ServerHandler {
 *   override server_software = "quiet/1.0";
 * }
 * const empty = ReadableStream.from<Uint8Array>([]);
 * const errors = { write() {}, writelines() {}, flush() {} };
 * const handler = new QuietHandler(empty, errors, { REQUEST_METHOD: "GET" });
 * const response = await handler.respond((_environ, start_response) => {
 *   start_response("200 OK", []);
 *   return [];
 * });
 * assertEquals(response.headers.get("server"), "quiet/1.0");
 * ```
 *
 * @category Servers
 */
export class ServerHandler extends ResponseHandler {
  /** The `Server` header, and `SERVER_SOFTWARE` if the environ has none. */
  override server_software: string | null = `${server_version} ${sys_version}`;
  /** The object that logs the request; null for no log. */
  request_handler: RequestLogger | null = null;

  /**
   * Omits the reason, because `Deno.serve` only sends the standard one. For a 200 it passes only the body, from which
   * Deno makes a response faster.
   *
   * @ignore
   */
  protected override new_response(
    body: BodyInit | null,
    code: number,
    _reason: string,
    headers: HeaderList,
  ): Response {
    if (code !== 200) {
      return with_headers(new Response(body, { status: code }), headers);
    }
    return text_response(body, headers) ??
      with_headers(new Response(body), headers);
  }

  /** Logs the request with `request_handler`. */
  override log_request(code: string, size: number): void {
    this.request_handler?.log_request(code, size);
  }

  /** Logs the error with `request_handler`, if that has a `log_exception`. */
  override log_exception(error: unknown): void {
    const logger = this.request_handler;
    if (logger?.log_exception) logger.log_exception(error);
    else super.log_exception(error);
  }
}

/** The size of the largest body that is sent as text. */
const MOST = 1024;

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * A 200 that sends a short body as a string, because Deno copies bytes. Null if the body is not short UTF-8, or if the
 * headers have no type, since Deno adds one to a string.
 */
function text_response(
  body: BodyInit | null,
  list: HeaderList,
): Response | null {
  if (!(body instanceof Uint8Array) || body.length > MOST) return null;
  const type = list.findIndex(is_type);
  if (type < 0) return null;
  const text = decoder.decode(body);
  // What is no UTF-8 would be other bytes.
  if (text.includes("\ufffd")) return null;
  const response = new Response(text);
  const { headers } = response;
  headers.set("Content-Type", list[type]![1]);
  for (let i = 0; i < list.length; i++) {
    const [name, value] = list[i]!;
    // The body is as long as it says, and Deno says so itself.
    if (i !== type && name !== "Content-Length") headers.append(name, value);
  }
  return response;
}

function is_type([name]: [name: string, value: string]): boolean {
  return name.length === "Content-Type".length &&
    name.toLowerCase() === "content-type";
}
