/** A limit for request bodies. */

import { STATUS_CODE } from "@std/http/status";
import { is_promise } from "../_internal/promise.ts";
import { let_pass } from "../_internal/request/direct.ts";
import { is_empty_body, parse_length } from "../_internal/streams/body.ts";
import { limit_leftover } from "../_internal/streams/leftover.ts";
import { check_count, check_function } from "../_internal/text/check.ts";
import type {
  HeaderList,
  StartResponse,
  Write,
  WSGIApplication,
  WSGIEnvironment,
  WSGIResult,
} from "../types.ts";
import { FileWrapper } from "../util.ts";
import { CountedBody } from "./counted_body.ts";
import { type BlockStep, DONE, PassedResult } from "./passed_result.ts";
import { refuse } from "../_internal/handler/refusal.ts";

/**
 * Options of {@linkcode limit_body}.
 *
 * @category Middleware
 */
export interface LimitBodyOptions {
  /** The maximum number of bytes in a body; 0 means no limit. */
  max_size: number;
}

/**
 * Answers a request whose body is longer than `max_size` bytes with a 413 (RFC 9110, section 15.5.14): if the client
 * declares the length, without calling the application; otherwise as soon as the application has read too much.
 *
 * In the second case `wsgi.input` fails with a `RangeError`. Whatever the application does then, the client gets the
 * 413; if the headers have already been sent, the response is aborted.
 *
 * @param app The application.
 * @param options The limit: a whole number, 0 or more.
 * @throws {TypeError} If `app` is not a function, or `max_size` not a number.
 * @throws {RangeError} If `max_size` is negative or not a whole number.
 *
 * @example
 * ```ts
 * import { to_fetch } from "@tsgi/serve/fetch";
 * import { limit_body } from "@tsgi/serve/middleware";
 * import { assertEquals } from "@std/assert";
 *
 * const handler = to_fetch(limit_body(
 *   async (environ, start_response) => {
 *     const body = await new Response(environ["wsgi.input"] as BodyInit).bytes();
 *     start_response("200 OK", [["Content-Type", "text/plain"]]);
 *     return [body];
 *   },
 *   { max_size: 5 },
 * ));
 * const post = (body: string) =>
 *   handler(new Request("http://localhost/", { method: "POST", body }));
 * assertEquals(await (await post("Hello")).text(), "Hello");
 * assertEquals((await post("Hello!")).status, 413);
 * ```
 *
 * @category Middleware
 */
export function limit_body(
  app: WSGIApplication,
  { max_size }: LimitBodyOptions,
): WSGIApplication {
  check_function(app, "the application");
  check_count(max_size, "max_size", "bytes");
  if (max_size === 0) return app;
  const limited: WSGIApplication = (environ, start_response) => {
    const length = parse_length(environ.CONTENT_LENGTH);
    if (length !== null && length > max_size) {
      limit_leftover(environ["wsgi.input"], 0, length);
      return refuse(environ, start_response, STATUS_CODE.ContentTooLarge);
    }
    if (length !== null || is_empty_body(environ["wsgi.input"])) {
      return app(environ, start_response);
    }
    return new Upload(environ, start_response, max_size).run(app);
  };
  return let_pass(limited, app, ({ head }) => !head.has_content);
}

/** A request with a body of unknown length, and its response. */
class Upload {
  #environ: WSGIEnvironment;
  #server: StartResponse;
  #body: CountedBody;

  constructor(
    environ: WSGIEnvironment,
    start_response: StartResponse,
    most: number,
  ) {
    this.#environ = environ;
    this.#server = start_response;
    this.#body = new CountedBody(environ["wsgi.input"], most);
    environ["wsgi.input"] = this.#body.stream;
  }

  /** Whether more of the body was read than is allowed. */
  get is_too_long(): boolean {
    return this.#body.too_long !== null;
  }

  run(app: WSGIApplication): WSGIResult | Promise<WSGIResult> {
    try {
      const result = app(
        this.#environ,
        (...args) => this.#start_response(...args),
      );
      return is_promise(result) ? this.#follow(result) : this.#take(result);
    } catch (error) {
      return this.#fail(error);
    }
  }

  async #follow(result: Promise<WSGIResult>): Promise<WSGIResult> {
    try {
      return this.#take(await result);
    } catch (error) {
      return this.#fail(error);
    }
  }

  /**
   * Responds in place of the application.
   *
   * @throws If the headers have been sent.
   */
  refuse(): Uint8Array[] {
    const code = STATUS_CODE.ContentTooLarge;
    const { too_long } = this.#body;
    return refuse(this.#environ, this.#server, code, [], too_long);
  }

  /** Ignores what the application sends once the body was too long. */
  #start_response(
    status: string,
    headers: HeaderList,
    exc_info?: unknown,
  ): Write {
    if (this.is_too_long) return write_nowhere;
    const write = this.#server(status, headers, exc_info);
    return (data) => this.is_too_long ? write_nowhere() : write(data);
  }

  #take(result: WSGIResult): WSGIResult {
    return this.is_too_long || is_still_to_come(result)
      ? new UploadResult(result, this)
      : result;
  }

  #fail(error: unknown): WSGIResult {
    if (!this.is_too_long) throw error;
    return this.refuse();
  }
}

const write_nowhere = () => Promise.resolve();

/** Whether the application may still read its input while its result is iterated. */
function is_still_to_come(result: WSGIResult): boolean {
  return Symbol.asyncIterator in Object(result) &&
    !(result instanceof FileWrapper);
}

/** The result of an application that has read too much of a body, or still may. */
class UploadResult extends PassedResult {
  #upload: Upload;
  #refused = false;

  constructor(result: WSGIResult, upload: Upload) {
    super(result);
    this.#upload = upload;
  }

  override async next(): Promise<BlockStep> {
    if (this.#refused) return DONE;
    if (!this.#upload.is_too_long) {
      const step = await this.#next();
      if (step) return step;
    }
    this.#refused = true;
    const [page] = this.#upload.refuse();
    return page ? { value: page } : DONE;
  }

  /** The next step; null if the body was too long. */
  async #next(): Promise<BlockStep | null> {
    try {
      const step = await super.next();
      return this.#upload.is_too_long ? null : step;
    } catch (error) {
      if (!this.#upload.is_too_long) throw error;
      return null;
    }
  }
}
