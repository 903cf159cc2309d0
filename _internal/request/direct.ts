/**
 * A shortcut between a server and an application, like `wsgi.file_wrapper` (PEP 3333): a fetch handler may get the
 * platform's own `Request`, and its `Response` may be sent as it is, if nothing in between has to see or change either.
 */

import { remember } from "../remember.ts";
import { is_host } from "./host.ts";
import { names } from "./request.ts";
import { head_of_request, type RequestHead } from "./request_head.ts";
import type {
  ErrorStream,
  HeaderList,
  WSGIApplication,
  WSGIEnvironment,
} from "../../types.ts";

/** A response that is sent as it is, as `start_response` would have been told. */
export interface SentResponse {
  status: string;
  headers: HeaderList;
  /** The number of bytes in its body. */
  size: number;
}

/** A request on the shortcut. */
export abstract class Exchange {
  /** The platform's own request; null if there is none, as behind a web server. */
  readonly own: Request | null;
  /** Whether the server has to know the number of bytes in the body of the response. */
  readonly is_counted: boolean;
  /** What a response is that is sent as it is, if the server has to know that. */
  sent: SentResponse | null = null;
  /** Set by the application, and called if its response is no longer wanted. */
  on_leave: (() => void) | null = null;
  #head: RequestHead | null = null;

  constructor(own: Request | null, is_counted: boolean) {
    this.own = own;
    this.is_counted = is_counted;
  }

  /** `SCRIPT_NAME`. */
  abstract readonly mount: string;
  /** The request, with a URL that lacks `mount`: that of the exchange, or "". */
  abstract request_at(mount: string): Request;
  /** The length of the request line, or more. */
  abstract readonly line_size: number;
  /** Whether the headers contain nothing that `refused_with` and `add_host` would act on. */
  abstract readonly is_regular: boolean;
  /** The address of the client; `["", 0]` if it is not known. */
  abstract readonly client_address: readonly [host: string, port: number];
  /** The stream for `wsgi.errors`. */
  abstract readonly errors: ErrorStream;
  /** The environ, which may be created when it is read. */
  abstract readonly environ: WSGIEnvironment;
  /** Settles when the response has been sent or aborted; null if the server does not report that. */
  abstract readonly completed: Promise<void> | null;

  /** What is checked of the headers. */
  get head(): RequestHead {
    return this.#head ??= this.read_head();
  }

  protected abstract read_head(): RequestHead;
}

/** A request that came from the platform, and is handed on. */
export abstract class OwnExchange extends Exchange {
  declare readonly own: Request;
  readonly mount = "";

  constructor(own: Request, is_counted: boolean) {
    super(own, is_counted);
  }

  request_at(_mount: string): Request {
    return this.own;
  }

  get line_size(): number {
    return this.own.url.length + AROUND_TARGET;
  }

  get is_regular(): boolean {
    const { host, has_content } = this.head;
    if (has_content) return false;
    const { url } = this.own;
    return host === null ||
      is_host(host) && names(url, url.indexOf("://") + "://".length, host);
  }

  protected read_head(): RequestHead {
    return head_of_request(this.own);
  }
}

/** What a request line has beside its target. */
const AROUND_TARGET = "GET  HTTP/1.1".length;

/** The response, or an application that continues by WSGI. */
export type Answered = Response | WSGIApplication;

/** Answers a request on the shortcut. It throws, or rejects with, the errors of the application. */
export type DirectAnswer = (exchange: Exchange) => Answered | Promise<Answered>;

/** An application that fails with the error of a `DirectAnswer`, so that it is handled as by WSGI. */
export function failing_with(error: unknown): WSGIApplication {
  return () => {
    throw error;
  };
}

/** The `DirectAnswer` of an application; null if it offers no shortcut. */
export function answer_of(app: WSGIApplication): DirectAnswer | null {
  return (app as DirectApplication)[ANSWER] ?? null;
}

/** The key of a `DirectAnswer` in an application. */
const ANSWER = Symbol("answers a Request");

type DirectApplication = WSGIApplication & { [ANSWER]?: DirectAnswer };

/** Offers the shortcut to `app`. */
export function offer_direct_way(
  app: WSGIApplication,
  answer: DirectAnswer,
): WSGIApplication {
  return Object.assign(app, { [ANSWER]: answer });
}

/**
 * Offers a shortcut through `middleware`, if the application behind it has one.
 *
 * @param passes Whether the middleware does nothing to the request; one that it might refuse or change takes the way of
 * WSGI.
 */
export function let_pass(
  middleware: WSGIApplication,
  app: WSGIApplication,
  passes: (exchange: Exchange) => boolean,
): WSGIApplication {
  return go_through(
    middleware,
    app,
    (exchange, answer) =>
      exchange.is_regular && passes(exchange) ? answer(exchange) : middleware,
  );
}

/** Offers a shortcut through `middleware`, if the application behind it has one, which `through` calls. */
export function go_through(
  middleware: WSGIApplication,
  app: WSGIApplication,
  through: (
    exchange: Exchange,
    answer: DirectAnswer,
  ) => Answered | Promise<Answered>,
): WSGIApplication {
  const answer = answer_of(app);
  if (!answer) return middleware;
  return offer_direct_way(
    middleware,
    (exchange) => through(exchange, answer),
  );
}

/** A URL that parsing does not change; `request.url` of Deno is as it was sent. */
const PLAIN_URL = RegExp(
  "^https?://(?:(?:[a-z\\d-]+\\.)*[a-z][a-z\\d-]*|\\d{1,3}(?:\\.\\d{1,3}){3})(?::(?!80/|443/)(?:[1-9]\\d{0,3}|[1-5]\\d{4}|6[0-4]\\d{3}))?" +
    "/[\\w\\-~!$&'()*+,;=:@%/.]*(?:\\?[\\w\\-~!$&()*+,;=:@%/.?]*)?$",
);

/**
 * The shortcut to `app` for a request; null if the request has to go by WSGI: one that may have a body, which the
 * server must look after, and one whose URL changes when it is parsed. The headers are not looked at: creating them
 * takes as long as half of a small request to a bare `Deno.serve`.
 */
export function direct_way(
  app: WSGIApplication,
  { method, url }: Request,
): DirectAnswer | null {
  const answer = answer_of(app);
  return answer && method === "GET" && is_plain_url(url) ? answer : null;
}

/**
 * Whether parsing a URL does not change it. Dot segments, and numbers with leading zeros in an IPv4 address, do change
 * one.
 */
export const is_plain_url = remember((url): boolean =>
  PLAIN_URL.test(url) && !/\/\.|%2e|[/.]0\d/i.test(url)
);
