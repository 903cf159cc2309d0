/** The handler of `WSGIServer`. */

import { platform } from "../platform.ts";
import { ResponseHandler } from "./response_handler.ts";

/** The software, as `SERVER_SOFTWARE` names it. */
export const server_version = "WSGIServer/0.2";
/** What it runs on. */
export const sys_version: string = platform.version;

/** Who is told of a request that was answered. */
export interface RequestLogger {
  /** Logs the status and the number of bytes in the body. */
  log_request(code: string, size: number): void;
  /** Logs an error of the application with its stack; the handler does where this is left out. */
  log_exception?(error: unknown): void;
}

/**
 * Runs the application for one request of a `WSGIServer`, and has the request logged when the response is
 * complete or broken off.
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
  /** The `Server` header, and `SERVER_SOFTWARE` where the environ has none. */
  override server_software: string | null = `${server_version} ${sys_version}`;
  /** Who logs the request; null leaves it unlogged. */
  request_handler: RequestLogger | null = null;

  /**
   * Without the reason, as `Deno.serve` sends none but the standard one. Of nothing but its body Deno makes a response
   * faster, a 200.
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

  /** Has `request_handler` log the request. */
  override log_request(code: string, size: number): void {
    this.request_handler?.log_request(code, size);
  }

  /** Has `request_handler` log the error if it does that. */
  override log_exception(error: unknown): void {
    const logger = this.request_handler;
    if (logger?.log_exception) logger.log_exception(error);
    else super.log_exception(error);
  }
}
