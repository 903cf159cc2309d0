/** One call of a fetch handler: what it is given beside the request, and how it hears of the end. */

import { platform } from "../../_internal/platform.ts";
import { deferred, is_promise } from "../../_internal/promise.ts";
import { describe } from "../../_internal/text/check.ts";
import { refusal } from "../../_internal/text/frames.ts";
import { remedy_of_response } from "../../_internal/text/remedies.ts";
import type { ErrorStream, WSGIEnvironment } from "../../types.ts";
import { type ExecutionContext, wait_for } from "./execution_context.ts";
import type { FetchHandler, NetAddress, WSGIFetchInfo } from "./handler.ts";

/** What is known of a request beside the `Request`. */
export interface Caller {
  readonly environ: WSGIEnvironment;
  readonly errors: ErrorStream;
  readonly client_address: readonly [host: string, port: number];
  /** Settles when the response is complete, or has been left; null where nobody says so. */
  readonly completed: Promise<void> | null;
}

/** How a call has ended. */
type End = "complete" | "left" | "handed on";

/** Second and third argument of a handler at once, since one object is made faster than two. What is done with it is static, and none of the handler's. */
export class FetchCall implements WSGIFetchInfo, ExecutionContext {
  #request: Request;
  #caller: Caller;
  #props: Record<string, unknown> | null = null;
  #controller: AbortController | null = null;
  #signal: AbortSignal | null = null;
  #completed: PromiseWithResolvers<void> | null = null;
  #end: End | null = null;

  constructor(request: Request, caller: Caller) {
    this.#request = request;
    this.#caller = caller;
    const called = request as CalledRequest;
    called[CALL] = this;
    called.ip = caller.client_address[0];
    called.waitUntil = wait_until;
    Object.defineProperty(request, "signal", SIGNAL);
  }

  get remoteAddr(): NetAddress {
    const [hostname, port] = this.#caller.client_address;
    return { transport: "tcp", hostname, port };
  }

  get environ(): WSGIEnvironment {
    return this.#caller.environ;
  }

  get completed(): Promise<void> {
    if (this.#end === "handed on") {
      return this.#caller.completed ?? Promise.resolve();
    }
    if (!this.#completed) {
      this.#completed = deferred();
      this.#completed.promise.catch(() => {}); // The handler need not look at it.
      this.#tell();
    }
    return this.#completed.promise;
  }

  waitUntil(promise: Promise<unknown>): void {
    wait_for(promise, this.#caller.errors);
  }

  passThroughOnException(): void {}

  get props(): Record<string, unknown> {
    return this.#props ??= {};
  }

  /**
   * Calls the handler.
   *
   * @throws {TypeError} If it gives no `Response`, or one whose body has been read.
   */
  static run(
    call: FetchCall,
    handler: FetchHandler,
  ): Response | Promise<Response> {
    const response = handler(call.#request, call, call);
    return is_promise(response)
      ? Promise.resolve(response).then(check_response)
      : check_response(response);
  }

  static request_of(call: FetchCall): Request {
    return call.#request;
  }

  /** Whether the handler has asked how it ends. */
  static is_watched(call: FetchCall): boolean {
    return call.#controller !== null || call.#completed !== null;
  }

  /** Tells the handler how it has ended; once the platform has the response, that does. */
  static end(call: FetchCall, end: End): void {
    call.#end ??= end;
    call.#tell();
  }

  /** `request.signal`, which is aborted when the response is left, and not after every response. */
  static signal_of(call: FetchCall): AbortSignal {
    if (call.#end === "handed on") return own_signal!.call(call.#request);
    if (!call.#signal) {
      const { signal } = call.#controller = new AbortController();
      call.#signal = platform.aborts_after_responses
        ? signal
        : AbortSignal.any([signal, own_signal!.call(call.#request)]);
      call.#tell();
    }
    return call.#signal;
  }

  #tell(): void {
    if (this.#end === "complete") this.#completed?.resolve();
    if (this.#end !== "left") return;
    this.#controller?.abort();
    this.#completed?.reject(
      new DOMException("The response was left before its end", "AbortError"),
    );
  }
}

const CALL = Symbol("call");

/** A request that a handler is called with; what the servers of srvx say on it is there as well, where h3 looks for it. */
type CalledRequest = Request & {
  [CALL]: FetchCall;
  ip: string;
  waitUntil(promise: Promise<unknown>): void;
};

function wait_until(this: CalledRequest, promise: Promise<unknown>): void {
  this[CALL].waitUntil(promise);
}

/** The property of every such request, as one object: of a getter for each V8 would make a table of its own. */
const SIGNAL: PropertyDescriptor & ThisType<CalledRequest> = {
  configurable: true,
  get() {
    return FetchCall.signal_of(this[CALL]);
  },
};

/** The signal that a request of the platform has otherwise. */
const { get: own_signal } = Object.getOwnPropertyDescriptor(
  Request.prototype,
  "signal",
)!;

function check_response(response: Response): Response {
  if (!(response instanceof Response)) return adopted(response);
  if (response.bodyUsed) {
    throw refusal(
      "the body of the Response has been read before: a fetch handler must return a new one for each request",
    );
  }
  return response;
}

/**
 * A response of a class that is not the platform's, as that of the package undici: frameworks made for Node return it.
 *
 * @throws {TypeError} If it is none.
 */
function adopted(value: unknown): Response {
  const { status, statusText, headers, body, bodyUsed } =
    (value ?? {}) as Partial<Response>;
  const is_response = typeof status === "number" && bodyUsed === false &&
    typeof headers?.forEach === "function" &&
    (body === null || body instanceof ReadableStream);
  if (is_response) {
    // As a list: a repeated Set-Cookie is several headers.
    const list: [string, string][] = [];
    headers.forEach((text, name) => list.push([name, text]));
    return new Response(body, { status, statusText, headers: list });
  }
  throw refusal(
    `a fetch handler must return a Response, got ${describe(value)}${
      remedy_of_response(value)
    }`,
  );
}
