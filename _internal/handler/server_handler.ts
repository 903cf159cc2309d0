/** The handler of `WSGIServer`. */

import { platform } from "../platform.ts";
import { ResponseHandler } from "./response_handler.ts";

/** The name of the software in `SERVER_SOFTWARE`. */
export const server_version = "WSGIServer/0.2";
/** The platform that it runs on. */
export const sys_version: string = platform.version;

/** Logs requests that have been answered. */
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
  ): Response {
    return code === 200
      ? new Response(body)
      : new Response(body, { status: code });
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
