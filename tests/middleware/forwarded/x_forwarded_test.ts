/** What is believed of `X-Forwarded-*`. */

import { assertEquals } from "@std/assert";
import { trust_forwarded } from "../../../middleware/mod.ts";
import { request_uri } from "../../../util.ts";
import {
  assert_changes,
  behind,
  changes_of,
  environ_of,
  FORGED,
  REQUEST,
  type Variables,
} from "./forwarding.ts";

Deno.test("trust_forwarded() takes client, scheme, host and port from a trusted peer", () => {
  assert_changes([
    [
      { HTTP_X_FORWARDED_FOR: "203.0.113.9" },
      { REMOTE_ADDR: "203.0.113.9", REMOTE_PORT: null },
    ],
    [{ HTTP_X_FORWARDED_PROTO: "https", HTTP_HOST: "example.com" }, {
      "wsgi.url_scheme": "https",
      HTTPS: "on",
      SERVER_PORT: "443",
    }],
    [{ HTTP_X_FORWARDED_PROTO: "HTTPS", HTTP_HOST: "example.com:8443" }, {
      "wsgi.url_scheme": "https",
      HTTPS: "on",
      SERVER_PORT: "8443",
    }],
    [
      {
        HTTP_X_FORWARDED_PROTO: "http",
        HTTP_HOST: "example.com",
        HTTPS: "on",
        "wsgi.url_scheme": "https",
      },
      { "wsgi.url_scheme": "http", HTTPS: null, SERVER_PORT: "80" },
    ],
    [{ HTTP_X_FORWARDED_HOST: "example.com" }, {
      HTTP_HOST: "example.com",
      SERVER_NAME: "example.com",
      SERVER_PORT: "80",
    }],
    [{ HTTP_X_FORWARDED_HOST: "[2001:db8::1]:81" }, {
      HTTP_HOST: "[2001:db8::1]:81",
      SERVER_NAME: "[2001:db8::1]",
      SERVER_PORT: "81",
    }],
    [
      { HTTP_X_FORWARDED_PORT: "81", HTTP_HOST: "example.com" },
      { SERVER_PORT: "81" },
    ],
    [
      { HTTP_X_FORWARDED_PORT: "80", HTTP_HOST: "example.com" },
      { SERVER_PORT: "80" },
    ],
    [
      {
        HTTP_X_FORWARDED_FOR: "203.0.113.9",
        HTTP_X_FORWARDED_PROTO: "https",
        HTTP_X_FORWARDED_HOST: "Example.com",
        HTTP_X_FORWARDED_PORT: "8443",
        REMOTE_HOST: "proxy.internal",
      },
      {
        REMOTE_ADDR: "203.0.113.9",
        REMOTE_PORT: null,
        REMOTE_HOST: "",
        "wsgi.url_scheme": "https",
        HTTPS: "on",
        HTTP_HOST: "Example.com",
        SERVER_NAME: "Example.com",
        SERVER_PORT: "8443",
      },
    ],
    // The port of the host is what the client wrote, the other where the outermost proxy listens.
    [{ HTTP_X_FORWARDED_HOST: "example.com:82", HTTP_X_FORWARDED_PORT: "81" }, {
      HTTP_HOST: "example.com:82",
      SERVER_NAME: "example.com",
      SERVER_PORT: "81",
    }],
  ]);
});

Deno.test("trust_forwarded() sets no REMOTE_HOST where there is none", () => {
  const { REMOTE_HOST: _, ...request } = REQUEST;
  const environ = behind(
    (app) => trust_forwarded(app, { trusted: "127.0.0.1" }),
    { ...request, HTTP_X_FORWARDED_FOR: "203.0.113.9" },
  );
  assertEquals("REMOTE_HOST" in environ, false);
});

Deno.test("trust_forwarded() has a URL begin with what the client asked for", () => {
  const uris: [variables: Variables, uri: string][] = [
    [{}, "http://app.internal:8000/x?a=b"],
    [
      { HTTP_X_FORWARDED_PROTO: "https", HTTP_X_FORWARDED_HOST: "h" },
      "https://h/x?a=b",
    ],
    [
      { HTTP_X_FORWARDED_PROTO: "https", HTTP_HOST: "h:1" },
      "https://h:1/x?a=b",
    ],
    [
      {
        HTTP_X_FORWARDED_PROTO: "https",
        HTTP_X_FORWARDED_PORT: "444",
        HTTP_HOST: "h",
      },
      "https://h/x?a=b",
    ],
    [
      { HTTP_FORWARDED: 'for=1.1.1.1;proto=https;host="h:1"' },
      "https://h:1/x?a=b",
    ],
  ];
  for (const [variables, uri] of uris) {
    assertEquals(request_uri(environ_of(variables, "127.0.0.1")), uri);
  }
});

