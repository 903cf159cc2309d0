/** Whatever a client or a proxy sends: what may become of it. */

import { assert, assertEquals } from "@std/assert";
import { int, pick, random } from "../../support/random.ts";
import {
  changes_of,
  environ_of,
  FORGED,
  REQUEST,
  type Variables,
} from "./forwarding.ts";

const PIECES = [
  ...["203.0.113.9", "10.0.0.1", "127.0.0.1", "::1", "[::1]:80", "unix:", "*"],
  ...["for=", "proto=", "host=", "by=", "https", "http", "example.com", ":443"],
  ...[
    '"',
    "\\",
    ",",
    ", ",
    ";",
    "=",
    " ",
    "\t",
    "_x",
    "unknown",
    "%",
    "[",
    "]",
  ],
  ...["\x00", "\xff", "\xa0", "..", "/", "99999", "0", "-1", "for=10.0.0.1"],
];

function nonsense(next: () => number): string {
  let text = "";
  for (let left = int(next, 0, 12); left > 0; left--) {
    text += pick(next, PIECES);
  }
  return text;
}

function nonsense_headers(next: () => number): Variables {
  const keys = Object.keys(FORGED).filter(() => next() < 0.4);
  return Object.fromEntries(keys.map((key) => [key, nonsense(next)]));
}

Deno.test("trust_forwarded() changes nothing whatever an untrusted peer sends", () => {
  const next = random(3);
  for (let i = 0; i < 5000; i++) {
    const headers = nonsense_headers(next);
    const address = pick(next, ["127.0.0.1", "", "::1", "10.0.0.1"]);
    const environ = environ_of(
      { ...headers, REMOTE_ADDR: address },
      pick(next, ["", "203.0.113.9", "192.0.2.0/24, 2001:db8::/32"]),
    );
    assertEquals(environ, { ...REQUEST, REMOTE_ADDR: address });
  }
});

/** What `trust_forwarded` may change, and what each may be. */
const POSSIBLE: Record<string, RegExp> = {
  REMOTE_ADDR: /^(|[\d.]+|[\da-f:.%]+)$/,
  REMOTE_PORT: /^(|[1-9]\d*)$/,
  "wsgi.url_scheme": /^https?$/,
  HTTPS: /^(on)?$/,
  HTTP_HOST: /^([\w.-]+|\[[\da-f:.]+\])(:[1-9]\d*)?$/,
  SERVER_NAME: /^([\w.-]+|\[[\da-f:.]+\])$/,
  SERVER_PORT: /^[1-9]\d*$/,
};

Deno.test("trust_forwarded() sets what an environ may have whatever a trusted peer sends", () => {
  const next = random(4);
  let changed = 0;
  for (let i = 0; i < 8000; i++) {
    const headers = nonsense_headers(next);
    const trusted = pick(next, ["127.0.0.1", "127.0.0.1, 10.0.0.1, unix", "*"]);
    const context = JSON.stringify([headers, trusted]);
    for (const [key, value] of Object.entries(changes_of(headers, trusted))) {
      const before = headers[key];
      if (before !== undefined) {
        assert(value === null || before.trim().endsWith(value), context);
      } else assert(POSSIBLE[key]?.test(value ?? ""), `${key} ${context}`);
      changed++;
    }
  }
  assert(changed > 8000);
});

/** What an application takes from an environ for where a request came from. */
function origin_of(
  headers: Variables,
  trusted: string,
): (string | undefined)[] {
  const environ = environ_of(headers, trusted);
  return [
    ...["REMOTE_ADDR", "REMOTE_PORT", "wsgi.url_scheme", "HTTPS", "HTTP_HOST"],
    ...["SERVER_NAME", "SERVER_PORT", "HTTP_FORWARDED"],
  ].map((key) => environ[key]);
}

Deno.test("trust_forwarded() sees the same behind a proxy that appends, whatever the client sent", () => {
  const next = random(5);
  const element = () => {
    const address = pick(next, ["203.0.113.9", '"[2001:db8::1]:4711"', "_x"]);
    const host = pick(next, ["h", '"h:81"', '"a\\"b, c"', '""', '";d=\\\\"']);
    return pick(next, [
      `for=${address};proto=https;host=${host}`,
      `host=${host};for=${address}`,
      `proto=http;ext=${host};for=${address};host=${host}`,
    ]);
  };
  for (let i = 0; i < 8000; i++) {
    const [far, near] = [
      element(),
      `for=10.0.0.1;${pick(next, ["proto=http", 'x="y,z"'])}`,
    ];
    const written = next() < 0.5 ? far : `${far}, ${near}`;
    const forged = `${nonsense(next)}${pick(next, [",", ", "])}${written}`;
    const trusted = "127.0.0.1, 10.0.0.1";
    assertEquals(
      origin_of({ HTTP_FORWARDED: forged }, trusted),
      origin_of({ HTTP_FORWARDED: written }, trusted),
      forged,
    );
  }
});

Deno.test("trust_forwarded() sees the same behind proxies that append to every list, whatever the client sent", () => {
  const next = random(6);
  const trusted = "127.0.0.1, 10.0.0.1";
  for (let i = 0; i < 5000; i++) {
    const proto = pick(next, ["http", "https"]);
    const chained = next() < 0.5;
    const written: Variables = {
      HTTP_X_FORWARDED_FOR: `203.0.113.9${chained ? ", 10.0.0.1" : ""}`,
      HTTP_X_FORWARDED_PROTO: `${proto}${chained ? ", http" : ""}`,
      HTTP_X_FORWARDED_PORT: `81${chained ? ", 82" : ""}`,
      HTTP_X_FORWARDED_HOST: `h${chained ? ", i" : ""}`,
    };
    const forged: Variables = { HTTP_FORWARDED: nonsense(next) };
    for (const key in written) {
      const before = next() < 0.7 ? `${nonsense(next)}, ` : "";
      forged[key] = before + written[key];
    }
    assertEquals(
      origin_of(forged, trusted),
      origin_of(written, trusted),
      JSON.stringify(forged),
    );
  }
});

Deno.test("trust_forwarded() takes a long header in its stride", () => {
  const long = [
    "10.0.0.1, ",
    "for=10.0.0.1, ",
    '"',
    '\\"',
    ",",
    ";",
    "a",
    'for="',
  ]
    .map((piece) => piece.repeat(60000 / piece.length));
  for (const value of long) {
    for (const key of ["HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED"]) {
      const environ = environ_of({ [key]: value }, "*");
      assertEquals(["", "10.0.0.1"].includes(environ.REMOTE_ADDR!), true);
    }
  }
});
