/** A time limit for responses. */

import { STATUS_CODE } from "@std/http/status";
import { ApplicationResult } from "../_internal/handler/application_result.ts";
import { comes_of } from "../_internal/handler/origin.ts";
import { WatchedPromise } from "../_internal/handler/watched_promise.ts";
import { is_promise, type MaybePromise } from "../_internal/promise.ts";
import { go_through } from "../_internal/request/direct.ts";
import { has_failed_with } from "../_internal/streams/body_source.ts";
import { take_away } from "../_internal/streams/leftover.ts";
import { check_function, describe } from "../_internal/text/check.ts";
import type {
  ErrorStream,
  StartResponse,
  WSGIApplication,
  WSGIEnvironment,
  WSGIResult,
} from "../types.ts";
import { FileWrapper } from "../util.ts";
import { LONGEST, type Waiting } from "./deadlines.ts";
import { type BlockStep, DONE, PassedResult } from "./passed_result.ts";
import { refuse } from "../_internal/handler/refusal.ts";
import { TimeLimit } from "./time_limit.ts";
import { TimedExchange } from "./timed_exchange.ts";

/**
 * Options of {@linkcode limit_time}.
 *
 * @category Middleware
 */
export interface LimitTimeOptions {
  /** The maximum time for the application to respond, in seconds, at most 2147483; 0 means no limit. */
  timeout: number;
  /**
   * Receives a message, without a final line feed, for each request that was not answered in time, and for errors that
   * such an application throws later.
   *
   * @default {`wsgi.errors` of the request}
   */
  log?: (message: string) => void;
}

/**
 * Answers with a 503 (RFC 9110, section 15.6.4) if the application does not respond within `timeout` seconds, and logs
 * that.
 *
 * It has responded when it has called `start_response` and returned its result, when the first block of its result is
 * available, or when it has called `write()`: the rest may take any time. An application that has timed out keeps
 * running, because it cannot be stopped, but its `start_response`, its `write()` and its pending reads of `wsgi.input`
 * fail from then on, and its result is closed when it arrives. A synchronous application cannot be timed: nothing else
 * runs in the meantime. A fetch handler whose `GET` goes past the middleware (see `from_fetch`) has responded when it
 * has returned its `Response`.
 *
 * @param app The application.
 * @param options The time, and the log.
 * @throws {TypeError} If `app` is not a function, `timeout` not a number, or `log` not a function.
 * @throws {RangeError} If `timeout` is negative or too large for a timer.
 *
 * @example
 * ```ts
 * import { to_fetch } from "@tsgi/serve/fetch";
 * import { limit_time } from "@tsgi/serve/middleware";
 * import { assertEquals } from "@std/assert";
 *
 * const messages: string[] = [];
 * const handler = to_fetch(limit_time(
 *   () => new Promise(() => {}), // It never answers.
 *   { timeout: 0.01, log: (message) => void messages.push(message) },
 * ));
 * const response = await handler(new Request("http://localhost/slow"));
 * assertEquals(response.status, 503);
 * assertEquals(messages, [
 *   '"GET /slow HTTP/1.1" was not answered within 0.01 s: 503',
 * ]);
 * ```
 *
 * @category Middleware
 */
export function limit_time(
  app: WSGIApplication,
  { timeout, log }: LimitTimeOptions,
): WSGIApplication {
  check_function(app, "the application");
  check_timeout(timeout);
  if (log !== undefined) check_function(log, "log");
  if (timeout === 0) return app;
  const limit = new TimeLimit(timeout, log ?? null);
  const limited: WSGIApplication = (environ, start_response) => {
    const answer = new Answer(start_response, environ["wsgi.input"]);
    const result = app(environ, answer.start_response);
    if (is_promise(result)) {
      return new Patience(limit, environ, answer).wait_for(result);
    }
    return is_to_begin(result, answer)
      ? new TimedResult(result, new Patience(limit, environ, answer))
      : result;
  };
  return go_through(limited, app, (exchange, answer) => {
    const answered = answer(exchange);
    return is_promise(answered)
      ? new TimedExchange(limit, exchange).wait_for(answered)
      : answered;
  });
}

function check_timeout(timeout: unknown): void {
  const is_number = typeof timeout === "number";
  if (is_number && timeout >= 0 && timeout <= LONGEST) return;
  const error = is_number ? RangeError : TypeError;
  throw new error(
    `timeout takes a number of seconds from 0 to ${LONGEST}, got ${
      describe(timeout)
    }`,
  );
}

/** How far the application's response has come. */
class Answer {
  /** Whether it has called `start_response`. */
  begun = false;
  /** Whether it has called `write()`. */
  written = false;
  /** The error for calls after the timeout; null before it. */
  too_late: Error | null = null;
  /** The server's `start_response`. */
  readonly server: StartResponse;
  /** The body of the request. */
  readonly input: ReadableStream<Uint8Array>;

  constructor(
    start_response: StartResponse,
    input: ReadableStream<Uint8Array>,
  ) {
    this.server = start_response;
    this.input = input;
  }

  readonly start_response: StartResponse = (status, headers, exc_info) => {
    if (this.too_late) throw this.too_late;
    const write = this.server(status, headers, exc_info);
    this.begun = true;
    return (data) => {
      if (this.too_late) {
        return WatchedPromise.of(Promise.reject(this.too_late));
      }
      this.written = true;
      return write(data);
    };
  };
}