/** REMOTE_ADDR, REMOTE_PORT and X-Forwarded-For for an X-Forwarded-For. */
function client_of(addresses: string, trusted: string): (string | undefined)[] {
  const environ = environ_of({ HTTP_X_FORWARDED_FOR: addresses }, trusted);
  const { REMOTE_ADDR, REMOTE_PORT, HTTP_X_FORWARDED_FOR } = environ;
  return [REMOTE_ADDR, REMOTE_PORT, HTTP_X_FORWARDED_FOR];
}

Deno.test("trust_forwarded() reads X-Forwarded-For from the right, past the trusted hops", () => {
  const trusted = "127.0.0.1, ::1, unix, 10.0.0.0/8";
  const expected: [list: string, client: string, written: string][] = [
    ["203.0.113.9", "203.0.113.9", "203.0.113.9"],
    ["198.51.100.1, 203.0.113.9", "203.0.113.9", "203.0.113.9"],
    ["198.51.100.1,203.0.113.9", "203.0.113.9", "203.0.113.9"],
    ["203.0.113.9, 10.0.0.1", "203.0.113.9", "203.0.113.9, 10.0.0.1"],
    [
      "10.0.0.9, 203.0.113.9 , 10.0.0.1",
      "203.0.113.9",
      "203.0.113.9 , 10.0.0.1",
    ],
    [
      "1.1.1.1, 203.0.113.9, 10.0.0.2, ::ffff:10.0.0.1, 0:0::1",
      "203.0.113.9",
      "203.0.113.9, 10.0.0.2, ::ffff:10.0.0.1, 0:0::1",
    ],
    // A request from within: everybody is trusted, the first one is the client.
    ["10.0.0.3, 10.0.0.1", "10.0.0.3", "10.0.0.3, 10.0.0.1"],
    ["127.0.0.1", "127.0.0.1", "127.0.0.1"],
    // Proxies with Unix sockets between them.
    ["1.1.1.1, 203.0.113.9, unix:", "203.0.113.9", "203.0.113.9, unix:"],
    ["unix:", "", "unix:"],
    // Who is no address ends the way.
    ["1.1.1.1, unknown", "", "unknown"],
    ["1.1.1.1, _hidden, 10.0.0.1", "", "_hidden, 10.0.0.1"],
    ["1.1.1.1, ", "", ""],
    ["1.1.1.1,,10.0.0.1", "", ",10.0.0.1"],
    ["1.1.1.1, 203.0.113.999", "", "203.0.113.999"],
    ["1.1.1.1, proxy.internal, 10.0.0.1", "", "proxy.internal, 10.0.0.1"],
    ["1.1.1.1, 2.2.2.2 3.3.3.3", "", "2.2.2.2 3.3.3.3"],
    ["1.1.1.1, *", "", "*"],
    ["1.1.1.1, unix", "", "unix"],
  ];
  for (const [list, client, written] of expected) {
    assertEquals(client_of(list, trusted), [client, undefined, written], list);
  }
});

Deno.test("trust_forwarded() takes a Unix socket for a hop only where it is trusted", () => {
  assertEquals(client_of("203.0.113.9, unix:", "127.0.0.1"), [
    "",
    undefined,
    "unix:",
  ]);
});

Deno.test("trust_forwarded() takes the first entry when everybody is trusted", () => {
  assertEquals(
    client_of("203.0.113.9, 198.51.100.1, ::1", "*"),
    ["203.0.113.9", undefined, "203.0.113.9, 198.51.100.1, ::1"],
  );
  assertEquals(client_of("unknown, ::1", "*"), ["", undefined, "unknown, ::1"]);
});

Deno.test("trust_forwarded() takes brackets, ports and zones of an entry apart", () => {
  const expected: [entry: string, client: string, port?: string][] = [
    ["203.0.113.9:4711", "203.0.113.9", "4711"],
    ["203.0.113.9:_hidden", "203.0.113.9"],
    ["203.0.113.9:0", "203.0.113.9"],
    ["203.0.113.9:65535", "203.0.113.9", "65535"],
    ["203.0.113.9:65536", "203.0.113.9"],
    ["203.0.113.9:99999999", ""],
    ["203.0.113.9:", ""],
    ["203.0.113.9:x", ""],
    ["2001:DB8::1", "2001:DB8::1"],
    ["[2001:db8::1]", "2001:db8::1"],
    ["[2001:db8::1]:4711", "2001:db8::1", "4711"],
    ["[fe80::1%eth0]:4711", "fe80::1%eth0", "4711"],
    ["fe80::1%eth0", "fe80::1%eth0"],
    ["[2001:db8::1", ""],
    ["[]:80", ""],
    ["[::1]x", ""],
  ];
  for (const [entry, client, port] of expected) {
    assertEquals(client_of(entry, "127.0.0.1"), [client, port, entry], entry);
  }
  assertEquals(
    client_of(
      "203.0.113.9:1, 127.0.0.1:2, [::1]:3, [fe80::1%2]:4",
      "127.0.0.1, ::1, fe80::/10",
    ),
    ["203.0.113.9", "1", "203.0.113.9:1, 127.0.0.1:2, [::1]:3, [fe80::1%2]:4"],
  );
});

