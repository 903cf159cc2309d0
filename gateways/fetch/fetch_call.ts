/** One call of a fetch handler: what it gets in addition to the request, and how it learns that the request has ended. */

import { platform } from "../../_internal/platform.ts";
import { deferred, is_promise } from "../../_internal/promise.ts";
import { loss_of } from "../../_internal/streams/own_request.ts";
import { describe } from "../../_internal/text/check.ts";
import { refusal } from "../../_internal/text/frames.ts";
import { remedy_of_response } from "../../_internal/text/remedies.ts";
import type { ErrorStream, WSGIEnvironment } from "../../types.ts";
import { type ExecutionContext, wait_for } from "./execution_context.ts";
import type { FetchHandler, NetAddress, WSGIFetchInfo } from "./handler.ts";

/** What a server knows about a request. */
export interface Caller {
  /** The platform's own request; null if there is none, as behind a web server. */
  readonly own: Request | null;
  readonly environ: WSGIEnvironment;
  readonly errors: ErrorStream;
  readonly client_address: readonly [host: string, port: number];
  /** Settles when the response has been sent, or could not be; null if the platform does not tell. */
  readonly completed: Promise<void> | null;
}

/**
 * How a call has ended: the body of the response was read to its end, or it was not, or the response was passed to the
 * platform, which reads the body itself.
 */
type End = "complete" | "left" | "handed on";

/**
 * The second and third argument of a handler in one object, which is created faster than two. Methods for callers of the
 * handler are static, so that the handler does not see them.
 */
export class FetchCall implements WSGIFetchInfo, ExecutionContext {
  #request: Request;
  #caller: Caller;
  #props: Record<string, unknown> | null = null;
  #controller: AbortController | null = null;
  #completed: PromiseWithResolvers<void> | null = null;
  #end: End | null = null;
  /** The error that tells the server that the client has disconnected before the response began. */
  #loss: Error | null = null;
  /** The platform's signal, if it is followed. */
  #followed: AbortSignal | null = null;
  #on_loss: (() => void) | null = null;

  constructor(request: Request, caller: Caller) {
    this.#request = request;
    this.#caller = caller;
    const called = request as CalledRequest;
    called[CALL] = this;
    // A request of srvx has its own, which cannot be assigned.
    if (!("ip" in request)) {
      called.ip = caller.client_address[0];
      called.waitUntil = wait_until;
    }
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
      this.#completed.promise.catch(() => {}); // The handler may ignore it.
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
   * @throws {TypeError} If it returns no `Response`, or one whose body has been read.
   */
  static run(
    call: FetchCall,
    handler: FetchHandler,
  ): Response | Promise<Response> {
    const response = handler(call.#request, call, call);
    return is_promise(response)
      ? Promise.resolve(response).then(check_response, (error) => {
        throw FetchCall.failure_of(call, error);
      })
      : check_response(response);
  }

  static request_of(call: FetchCall): Request {
    return call.#request;
  }

  /** Whether the handler has asked to be told how the request ends. */
  static is_watched(call: FetchCall): boolean {
    return call.#controller !== null || call.#completed !== null;
  }

  /** Records how the call has ended, and tells the handler. Only the first call counts. */
  static end(call: FetchCall, end: End): void {
    call.#end ??= end;
    call.#tell();
  }

  /**
   * `request.signal`. It is aborted when the client disconnects, or when the response is abandoned for another reason,
   * but not after every response, as Deno's own signal is. If the handler asks for it only after its response was passed
   * to the platform, it gets the platform's own signal.
   */
  static signal_of(call: FetchCall): AbortSignal {
    if (call.#end === "handed on") return platform.client_signal(call.#request);
    if (!call.#controller) {
      call.#controller = new AbortController();
      call.#watch_client();
      call.#tell();
    }
    return call.#controller.signal;
  }

  /** Calls `on_loss` if the client disconnects before the response has begun, and the platform tells. */
  static watch(call: FetchCall, on_loss: () => void): void {
    call.#watch_client();
    if (call.#loss) on_loss();
    else call.#on_loss = on_loss;
  }

  /** What a handler or its body fails with: after a disconnect, the error that tells the server of it. */
  static failure_of(call: FetchCall, error: unknown): unknown {
    return call.#loss ?? error; // Most handlers fail when their signal is aborted.
  }

  /** @throws The error that tells the server of a disconnect, after one. */
  static check(call: FetchCall): void {
    if (call.#loss) throw call.#loss;
  }

  /** Follows the platform's signal. Deno aborts it after every response too, but then the call has already ended. */
  #watch_client(): void {
    if (this.#followed || this.#end !== null) return;
    const { own } = this.#caller;
    // Deno aborts the signal of a request that becomes a WebSocket as well.
    if (!own || own.headers.has("upgrade")) return;
    const signal = this.#followed = platform.client_signal(own);
    const leave = () => {
      if (this.#end !== null) return;
      this.#loss = loss_of(own);
      FetchCall.end(this, "left");
      this.#on_loss?.();
    };
    if (signal.aborted) leave();
    else signal.addEventListener("abort", leave, { once: true });
  }

  #tell(): void {
    if (this.#end === "complete") this.#completed?.resolve();
    if (this.#end !== "left") return;
    this.#controller?.abort(this.#loss ? this.#followed?.reason : undefined);
    this.#completed?.reject(
      new DOMException("The response was not sent completely", "AbortError"),
    );
  }
}

const CALL = Symbol("call");

/**
 * The request that a handler gets. `ip` and `waitUntil` are what the servers of srvx add to a request, and where h3 looks
 * for them.
 */
type CalledRequest = Request & {
  [CALL]: FetchCall;
  ip: string;
  waitUntil(promise: Promise<unknown>): void;
};

function wait_until(this: CalledRequest, promise: Promise<unknown>): void {
  this[CALL].waitUntil(promise);
}

/** The property `signal` of every such request: one descriptor, because V8 creates a hidden class for each new getter. */
const SIGNAL: PropertyDescriptor & ThisType<CalledRequest> = {
  configurable: true,
  get() {
    return FetchCall.signal_of(this[CALL]);
  },
};

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
 * Converts a response of another class than the platform's, such as that of the package undici, which frameworks made for
 * Node return.
 *
 * @throws {TypeError} If `value` is not a response.
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
