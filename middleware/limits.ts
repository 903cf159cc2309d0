/** Limits of a request: its line, its header fields, its body. */

import {
  request_line,
  type Variables,
} from "../_internal/request/variables.ts";
import { STATUS_CODE } from "@std/http/status";
import { is_empty_body } from "../_internal/streams/body.ts";
import { process_environ } from "../_internal/request/process_environ.ts";
import { is_promise } from "../_internal/promise.ts";
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
import { refuse } from "./refusal.ts";

/** How large the head of a request may be; 0 is no limit. */
export interface RequestLimits {
  /** The bytes of the request line: method, target and protocol. */
  line: number;
  /** The number of header fields. */
  fields: number;
  /** The bytes of a header field: name, colon, blank and value. */
  field_size: number;
}

/**
 * Answers a request whose line is too long with a 414, one that has too many or too large header fields with a 431.
 *
 * It sees what environ has. So a header that was sent several times is one, as large as all of them; one that gets
 * into no environ does not count, nor does a `Content-Type: text/plain`, which wsgiref's servers say where the client
 * said nothing; and of an absolute target only path and query do.
 */
export function limit_request(
  app: WSGIApplication,
  { line, fields, field_size }: RequestLimits,
): WSGIApplication {
  const head = fields || field_size
    ? new HeadLimit(fields || Infinity, field_size || Infinity)
    : null;
  if (!line && !head) return app;
  const longest = line || Infinity;
  return (environ, start_response) => {
    if (line_length(environ) > longest) {
      return refuse(environ, start_response, STATUS_CODE.URITooLong);
    }
    if (head && !head.allows(environ)) {
      const code = STATUS_CODE.RequestHeaderFieldsTooLarge;
      return refuse(environ, start_response, code);
    }
    return app(environ, start_response);
  };
}

/** The length of the request line; a native string has a character a byte. */
function line_length(environ: WSGIEnvironment): number {
  const { REQUEST_METHOD, REQUEST_URI, SERVER_PROTOCOL } = environ;
  if (REQUEST_URI === undefined) {
    return request_line(environ as unknown as Variables).length;
  }
  const blanks = 2;
  return (REQUEST_METHOD ?? "").length + REQUEST_URI.length +
    (SERVER_PROTOCOL ?? "").length + blanks;
}

const PREFIX = "HTTP_";
/** What it begins with: most names do not, which one character tells. */
const H = PREFIX.charCodeAt(0);
/** What stands between name and value. */
const SEPARATOR = ": ";
const CONTENT_TYPE = "Content-Type: ";
const CONTENT_LENGTH = "Content-Length: ";

class HeadLimit {
  #fields: number;
  #size: number;
  #own = own_variables();

  constructor(fields: number, size: number) {
    this.#fields = fields;
    this.#size = size;
  }

  allows(environ: WSGIEnvironment): boolean {
    const { CONTENT_TYPE: type, CONTENT_LENGTH: length } = environ;
    let count = 0;
    if (type && type !== "text/plain") {
      if (CONTENT_TYPE.length + type.length > this.#size) return false;
      count++;
    }
    if (length) {
      if (CONTENT_LENGTH.length + length.length > this.#size) return false;
      count++;
    }
    const around = SEPARATOR.length - PREFIX.length;
    for (const name in environ) {
      if (name.charCodeAt(0) !== H || !name.startsWith(PREFIX)) continue;
      const value = environ[name] as string;
      if (this.#own && this.#own[name] === value) continue;
      if (++count > this.#fields) return false;
      if (name.length + around + value.length > this.#size) return false;
    }
    return count <= this.#fields;
  }
}

/** The variables of this process that look like a header (`HTTP_PROXY`), and get into every environ; null without any. */
function own_variables(): Variables | null {
  const variables = process_environ();
  if (variables.REQUEST_METHOD !== undefined) return null; // It is a CGI script: they are headers.
  const own = Object.entries(variables)
    .filter(([name]) => name.startsWith(PREFIX));
  return own.length > 0 ? Object.fromEntries(own) : null;
}

/**
 * Answers a request whose body is longer than `most` bytes with a 413: without asking the application where the client
 * says so itself; otherwise when the application has read so much of it. The application's `wsgi.input` fails then.
 * Whatever it makes of that, the client gets the 413; where the headers have been sent, the response is broken off.
 *
 * @param most The number of bytes; 0 is no limit.
 */
export function limit_body(
  app: WSGIApplication,
  most: number,
): WSGIApplication {
  if (most === 0) return app;
  return (environ, start_response) => {
    const length = environ.CONTENT_LENGTH;
    if (length && Number(length) > most) {
      return refuse(environ, start_response, STATUS_CODE.ContentTooLarge);
    }
    if (length || is_empty_body(environ["wsgi.input"])) {
      return app(environ, start_response);
    }
    return new Upload(environ, start_response, most).run(app);
  };
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

  /** Whether more of the body was read than there may be. */
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
   * Answers in the place of the application.
   *
   * @throws If the headers have been sent.
   */
  refuse(): Uint8Array[] {
    const code = STATUS_CODE.ContentTooLarge;
    const { too_long } = this.#body;
    return refuse(this.#environ, this.#server, code, [], too_long);
  }

  /** Once the body was too long, what the application still says goes nowhere. */
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

/** Whether the application may still read its input while the result is taken. */
function is_still_to_come(result: WSGIResult): boolean {
  return Symbol.asyncIterator in Object(result) &&
    !(result instanceof FileWrapper);
}

/** The result of an application that may read too much of a body, now or later. */
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

  /** The next step; null where the body was too long for there to be one. */
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