/** Whether a result was returned before `start_response` was called, like a generator, and is asynchronous. */
function is_to_begin(result: WSGIResult, { begun }: Answer): boolean {
  return !begun && Symbol.asyncIterator in Object(result) &&
    !(result instanceof FileWrapper);
}

/** Waits for an application, from its call to its response. */
class Patience implements Waiting {
  place = 0;
  deadline = 0;
  #limit: TimeLimit;
  #environ: WSGIEnvironment;
  /** Read at once: an application that is awaited may change the environ. */
  #errors: ErrorStream;
  #answer: Answer;
  /** The response in place of the application's; null until the timeout. */
  page: Promise<Uint8Array[]> | null = null;
  /** Passes the page to what waits for the application. */
  #answer_instead: ((page: Promise<Uint8Array[]>) => void) | null = null;
  /** Whether a result was closed before its first step. */
  #is_cut_short = false;

  constructor(limit: TimeLimit, environ: WSGIEnvironment, answer: Answer) {
    this.#limit = limit;
    this.#environ = environ;
    this.#errors = environ["wsgi.errors"];
    this.#answer = answer;
    limit.deadlines.add(this);
  }

  /** Resolves to the result of the application, or the page in its place. */
  async wait_for(promise: Promise<WSGIResult>): Promise<WSGIResult> {
    const result = await this.#first(
      Promise.resolve(promise),
      (late) => this.close(() => new ApplicationResult(late).close()),
    );
    if (is_to_begin(result, this.#answer)) return new TimedResult(result, this);
    this.end();
    return result;
  }

  /** Resolves to the first step of a result; null if the page takes its place. */
  async wait_for_step(step: Promise<BlockStep>): Promise<BlockStep | null> {
    const first = await this.#first(step, () => {});
    this.end();
    return "length" in first ? null : first;
  }

  /** Stops waiting. */
  end(): void {
    this.#limit.deadlines.delete(this);
  }

  /** Times the application out, unless part of its response has been sent. */
  expire(): void {
    if (this.#answer.written) return;
    const error = this.#answer.too_late = this.#limit.expire(
      this.#environ,
      this.#errors,
    );
    take_away(this.#answer.input, error);
    this.page = this.#make_page(error);
    this.page.catch(() => {}); // What waits for it gets the error.
    this.#answer_instead?.(this.page);
  }

  async #make_page(error: Error): Promise<Uint8Array[]> {
    const code = STATUS_CODE.ServiceUnavailable;
    return refuse(this.#environ, this.#answer.server, code, [], error);
  }

  /** Closes a result whose first step did not come in time and is no longer needed. */
  cut_short(result: ApplicationResult): void {
    this.#is_cut_short = true;
    this.close(() => result.close());
  }

  /** Closes what came too late, without making anybody wait. */
  async close(close: () => MaybePromise): Promise<void> {
    try {
      await close();
    } catch (error) {
      this.#log_late(error);
    }
  }

  /** Resolves to `outcome` or the page, whichever is first. A late outcome is passed to `drop`. */
  #first<T>(
    outcome: Promise<T>,
    drop: (late: T) => void,
  ): Promise<T | Uint8Array[]> {
    return new Promise((resolve, reject) => {
      this.#answer_instead = resolve;
      const fail = (error: unknown) => {
        if (this.page) return this.#log_late(error);
        this.end();
        reject(error);
      };
      outcome.then((it) => this.page ? drop(it) : resolve(it), fail);
    });
  }

  /** Logs an error of an application that has timed out. */
  #log_late(error: unknown): void {
    if (this.#is_expected(error)) return;
    this.#limit.log_late(this.#environ, this.#errors, error);
  }

  /** Whether an error is only a consequence of the timeout. */
  #is_expected(error: unknown): boolean {
    const { too_late, input } = this.#answer;
    const is_told = comes_of(
      error,
      (error) => error === too_late || has_failed_with(input, error),
    );
    if (is_told) return true;
    // Aborted operations throw an AbortError, and validator reports that the result has ended too early.
    return this.#is_cut_short && error instanceof Error &&
      /^(AbortError|WSGIError)$/.test(error.name);
  }
}

/** A result whose first step has a time limit. */
class TimedResult extends PassedResult {
  /** Null after the first step came in time. */
  #patience: Patience | null;
  #refused = false;

  constructor(result: WSGIResult, patience: Patience) {
    super(result);
    this.#patience = patience;
  }

  override next(): Promise<BlockStep> {
    return this.#patience ? this.#first(this.#patience) : super.next();
  }

  override close(): MaybePromise {
    const patience = this.#patience;
    patience?.end();
    if (!patience?.page) return super.close();
    patience.cut_short(this.blocks);
  }

  async #first(patience: Patience): Promise<BlockStep> {
    if (this.#refused) return DONE;
    if (!patience.page) {
      const step = await patience.wait_for_step(super.next());
      if (step) {
        this.#patience = null;
        return step;
      }
    }
    this.#refused = true;
    const [page] = await patience.page!;
    return page ? { value: page } : DONE;
  }
}
