/**
 * What a server and an application of this package may agree on past WSGI, as PEP 3333 has it for
 * `wsgi.file_wrapper`: that the platform's own `Request` goes in, and the platform's own `Response` out, where nothing
 * stands between the two that would have to see either.
 */

import { remember } from "../remember.ts";
import { is_host } from "./host.ts";
import { names } from "./request.ts";
import type {
  ErrorStream,
  WSGIApplication,
  WSGIEnvironment,
} from "../../types.ts";

/** A request, as a server has it. */
export interface Exchange {
  readonly request: Request;
  /** Where it came from; `["", 0]` where that is not known. */
  readonly client_address: readonly [host: string, port: number];
  /** Where `wsgi.errors` goes. */
  readonly errors: ErrorStream;
  /** Its environ, which is made when it is asked for. */
  readonly environ: WSGIEnvironment;
  /** Settles when the response is complete, or has been left; null where nobody says so. */
  readonly completed: Promise<void> | null;
  /** Whether somebody is told how many bytes the body of the response has. */
  readonly is_counted: boolean;
}

/** The `Response` for the client; or an application that goes on by WSGI. */
export type Answered = Response | WSGIApplication;

/** Answers a request so. */
export type DirectAnswer = (exchange: Exchange) => Answered | Promise<Answered>;

/** The member of an application that takes requests so. */
export const ANSWER = Symbol("answers a Request");

/** An application that does. */
export type DirectApplication = WSGIApplication & {
  [ANSWER]?: DirectAnswer;
};

/** A URL that a parser would leave as it is: Deno has it as it was sent. */
const PLAIN_URL = RegExp(
  "^https?://(?:(?:[a-z\\d-]+\\.)*[a-z][a-z\\d-]*|\\d{1,3}(?:\\.\\d{1,3}){3})(?::(?!80/|443/)[1-9]\\d*)?" +
    "/[\\w\\-~!$&'()*+,;=:@%/.]*(?:\\?[\\w\\-~!$&()*+,;=:@%/.?]*)?$",
);

/**
 * What takes a request past WSGI; null where it has to go through it: one that may have a body, which somebody has to
 * look after, a URL that says something else once it is parsed, or headers that the request is refused for or that
 * name another host than the URL.
 */
export function direct_way(
  app: WSGIApplication,
  { method, url, headers }: Request,
): DirectAnswer | null {
  const answer = (app as DirectApplication)[ANSWER];
  if (!answer || method !== "GET") return null;
  return is_plain(url) && agrees(url, headers) ? answer : null;
}

/** Whether headers say nothing that `refused_with` and `add_host` would have to look at. */
function agrees(url: string, headers: Headers): boolean {
  const host = headers.get("host");
  const is_same = host === null ||
    is_host(host) && names(url, url.indexOf("://") + "://".length, host);
  return is_same && headers.get("transfer-encoding") === null;
}

/** Neither are segments of dots, nor numbers with a zero before them. */
const is_plain = remember((url): boolean =>
  PLAIN_URL.test(url) && !/\/\.|%2e|[/.]0\d/i.test(url)
);
