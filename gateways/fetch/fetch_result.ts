/** The response of a fetch handler, as an application's result. */

import { STATUS_TEXT } from "@std/http/status";
import { GIVES_AWAY } from "../../_internal/handler/application_result.ts";
import { is_of_server } from "../../_internal/handler/response_head.ts";
import { deferred } from "../../_internal/promise.ts";
import { describe } from "../../_internal/text/check.ts";
import type {
  HeaderList,
  StartResponse,
  WSGIEnvironment,
} from "../../types.ts";
import { type ExecutionContext, RequestContext } from "./execution_context.ts";
import type { FetchHandler, NetAddress, WSGIFetchInfo } from "./handler.ts";
import { mount_locations } from "./location.ts";
import { request_of } from "./request.ts";
import { ResponseBody } from "./response_body.ts";

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };

/** The response of a handler, as an application's result. */
export class FetchResult
  implements AsyncIterableIterator<Uint8Array, undefined> {
  #handler: FetchHandler;
  #request: Request;
  #info: WSGIFetchInfo;
  #context: ExecutionContext;
  /** The path that the handler does not see. */
  #mount: string;
  #start_response: StartResponse;
  #controller = new AbortController();
  #completed = deferred<void>();
  #begun = false;
  #body: ResponseBody | null = null;
  /** How many bytes are still to come, by the response's Content-Length. */
  #left = Infinity;
  #whole = false;
  #closed = false;

  constructor(
    handler: FetchHandler,
    environ: WSGIEnvironment,
    start_response: StartResponse,
    keep_script_name: boolean,
  ) {
    this.#handler = handler;
    // All made now: a middleware may change the environ once the application has returned.
    this.#mount = keep_script_name ? "" : environ.SCRIPT_NAME ?? "";
    const { signal } = this.#controller;
    this.#request = request_of(environ, this.#mount, signal);
    const context = this.#context = new RequestContext(environ["wsgi.errors"]);
    Object.assign(this.#request, of_srvx(environ, context));
    this.#completed.promise.catch(() => {}); // The handler need not look at it.
    this.#info = {
      remoteAddr: remote_address(environ),
      completed: this.#completed.promise,
      environ,
    };
    this.#start_response = start_response;
  }

  /** The blocks of a stream belong to who reads it. */
  get [GIVES_AWAY](): boolean {
    return true;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (!this.#begun) await this.#begin();
    if (!this.#body || this.#whole) return DONE;
    const step = await this.#body.read();
    if (step.done) return this.#end();
    this.#take(step.value.length);
    return step;
  }

  /** For a middleware that leaves a loop over the result. */
  async return(): Promise<IteratorReturnResult<undefined>> {
    await this.close();
    return DONE;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#whole) this.#completed.resolve();
    else {
      this.#controller.abort();
      this.#completed.reject(this.#controller.signal.reason);
    }
    await this.#body?.cancel();
  }

  async #begin(): Promise<void> {
    this.#begun = true;
    const response = await this.#handler(
      this.#request,
      this.#info,
      this.#context,
    );
    if (!(response instanceof Response)) {
      throw new TypeError(
        `a fetch handler must return a Response, got ${describe(response)}`,
      );
    }
    if (response.body?.locked || response.bodyUsed) {
      throw new TypeError(
        "the body of the Response has been read before: a fetch handler must return a new one for each request",
      );
    }
    if (this.#closed) return await response.body?.cancel();
    await this.#answer(response);
  }

  async #answer(response: Response): Promise<void> {
    const { body } = response;
    const headers = this.#headers_of(response);
    let length = response.headers.get("content-length");
    if (body) {
      this.#body = new ResponseBody(body);
      const size = length === null ? await this.#body.take_ready() : null;
      if (size !== null) headers.push(["content-length", length = `${size}`]);
    }
    if (this.#closed) return;
    if (length !== null) this.#left = Number(length);
    this.#start_response(status_of(response), headers);
    if (!body || this.#request.method === "HEAD") this.#whole = true;
  }

  #headers_of(response: Response): HeaderList {
    const headers = headers_of(response);
    return this.#mount === ""
      ? headers
      : mount_locations(headers, this.#mount, this.#request.url);
  }

  #take(length: number): void {
    this.#left -= length;
    if (this.#left <= 0) this.#whole = true;
  }

  #end(): IteratorReturnResult<undefined> {
    this.#whole = true;
    return DONE;
  }
}

/** What the servers of srvx say on the `Request` itself, where h3 looks for it. */
function of_srvx({ REMOTE_ADDR }: WSGIEnvironment, context: ExecutionContext) {
  return {
    ip: REMOTE_ADDR,
    waitUntil: (promise: Promise<unknown>) => context.waitUntil(promise),
  };
}

function status_of({ status, statusText }: Response): string {
  const texts: Record<number, string> = STATUS_TEXT;
  return `${status} ${statusText || (texts[status] ?? "")}`;
}

function headers_of({ headers }: Response): HeaderList {
  return [...headers].filter(([name]) => !is_of_server(name));
}

function remote_address(environ: WSGIEnvironment): NetAddress {
  const { REMOTE_ADDR = "", REMOTE_PORT } = environ;
  return {
    transport: "tcp",
    hostname: REMOTE_ADDR,
    port: Number(REMOTE_PORT) || 0,
  };
}
