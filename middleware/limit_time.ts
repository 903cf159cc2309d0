/** The time that an application has to answer. */

import { STATUS_CODE } from "@std/http/status";
import { ApplicationResult } from "../_internal/handler/application_result.ts";
import { comes_of } from "../_internal/handler/origin.ts";
import { format_exception } from "../_internal/handler/traceback.ts";
import { WatchedPromise } from "../_internal/handler/watched_promise.ts";
import { is_promise, type MaybePromise } from "../_internal/promise.ts";
import {
  request_line,
  type Variables,
} from "../_internal/request/variables.ts";
import { has_failed_with } from "../_internal/streams/body_source.ts";
import { check_function, describe } from "../_internal/text/check.ts";
import { escape_controls } from "../_internal/text/log.ts";
import type {
  ErrorStream,
  StartResponse,
  WSGIApplication,
  WSGIEnvironment,
  WSGIResult,
} from "../types.ts";
import { FileWrapper } from "../util.ts";
import { Deadlines, LONGEST, type Waiting } from "./deadlines.ts";
import { type BlockStep, DONE, PassedResult } from "./passed_result.ts";
import { refuse } from "../_internal/handler/refusal.ts";

/** What {@linkcode limit_time} allows, and where it says that it was too long. */
export interface LimitTimeOptions {
  /** How long the application may take to answer, in seconds, at most 2147483; 0 is no limit. */
  timeout: number;
  /**
   * Takes a message, without a line feed at its end, for each request that was not answered in time, and for what
   * such an application threw later.
   *
   * @default {`wsgi.errors` of the request}
   */
  log?: (message: string) => void;
}

/**
 * Answers with a 503 (RFC 9110, section 15.6.4) where the application does not within `timeout` seconds, and has that
 * logged.
 *
 * It has answered when it has called `start_response` and returned its result, when the first block of its result is
 * there, or when it has called `write()`: how long the rest takes does not matter. An application that is given up
 * runs on, as nobody can stop it, but its `start_response` and its `write()` fail from then on, and its result is
 * closed when it comes. One that answers without a promise is not timed, nor could it be: nothing else runs meanwhile.
 *
 * @param app The application.
 * @param options The time, and the log.
 * @throws {TypeError} If `app` is no function, `timeout` no number, or `log` no function.
 * @throws {RangeError} If `timeout` is negative, or more than a timer can wait.
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
 */
