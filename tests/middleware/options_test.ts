/** What middleware takes, and how it refuses anything else. */

import { assertEquals, assertThrows } from "@std/assert";
import {
  limit_body,
  limit_concurrency,
  limit_request,
  limit_time,
  mount_at,
  trust_forwarded,
} from "../../middleware/mod.ts";
import type { WSGIApplication } from "../../types.ts";
import { run_app } from "../support/support.ts";

const app: WSGIApplication = (_environ, start_response) => {
  start_response("200 OK", [["Content-Type", "text/plain"]]);
  return [];
};

/** Options as a program without types gives them. */
// deno-lint-ignore no-explicit-any
type Anything = any;

const none: Anything = undefined;

/** What is given, the class of the error, and its message. */
type Row = [call: () => unknown, error: ErrorConstructor, message: string];

/** The rows of an option that counts something. */
function counts(
  wrap: (value: Anything) => unknown,
  name: string,
  what: string,
): Row[] {
  const wrong: [value: unknown, error: ErrorConstructor, shown: string][] = [
    [-1, RangeError, "-1"],
    [1.5, RangeError, "1.5"],
    [NaN, RangeError, "NaN"],
    [Infinity, RangeError, "Infinity"],
    [2 ** 53, RangeError, "9007199254740992"],
    ["5", TypeError, '"5"'],
    [5n, TypeError, "5"],
    [null, TypeError, "null"],
    [[], TypeError, "an array of 0"],
  ];
  return wrong.map(([value, error, shown]) => [
    () => wrap(value),
    error,
    `${name} takes a whole number of ${what}, 0 or more, got ${shown}`,
  ]);
}

const seconds = "timeout takes a number of seconds from 0 to 2147483, got";
const proxies = "trusted takes IP addresses, ranges such as 10.0.0.0/8 " +
  "(from their first address), unix and *, with commas between them, got";
const path = "script_name takes a path such as /prefix, with a leading " +
  "slash, no trailing slash, and no character that a URL encodes, got";
const no_application = "the application must be a function, got undefined";

const rows: Row[] = [
  [() => limit_body(none, { max_size: 1 }), TypeError, no_application],
  [() => limit_request(none), TypeError, no_application],
  [() => limit_time(none, { timeout: 1 }), TypeError, no_application],
  [
    () => limit_concurrency(none, { max_concurrent: 1 }),
    TypeError,
    no_application,
  ],
  [() => trust_forwarded(none, { trusted: "" }), TypeError, no_application],
  [() => mount_at(none, { script_name: "/a" }), TypeError, no_application],

  ...counts((max_size) => limit_body(app, { max_size }), "max_size", "bytes"),
  ...counts((line) => limit_request(app, { line }), "line", "bytes"),
  ...counts(
    (fields) => limit_request(app, { fields }),
    "fields",
    "header fields",
  ),
  ...counts(
    (field_size) => limit_request(app, { field_size }),
    "field_size",
    "bytes",
  ),
  ...counts(
    (max_concurrent) => limit_concurrency(app, { max_concurrent }),
    "max_concurrent",
    "requests",
  ),

  [() => limit_time(app, { timeout: -1 }), RangeError, `${seconds} -1`],
  [() => limit_time(app, { timeout: NaN }), RangeError, `${seconds} NaN`],
  [
    () => limit_time(app, { timeout: 2147484 }),
    RangeError,
    `${seconds} 2147484`,
  ],
  [
    () => limit_time(app, { timeout: "30" as Anything }),
    TypeError,
    `${seconds} "30"`,
  ],
  [
    () => limit_time(app, { timeout: none }),
    TypeError,
    `${seconds} undefined`,
  ],
  [
    () => limit_time(app, { timeout: 1, log: "stderr" as Anything }),
    TypeError,
    'log must be a function, got "stderr"',
  ],

  [
    () => trust_forwarded(app, { trusted: "localhost" }),
    TypeError,
    `${proxies} "localhost"`,
  ],
  [
    () => trust_forwarded(app, { trusted: ["::1", "10.0.0.0/33"] }),
    TypeError,
    `${proxies} "10.0.0.0/33"`,
  ],
  // A list is not split again.
  [
    () => trust_forwarded(app, { trusted: ["127.0.0.1,::1"] }),
    TypeError,
    `${proxies} "127.0.0.1,::1"`,
  ],
  [() => trust_forwarded(app, { trusted: [""] }), TypeError, `${proxies} ""`],
  [
    () => trust_forwarded(app, { trusted: [1] as Anything }),
    TypeError,
    `${proxies} 1`,
  ],
  [
    () => trust_forwarded(app, { trusted: none }),
    TypeError,
    `${proxies} undefined`,
  ],
  [
    () => trust_forwarded(app, { trusted: true as Anything }),
    TypeError,
    `${proxies} true`,
  ],

  [() => mount_at(app, { script_name: "a" }), TypeError, `${path} "a"`],
  [() => mount_at(app, { script_name: none }), TypeError, `${path} undefined`],
  [
    () => mount_at(app, { script_name: ["/a"] as Anything }),
    TypeError,
    `${path} an array of 1`,
  ],
];

Deno.test("middleware refuses what is no application and no such option", () => {
  for (const [call, error, message] of rows) {
    const thrown = assertThrows(call);
    assertEquals(`${thrown}`, `${error.name}: ${message}`);
  }
});

Deno.test("limit_request() has gunicorn's line and fields, and 16 KiB a field, where nothing is said", async () => {
  const status_of = async (environ: Record<string, string>) =>
    (await run_app(limit_request(app), { environ })).output.slice(8, 11);
  const GET = { REQUEST_METHOD: "GET", SERVER_PROTOCOL: "HTTP/1.1" };
  const line = (length: number) => ({
    ...GET,
    REQUEST_URI: `/${"x".repeat(length - "GET / HTTP/1.1".length)}`,
  });
  assertEquals(await status_of(line(8190)), "200");
  assertEquals(await status_of(line(8191)), "414");
  const fields = (count: number) => ({
    ...GET,
    HTTP_HOST: "x",
    ...Object.fromEntries(
      Array.from({ length: count - 1 }, (_, i) => [`HTTP_X_${i}`, ""]),
    ),
  });
  assertEquals(await status_of(fields(100)), "200");
  assertEquals(await status_of(fields(101)), "431");
  const field = (size: number) => ({
    ...GET,
    HTTP_X: "x".repeat(size - "X: ".length),
  });
  assertEquals(await status_of(field(16384)), "200");
  assertEquals(await status_of(field(16385)), "431");
});

Deno.test("trust_forwarded() takes a list as it takes a text", async () => {
  const seen = async (trusted: string | string[], REMOTE_ADDR: string) => {
    let client: string | undefined;
    const noting: WSGIApplication = (environ, start_response) => {
      client = environ.REMOTE_ADDR;
      return app(environ, start_response);
    };
    const environ = { REMOTE_ADDR, HTTP_X_FORWARDED_FOR: "203.0.113.9" };
    await run_app(trust_forwarded(noting, { trusted }), { environ });
    return client;
  };
  for (const peer of ["10.1.2.3", "127.0.0.1", ""]) {
    assertEquals(await seen([], peer), peer);
    assertEquals(
      await seen(["10.0.0.0/8", "unix"], peer),
      await seen("10.0.0.0/8, unix", peer),
    );
    assertEquals(await seen(["*"], peer), "203.0.113.9");
  }
  assertEquals(await seen(["10.0.0.0/8", "unix"], "10.1.2.3"), "203.0.113.9");
  assertEquals(await seen(["10.0.0.0/8", "unix"], "127.0.0.1"), "127.0.0.1");
});
