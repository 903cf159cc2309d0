/** The shortcut from a web server to a fetch handler, past the middleware that lets its request pass. */

import { type DirectAnswer, Exchange } from "../_internal/request/direct.ts";
import {
  has_content,
  head_of_environ,
  type RequestHead,
} from "../_internal/request/request_head.ts";
import {
  request_line_length,
  type Variables,
} from "../_internal/request/variables.ts";
import { is_promise } from "../_internal/promise.ts";
import type {
  ErrorStream,
  StartResponse,
  WSGIApplication,
  WSGIEnvironment,
  WSGIResult,
} from "../types.ts";
import { get_request_of } from "./fetch/request.ts";

/** An application that takes the shortcut to another one, if its request allows that. */
export class Shortcut {
  #app: WSGIApplication;
  #answer: DirectAnswer;
  #exchange: Exchange | null = null;
  /** Ends the wait for an answer. */
  #end_wait: ((result: WSGIResult) => void) | null = null;

  constructor(app: WSGIApplication, answer: DirectAnswer) {
    this.#app = app;
    this.#answer = answer;
  }

  run(
    environ: WSGIEnvironment,
    start_response: StartResponse,
  ): WSGIResult | Promise<WSGIResult> {
    if (environ.REQUEST_METHOD !== "GET") {
      return this.#app(environ, start_response);
    }
    const exchange = this.#exchange = new GatewayExchange(environ);
    // The protocol needs the headers and the blocks of a response, so what answers is an application. A Response only
    // comes after `leave()`, when nothing is waited for any more.
    const answered = this.#answer(exchange) as
      | WSGIApplication
      | Promise<WSGIApplication>;
    if (!is_promise(answered)) return answered(environ, start_response);
    return new Promise((resolve, reject) => {
      this.#end_wait = resolve;
      answered.then((app) => resolve(app(environ, start_response)))
        .catch(reject);
    });
  }

  /** Tells a handler that has not answered yet that its client has disconnected. */
  leave(): void {
    this.#exchange?.on_leave?.();
    this.#end_wait?.([]);
  }
}

/** A request on the shortcut. */
class GatewayExchange extends Exchange {
  readonly completed = null;
  readonly environ: WSGIEnvironment;

  constructor(environ: WSGIEnvironment) {
    super(null, true);
    this.environ = environ;
  }

  get mount(): string {
    return this.environ.SCRIPT_NAME ?? "";
  }

  request_at(mount: string): Request {
    return get_request_of(this.environ, mount);
  }

  get line_size(): number {
    return request_line_length(this.environ as unknown as Variables);
  }

  /** The host has been checked before an application is called. */
  get is_regular(): boolean {
    return !has_content(this.environ);
  }

  protected read_head(): RequestHead {
    return head_of_environ(this.environ);
  }

  get client_address(): [string, number] {
    const { REMOTE_ADDR = "", REMOTE_PORT } = this.environ;
    return [REMOTE_ADDR, Number(REMOTE_PORT) || 0];
  }

  get errors(): ErrorStream {
    return this.environ["wsgi.errors"];
  }
}
