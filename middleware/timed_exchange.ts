/** A request on the shortcut to a fetch handler whose time is limited. */

import { STATUS_CODE } from "@std/http/status";
import { refuse } from "../_internal/handler/refusal.ts";
import type { Answered, Exchange } from "../_internal/request/direct.ts";
import type { WSGIApplication, WSGIEnvironment } from "../types.ts";
import type { Waiting } from "./deadlines.ts";
import type { TimeLimit } from "./time_limit.ts";

export class TimedExchange implements Waiting {
  place = 0;
  deadline = 0;
  #limit: TimeLimit;
  #exchange: Exchange;
  #answer_instead: ((page: WSGIApplication) => void) | null = null;
  /** The environ, once the time is over: a handler that has ended would make another one. */
  #expired: WSGIEnvironment | null = null;

  constructor(limit: TimeLimit, exchange: Exchange) {
    this.#limit = limit;
    this.#exchange = exchange;
    limit.deadlines.add(this);
  }

  /** Resolves to the answer, or to the page in its place. */
  wait_for(answered: Promise<Answered>): Promise<Answered> {
    return new Promise((resolve, reject) => {
      this.#answer_instead = resolve;
      answered.then((answered) => {
        this.#limit.deadlines.delete(this);
        resolve(answered); // Nobody receives a late one, which has been released.
      }, (error) => {
        if (this.#expired) return this.#log_late(this.#expired, error);
        this.#limit.deadlines.delete(this);
        reject(error);
      });
    });
  }

  expire(): void {
    const { environ, errors, on_leave } = this.#exchange;
    this.#expired = environ;
    this.#limit.expire(environ, errors);
    on_leave?.();
    this.#answer_instead?.((environ, start_response) =>
      refuse(environ, start_response, STATUS_CODE.ServiceUnavailable)
    );
  }

  /** Logs an error of a handler that has timed out, unless it only reports that its signal was aborted. */
  #log_late(environ: WSGIEnvironment, error: unknown): void {
    const is_expected = error instanceof Error && error.name === "AbortError";
    if (is_expected) return;
    this.#limit.log_late(environ, this.#exchange.errors, error);
  }
}