Deno.test("trust_forwarded() takes scheme and port of the hop that the client came to", () => {
  const cases: [for_: string, proto: string, counts: string, kept: string][] = [
    ["203.0.113.9", "http, https", "https", "https"],
    ["203.0.113.9", "https, http", "http", "http"],
    ["203.0.113.9, 10.0.0.1", "https, http", "https", "https, http"],
    [
      "1.1.1.1, 203.0.113.9, 10.0.0.1",
      "http,https,http",
      "https",
      "https,http",
    ],
    ["1.1.1.1, 203.0.113.9, 10.0.0.1", "https, http", "https", "https, http"],
    ["203.0.113.9, 10.0.0.1", "http, https, http", "https", "https, http"],
    // Proxies that say it once for all.
    ["203.0.113.9, 10.0.0.1", "https", "https", "https"],
    ["203.0.113.9, 10.0.0.2, 10.0.0.1", "http, https", "https", "https"],
  ];
  for (const [list, proto, scheme, kept] of cases) {
    const environ = environ_of({
      HTTP_X_FORWARDED_FOR: list,
      HTTP_X_FORWARDED_PROTO: proto,
      HTTP_X_FORWARDED_PORT: proto.replaceAll("https", "44").replaceAll(
        "http",
        "8",
      ),
    }, "127.0.0.1, 10.0.0.0/8");
    const name = `${list} ${proto}`;
    assertEquals(environ.REMOTE_ADDR, "203.0.113.9", name);
    assertEquals(environ["wsgi.url_scheme"], scheme, name);
    assertEquals(environ.HTTP_X_FORWARDED_PROTO, kept, name);
    assertEquals(environ.SERVER_PORT, scheme === "https" ? "44" : "8", name);
  }
});

Deno.test("trust_forwarded() takes the last host, which a client cannot choose where one proxy appends and the next does not", () => {
  for (const addresses of ["203.0.113.9", "203.0.113.9, 10.0.0.1"]) {
    assertEquals(
      changes_of({
        HTTP_X_FORWARDED_FOR: addresses,
        HTTP_X_FORWARDED_HOST: "evil.example, example.com",
      }, "127.0.0.1, 10.0.0.1"),
      {
        REMOTE_ADDR: "203.0.113.9",
        REMOTE_PORT: null,
        HTTP_HOST: "example.com",
        SERVER_NAME: "example.com",
        SERVER_PORT: "80",
        HTTP_X_FORWARDED_HOST: "example.com",
      },
    );
  }
});

Deno.test("trust_forwarded() ignores and removes values that are none", () => {
  const wrong: [key: string, values: string[]][] = [
    [
      "HTTP_X_FORWARDED_PROTO",
      ["", "ftp", "https:", "wss", "javascript", "https http", "https, ", "on"],
    ],
    ["HTTP_X_FORWARDED_HOST", [
      ...[
        "",
        "a b",
        "a/b",
        "a?b",
        "a#b",
        "a@b",
        "a\\b",
        "a:b",
        "a:",
        ":80",
        "\xe4",
      ],
      ...[
        "<a>",
        "a:0",
        "a:65536",
        "a:080",
        "a:1:2",
        "::1",
        "[::1",
        "[a]",
        "[::g]",
      ],
      ...[
        "[fe80::1%1]",
        "[]",
        "a%41",
        "a\x00",
        "a\r\nb",
        "a, ",
        "a'b",
        `${"a".repeat(256)}`,
      ],
    ]],
    [
      "HTTP_X_FORWARDED_PORT",
      ["", "0", "080", "65536", "-1", "80x", "http", "8 0", "1e3", "80,"],
    ],
  ];
  for (const [key, values] of wrong) {
    for (const value of values) {
      assertEquals(changes_of({ [key]: value }), { [key]: null }, value);
    }
  }
  // An X-Forwarded-For that says nothing is as good as none.
  assertEquals(changes_of({ HTTP_X_FORWARDED_FOR: "" }), {});
});

Deno.test("trust_forwarded() leaves what else a trusted peer forwards as it is", () => {
  const {
    HTTP_FORWARDED: _1,
    HTTP_X_FORWARDED_FOR: _2,
    HTTP_X_FORWARDED_HOST: _3,
    HTTP_X_FORWARDED_PORT: _4,
    HTTP_X_FORWARDED_PROTO: _5,
    ...others
  } = FORGED;
  assertEquals(changes_of(others), {});
});
