/** Shared by the tests of access formats: a request with its response, a fixed time, random characters. */

import type { Answered } from "../../../cli/logs/access_format.ts";
import { Headers } from "../../../headers.ts";
import { int, pick } from "../../support/random.ts";
import { text } from "../../support/support.ts";

/** The native string for a text in UTF-8. */
export function native(value: string): string {
  return text(new TextEncoder().encode(value));
}

/** The environ of a request from a browser. */
export const ENVIRON = {
  REMOTE_ADDR: "192.0.2.1",
  REQUEST_METHOD: "GET",
  SCRIPT_NAME: "/app",
  PATH_INFO: "/a b",
  QUERY_STRING: "c=d",
  REQUEST_URI: "/app/a%20b?c=d",
  SERVER_PROTOCOL: "HTTP/1.1",
  CONTENT_TYPE: "text/x",
  CONTENT_LENGTH: "7",
  HTTP_REFERER: "http://a.example/",
  HTTP_USER_AGENT: 'A "B"',
  HTTP_X_FORWARDED_FOR: "198.51.100.1",
  "wsgi.url_scheme": "http",
  "wsgi.version": [1, 0],
};

export const HEADERS = new Headers([
  ["Content-Type", "text/plain"],
  ["Set-Cookie", "a=1"],
  ["Set-Cookie", "b=2"],
  ["X-Empty", ""],
]);

/** A request with a response of status 200 and 12 bytes. */
export function answered(
  environ: Record<string, unknown> = ENVIRON,
  rest: Partial<Answered> = {},
): Answered {
  return {
    environ,
    status: "200 OK",
    size: 12,
    headers: HEADERS,
    started: 0,
    ...rest,
  };
}

/** Calls `make` at a fixed time, in milliseconds: `now` since 1970, `running` since the start of the process. */
export function while_it_is<Result>(
  { now, running = 0 }: { now: number; running?: number },
  make: () => Result,
): Result {
  const { now: date_now } = Date;
  const { now: performance_now } = performance;
  Date.now = () => now;
  performance.now = () => running;
  try {
    return make();
  } finally {
    Date.now = date_now;
    performance.now = performance_now;
  }
}

/** Characters that could be used to forge a line, and some harmless ones. */
export const CHARACTERS = [
  ..."\0\t\n\r\x1b \"'\\%[](){}x0nu:,/-",
  ..."\x7f\x85\x9b\xa0\xc2\xc3\xa9\xe2\x80\xa8\xff\u20ac\u2028\ud800",
];

/** An environ in which every variable consists of these. */
export function random_environ(next: () => number): Record<string, string> {
  return Object.fromEntries(
    Object.keys(ENVIRON).map((key) => [
      key,
      Array.from({ length: int(next, 0, 12) }, () => pick(next, CHARACTERS))
        .join(""),
    ]),
  );
}