export function limit_time(
  app: WSGIApplication,
  { timeout, log }: LimitTimeOptions,
): WSGIApplication {
  check_function(app, "the application");
  check_timeout(timeout);
  if (log !== undefined) check_function(log, "log");
  if (timeout === 0) return app;
  const limit: TimeLimit = {
    timeout,
    deadlines: new Deadlines(timeout * 1000),
    log: log ?? null,
  };
  return (environ, start_response) => {
    const answer = new Answer(start_response, environ["wsgi.input"]);
    const result = app(environ, answer.start_response);
    if (is_promise(result)) {
      return new Patience(limit, environ, answer).wait_for(result);
    }
    return is_to_begin(result, answer)
      ? new TimedResult(result, new Patience(limit, environ, answer))
      : result;
  };
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

interface TimeLimit {
  timeout: number;
  deadlines: Deadlines;
  /** Takes the messages; null where they go to `wsgi.errors`. */
  log: ((message: string) => void) | null;
}

/** What the application has said of its answer so far. */
class Answer {
  /** Whether it has called `start_response`. */
  begun = false;
  /** Whether it has called `write()`. */
  written = false;
  /** What it is told when it says something after its time; null within that. */
  too_late: Error | null = null;
  /** The server's. */
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

/** Whether a result comes before the application has called `start_response`, as a generator does, and need not come at once. */
function is_to_begin(result: WSGIResult, { begun }: Answer): boolean {
  return !begun && Symbol.asyncIterator in Object(result) &&
    !(result instanceof FileWrapper);
}

/** How an application is waited for, from its call to its answer. */
class Patience implements Waiting {
  place = 0;
  deadline = 0;
  #limit: TimeLimit;
  #environ: WSGIEnvironment;
  #errors: ErrorStream;
  #answer: Answer;
  /** What is answered in the place of the application; null as long as it is not given up. */
  page: Promise<Uint8Array[]> | null = null;
  /** Gives the page to whoever waits for the application. */
  #answer_instead: ((page: Promise<Uint8Array[]>) => void) | null = null;
  /** Whether a result is closed whose first step is still to come. */
  #is_cut_short = false;

  constructor(limit: TimeLimit, environ: WSGIEnvironment, answer: Answer) {
    this.#limit = limit;
    this.#environ = environ;
    this.#errors = environ["wsgi.errors"];
    this.#answer = answer;
    limit.deadlines.add(this);
  }

  /** The result of the application, or the page in its place. */
  async wait_for(promise: Promise<WSGIResult>): Promise<WSGIResult> {
    const result = await this.#first(
      Promise.resolve(promise),
      (late) => this.close(() => new ApplicationResult(late).close()),
    );
    if (is_to_begin(result, this.#answer)) return new TimedResult(result, this);
    this.end();
    return result;
  }

  /** The first step of a result; null where the page takes its place. */
  async wait_for_step(step: Promise<BlockStep>): Promise<BlockStep | null> {
    const first = await this.#first(step, () => {});
    this.end();
    return "length" in first ? null : first;
  }

  /** Does not wait any more. */
  end(): void {
    this.#limit.deadlines.delete(this);
  }

  /** Gives the application up, unless a part of its answer is out. */
  expire(): void {
    if (this.#answer.written) return;
    const { timeout } = this.#limit;
    const error = this.#answer.too_late = new Error(
      `the application was given up: it had not answered within ${timeout} s`,
    );
    this.#log(`${this.#name()} was not answered within ${timeout} s: 503`);
    this.page = this.#make_page(error);
    this.page.catch(() => {}); // Whoever waits for it is told.
    this.#answer_instead?.(this.page);
  }

  async #make_page(error: Error): Promise<Uint8Array[]> {
    const code = STATUS_CODE.ServiceUnavailable;
    return refuse(this.#environ, this.#answer.server, code, [], error);
  }

  /** Closes a result of which nothing has come in time, and need not come any more. */
  cut_short(result: ApplicationResult): void {
    this.#is_cut_short = true;
    this.close(() => result.close());
  }

  /** Closes what came too late; nobody waits for that. */
  async close(close: () => MaybePromise): Promise<void> {
    try {
      await close();
    } catch (error) {
      this.#log_late(error);
    }
  }

  /** What comes first: `outcome`, or the page in its place. A late outcome is given to `drop`. */
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

  /** Logs what an application that was given up has failed with. */
  #log_late(error: unknown): void {
    if (this.#is_expected(error)) return;
    const text = format_exception(error).trimEnd();
    this.#log(`${this.#name()} failed after it was given up: ${text}`);
  }

  #log(message: string): void {
    const { log } = this.#limit;
    if (log) return log(message);
    this.#errors.write(`${message}\n`);
    this.#errors.flush();
  }

  /** Whether an error only says that the application was given up. */
  #is_expected(error: unknown): boolean {
    const { too_late, input } = this.#answer;
    const is_told = comes_of(
      error,
      (error) => error === too_late || has_failed_with(input, error),
    );
    if (is_told) return true;
    // What obeys a signal says so, and validator finds that the result has ended too early.
    return this.#is_cut_short && error instanceof Error &&
      /^(AbortError|WSGIError)$/.test(error.name);
  }

  /** The request, for the log. */
  #name(): string {
    const line = request_line(this.#environ as unknown as Variables);
    return `"${escape_controls(line)}"`;
  }
}

/** A result whose first step has its time, and only that. */
class TimedResult extends PassedResult {
  /** Null when the first step came in time. */
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
