/** What is believed of `Forwarded` (RFC 7239). */

import { assertEquals } from "@std/assert";
import { assert_changes, environ_of, FORGED } from "./forwarding.ts";

Deno.test("trust_forwarded() reads Forwarded (RFC 7239)", () => {
  const gone = { REMOTE_ADDR: "203.0.113.9", REMOTE_PORT: null };
  const https = { "wsgi.url_scheme": "https", HTTPS: "on" };
  const cases: [header: string, changes: Record<string, string | null>][] = [
    ["for=203.0.113.9", gone],
    ["For=203.0.113.9", gone],
    ['for="203.0.113.9"', gone],
    ['for="203.0.113.9:4711"', { ...gone, REMOTE_PORT: "4711" }],
    ["for=203.0.113.9:4711", { ...gone, REMOTE_PORT: "4711" }],
    [
      'For="[2001:db8:cafe::17]:4711"',
      { REMOTE_ADDR: "2001:db8:cafe::17", REMOTE_PORT: "4711" },
    ],
    [
      'for="[2001:db8::1]:_gazonk"',
      { REMOTE_ADDR: "2001:db8::1", REMOTE_PORT: null },
    ],
    ["for=[2001:db8::1]", { REMOTE_ADDR: "2001:db8::1", REMOTE_PORT: null }],
    ['for="_gazonk"', { REMOTE_ADDR: "", REMOTE_PORT: null }],
    ["for=unknown", { REMOTE_ADDR: "", REMOTE_PORT: null }],
    ['for="203.0.\\113.9"', gone],
    [
      "for=203.0.113.9;proto=https;by=203.0.113.43",
      { ...gone, ...https },
    ],
    ['for=203.0.113.9 ; host="example.com:8443" ; PROTO=HTTPS;', {
      ...gone,
      ...https,
      HTTP_HOST: "example.com:8443",
      SERVER_NAME: "example.com",
      SERVER_PORT: "8443",
    }],
    ['for=203.0.113.9;x="a,b;c\\"d, for=1.1.1.1;y=";z=""', gone],
    ["for=203.0.113.9;proto=ftp;host=a/b", gone],
    // A hop that says nothing of its client.
    ["proto=https", https],
    [";;host=h", { HTTP_HOST: "h", SERVER_NAME: "h", SERVER_PORT: "80" }],
  ];
  assert_changes(
    cases.map(([header, changes]) => [{ HTTP_FORWARDED: header }, changes]),
  );
});

Deno.test("trust_forwarded() reads Forwarded from the right, past the trusted hops", () => {
  const expected: [header: string, seen: (string | undefined)[]][] = [
    [
      "for=1.1.1.1;proto=https, for=203.0.113.9",
      ["203.0.113.9", "http", "app.internal:8000", "for=203.0.113.9"],
    ],
    [
      'for=1.1.1.1, for=203.0.113.9;proto=https;host=h, for="10.0.0.1:80";proto=http;host=i',
      [
        "203.0.113.9",
        "https",
        "h",
        'for=203.0.113.9;proto=https;host=h, for="10.0.0.1:80";proto=http;host=i',
      ],
    ],
    [
      "for=203.0.113.9, for=10.0.0.2;proto=https, for=10.0.0.1;proto=http;host=i",
      [
        "203.0.113.9",
        "https",
        "i",
        "for=203.0.113.9, for=10.0.0.2;proto=https, for=10.0.0.1;proto=http;host=i",
      ],
    ],
    // A hop that leaves its client out: nobody before it is known.
    [
      "for=1.1.1.1, host=h, for=10.0.0.1",
      ["10.0.0.1", "http", "h", "host=h, for=10.0.0.1"],
    ],
    ["for=1.1.1.1, host=h", ["127.0.0.1", "http", "h", "host=h"]],
    [
      "for=203.0.113.9, for=unix:",
      ["", "http", "app.internal:8000", "for=unix:"],
    ],
  ];
  for (const [header, seen] of expected) {
    const environ = environ_of(
      { HTTP_FORWARDED: header },
      "127.0.0.1, 10.0.0.0/8",
    );
    assertEquals(
      [
        environ.REMOTE_ADDR,
        environ["wsgi.url_scheme"],
        environ.HTTP_HOST,
        environ.HTTP_FORWARDED,
      ],
      seen,
      header,
    );
  }
});

Deno.test("trust_forwarded() knows nobody by an element that is malformed", () => {
  const wrong = [
    ...["203.0.113.9", "for", "for=", 'for="203.0.113.9', 'for=203.0.113.9"'],
    ...["for=203.0.113.9;for=1.1.1.1", "for=203.0.113.9;FOR=203.0.113.9"],
    ...[
      "for=203.0.113.9 proto=https",
      "for=203.0.113.9;=x",
      "for=203.0.113.9;p o=x",
    ],
    ...['for="203.0.113.9"x', "for=a b", "for=\\1.1.1.1", ";", " ; ; "],
    ...["for=203.0.113.9;proto=https;proto=http", 'for="203.0.113.9\\"'],
  ];
  for (const element of wrong) {
    const header = `for=1.1.1.1;proto=https, ${element}`;
    const { REMOTE_ADDR, "wsgi.url_scheme": scheme } = environ_of(
      { HTTP_FORWARDED: header },
      "127.0.0.1",
    );
    assertEquals([REMOTE_ADDR, scheme], ["", "http"], element);
  }
});

Deno.test("trust_forwarded() ignores and removes Forwarded beside X-Forwarded-For, -Proto, -Host or -Port", () => {
  const forwarded = { HTTP_FORWARDED: FORGED.HTTP_FORWARDED! };
  assert_changes([
    [
      { ...forwarded, HTTP_X_FORWARDED_FOR: "203.0.113.9" },
      { REMOTE_ADDR: "203.0.113.9", REMOTE_PORT: null, HTTP_FORWARDED: null },
    ],
    [
      { ...forwarded, HTTP_X_FORWARDED_PROTO: "http" },
      { HTTP_FORWARDED: null },
    ],
    [
      { ...forwarded, HTTP_X_FORWARDED_HOST: "app.internal:8000" },
      { SERVER_NAME: "app.internal", HTTP_FORWARDED: null },
    ],
    [
      { ...forwarded, HTTP_X_FORWARDED_PORT: "8000" },
      { HTTP_FORWARDED: null },
    ],
  ]);
});
