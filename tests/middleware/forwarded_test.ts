/** What a proxy says of a client: whom it is believed from, and what becomes of it. */

import {
  assert,
  assertEquals,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { contains, read_ip, read_range } from "../../middleware/ip_address.ts";
import { mount_at, trust_forwarded } from "../../middleware/mod.ts";
import { read_trusted } from "../../middleware/trusted.ts";
import { WSGIRequestHandler, WSGIServer } from "../../simple_server.ts";
import type { WSGIApplication, WSGIEnvironment } from "../../types.ts";
import { request_uri } from "../../util.ts";
import {
  LISTS_WITH_NO_PROXY,
  MOUNT_PATHS,
  NO_MOUNT_PATHS,
} from "./option_values.ts";
import { int, pick, random } from "../support/random.ts";
import {
  bytes,
  raw_request,
  read_all,
  run_app,
  serve,
  write_all,
} from "../support/support.ts";

type Variables = Record<string, string>;

/** What a request that came by a proxy on the same machine has, before anything is believed. */
const REQUEST: Variables = {
  REQUEST_METHOD: "GET",
  SCRIPT_NAME: "",
  PATH_INFO: "/x",
  QUERY_STRING: "a=b",
  SERVER_PROTOCOL: "HTTP/1.1",
  SERVER_NAME: "localhost",
  SERVER_PORT: "8000",
  REMOTE_ADDR: "127.0.0.1",
  REMOTE_PORT: "50000",
  REMOTE_HOST: "",
  HTTP_HOST: "app.internal:8000",
  "wsgi.url_scheme": "http",
};

/** The environ that an application gets behind `wrap`. */
function behind(
  wrap: (app: WSGIApplication) => WSGIApplication,
  environ: Variables,
): Variables {
  let seen: Variables = {};
  const app: WSGIApplication = (environ) => {
    seen = { ...environ } as unknown as Variables;
    return [];
  };
  const given = { ...environ } as unknown as WSGIEnvironment;
  wrap(app)(given, () => async () => {});
  return seen;
}

/** The environ that an application gets of `REQUEST` with those variables. */
function environ_of(variables: Variables, trusted: string): Variables {
  return behind(
    (app) => trust_forwarded(app, { trusted }),
    { ...REQUEST, ...variables },
  );
}

/** What of an environ became another, null for what was removed. */
function difference(
  before: Variables,
  after: Variables,
): Record<string, string | null> {
  const changes: Record<string, string | null> = {};
  for (const key in { ...before, ...after }) {
    if (before[key] !== after[key]) changes[key] = after[key] ?? null;
  }
  return changes;
}

/** What is changed of `REQUEST` with those variables. */
function changes_of(
  variables: Variables,
  trusted = "127.0.0.1",
): Record<string, string | null> {
  const before = { ...REQUEST, ...variables };
  return difference(before, environ_of(variables, trusted));
}

type Case = [variables: Variables, changes: Record<string, string | null>];

function assert_changes(cases: Case[], trusted?: string): void {
  for (const [variables, changes] of cases) {
    assertEquals(
      changes_of(variables, trusted),
      changes,
      JSON.stringify(variables),
    );
  }
}

// read_ip, read_range

Deno.test("read_ip() reads every spelling of an address as the same value", () => {
  const spellings = [
    ["0.0.0.0", "::ffff:0.0.0.0", "::ffff:0:0"],
    ["127.0.0.1", "::ffff:127.0.0.1", "::FFFF:7F00:1"],
    ["255.255.255.255", "0:0:0:0:0:ffff:ffff:ffff"],
    ["::", "0::", "::0", "0:0:0:0:0:0:0:0", "0:0::0.0.0.0"],
    ["::1", "0:0:0:0:0:0:0:1", "0000::0001", "::0.0.0.1", "::1%lo"],
    ["2001:db8::a", "2001:DB8:0:0::A", "2001:0db8::000a", "2001:db8::a%25x-1"],
    ["1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"],
    ["::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"],
    ["fe80::1", "fe80::1%eth0", "fe80::1%1"],
  ];
  const values = spellings.map((texts) => {
    const [first, ...others] = texts.map(read_ip);
    assert(first);
    for (const other of others) assertEquals(other, first, texts.join(" "));
    return String(first);
  });
  assertEquals(new Set(values).size, values.length);
});

Deno.test("read_ip() gives null for what is no address", () => {
  const wrong = [
    ..." 1 1.2.3 1.2.3.4.5 1.2.3.256 01.2.3.4 1.2.3.04 0x1.2.3.4 1.2.3.-4"
      .split(" "),
    ...["1.2.3.4 ", " 1.2.3.4", "1.2.3.4\n", "1.2.3.4%eth0", "1.2..4"],
    ...[":", ":::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "::12345"],
    ...["1:2:3:4:5:6:7:8::", "1:2:3:4::5:6:7:8", ":1:2:3:4:5:6:7:8", "1:"],
    ...["::g", "::1%", "::1%a b", "%eth0", "[::1]", "::1.2.3", "1.2.3.4::"],
    ...["::1.2.3.4:5", "1:2:3:4:5:6:7:1.2.3.4", "::1/128", "localhost", "*"],
    ...[`::1%${"a".repeat(62)}`, `${"0".repeat(1e6)}::`],
  ];
  for (const text of wrong) assertEquals(read_ip(text), null, text);
});

/** An IPv6 address, or nearly one. */
function near_ipv6(next: () => number): string {
  const group = () => pick(next, ["0", "0000", "1", "FfFf", "a0"]);
  const left = Array.from({ length: int(next, 0, 8) }, group);
  const right = Array.from({ length: int(next, 0, 8 - left.length) }, group);
  if (right.length > 1 && next() < 0.3) right.splice(-2, 2, "1.2.3.4");
  const text = left.length === 8
    ? left.join(":")
    : `${left.join(":")}::${right.join(":")}`;
  if (next() < 0.7) return text;
  const place = int(next, 0, text.length);
  const piece = pick(next, [
    "",
    ":",
    "::",
    "0",
    "12345",
    "g",
    ".",
    ".5",
    "256",
  ]);
  return text.slice(0, place) + piece + text.slice(place + int(next, 0, 2));
}

Deno.test("read_ip() takes the IPv6 addresses that a URL takes", () => {
  const next = random(1);
  const by_value = new Map<string, string>();
  let refused = 0;
  for (let i = 0; i < 5000; i++) {
    const text = near_ipv6(next);
    if (!text.includes(":")) continue;
    const ip = read_ip(text);
    const canonical = URL.parse(`http://[${text}]/`)?.hostname ?? null;
    assertEquals(ip === null, canonical === null, text);
    if (ip === null) refused++;
    else {
      const same = by_value.get(String(ip)) ?? canonical!;
      assertEquals(same, canonical, text);
      by_value.set(String(ip), same);
    }
  }
  assert(by_value.size > 500);
  assert(refused > 300);
});

/** The bits of an address, as text. */
function bits_of(text: string): string {
  return read_ip(text)!
    .map((word) => (word >>> 0).toString(2).padStart(32, "0")).join("");
}

Deno.test("contains() is true when the first bits are the same", () => {
  const next = random(2);
  const hex = () => int(next, 0, 0xffff).toString(16);
  for (let i = 0; i < 5000; i++) {
    const length = int(next, 0, 128);
    const groups = Array.from({ length: 8 }, hex);
    const first = bits_of(groups.join(":")).slice(0, length).padEnd(128, "0");
    const text = first.match(/.{16}/g)!
      .map((group) => parseInt(group, 2).toString(16)).join(":");
    const range = read_range(`${text}/${length}`)!;
    const place = int(next, 0, 127);
    const other = first.slice(0, place) +
      (first[place] === "0" ? "1" : "0") + first.slice(place + 1);
    const ip = other.match(/.{32}/g)!.map((word) => parseInt(word, 2) | 0);
    assert(contains(range, read_ip(text)!), `${text}/${length}`);
    assertEquals(
      contains(range, ip as [number, number, number, number]),
      place >= length,
      `${text}/${length} ${place}`,
    );
  }
});

// read_trusted

/** Of the addresses, those that are trusted. */
function trusted_of(
  text: string,
  addresses: (string | undefined)[],
): (string | undefined)[] {
  const trusted = read_trusted(text);
  // The second answer is the one that was remembered.
  for (const address of addresses) trusted.is_trusted(address);
  return addresses.filter((address) => trusted.is_trusted(address));
}

const PEERS = [
  ...["", undefined, "127.0.0.1", "::ffff:127.0.0.1", "::1", "0:0:0:0:0:0:0:1"],
  ...["10.0.0.0", "10.255.255.255", "::ffff:10.1.2.3", "11.0.0.0", "9.9.9.9"],
  ...["2001:db8::1", "2001:DB8:ffff::1", "2001:db9::", "fe80::1%eth0"],
  ...["unix", "*", "localhost", "127.0.0.1:80", "[::1]", "127.0.0.1 "],
];

Deno.test("read_trusted() trusts addresses and ranges by their value", () => {
  const expected: [text: string, trusted: (string | undefined)[]][] = [
    ["", []],
    [" ", []],
    ["127.0.0.1", ["127.0.0.1", "::ffff:127.0.0.1"]],
    ["::ffff:7f00:1", ["127.0.0.1", "::ffff:127.0.0.1"]],
    ["::1", ["::1", "0:0:0:0:0:0:0:1"]],
    ["0::1/128", ["::1", "0:0:0:0:0:0:0:1"]],
    ["10.0.0.0/8", ["10.0.0.0", "10.255.255.255", "::ffff:10.1.2.3"]],
    ["::ffff:a00:0/104", ["10.0.0.0", "10.255.255.255", "::ffff:10.1.2.3"]],
    ["10.0.0.0/32", ["10.0.0.0"]],
    ["2001:db8::/32", ["2001:db8::1", "2001:DB8:ffff::1"]],
    ["fe80::/10", ["fe80::1%eth0"]],
    ["unix", [""]],
    [" 10.0.0.0 ,\tunix, ::1 ", ["", "::1", "0:0:0:0:0:0:0:1", "10.0.0.0"]],
  ];
  for (const [text, trusted] of expected) {
    assertEquals(trusted_of(text, PEERS), trusted, text);
  }
});

Deno.test("read_trusted() keeps IPv4 and IPv6 apart, and * trusts everybody", () => {
  const is_ipv6 = (peer: string | undefined) =>
    peer && read_ip(peer) && /:/.test(peer) && !/^::ffff/.test(peer);
  const is_ipv4 = (peer: string | undefined) =>
    peer && read_ip(peer) && !is_ipv6(peer);
  assertEquals(trusted_of("0.0.0.0/0", PEERS), PEERS.filter(is_ipv4));
  assertEquals(trusted_of("::/0", PEERS), PEERS.filter(is_ipv6));
  assertEquals(trusted_of("::1,*", PEERS), PEERS);
});

Deno.test("read_trusted() throws a TypeError for anything else", () => {
  for (const [text, entry] of LISTS_WITH_NO_PROXY) {
    assertThrows(
      () => read_trusted(text),
      TypeError,
      "trusted takes IP addresses, ranges such as 10.0.0.0/8 (from their first address), " +
        `unix and *, with commas between them, got "${entry}"`,
    );
  }
});

Deno.test("is_trusted() remembers no more than so many peers, and answers all", () => {
  const trusted = read_trusted("10.0.0.0/16");
  for (let i = 0; i < 3000; i++) {
    const rest = `${i >> 8}.${i & 255}`;
    assert(trusted.is_trusted(`10.0.${rest}`));
    assert(!trusted.is_trusted(`10.1.${rest}`));
  }
});

// trust_forwarded: untrusted peers

/** Every header that a client may forge. */
const FORGED: Variables = {
  HTTP_FORWARDED: "for=198.51.100.1;proto=https;host=evil.example",
  HTTP_X_FORWARDED: "for=198.51.100.1",
  HTTP_X_FORWARDED_BY: "198.51.100.1",
  HTTP_X_FORWARDED_FOR: "198.51.100.1",
  HTTP_X_FORWARDED_HOST: "evil.example",
  HTTP_X_FORWARDED_PORT: "444",
  HTTP_X_FORWARDED_PREFIX: "/evil",
  HTTP_X_FORWARDED_PROTO: "https",
  HTTP_X_FORWARDED_PROTOCOL: "ssl",
  HTTP_X_FORWARDED_SCHEME: "https",
  HTTP_X_FORWARDED_SERVER: "evil.example",
  HTTP_X_FORWARDED_SSL: "on",
  HTTP_X_FORWARDED_USER: "root",
  HTTP_X_REAL_IP: "198.51.100.1",
};

Deno.test("trust_forwarded() removes what an untrusted peer forwards, and believes nothing of it", () => {
  const untrusted: [address: string | null, trusted: string][] = [
    ["127.0.0.1", ""],
    ["127.0.0.1", "127.0.0.2, ::1, unix"],
    ["127.0.0.1", "::/0"],
    ["198.51.100.1", "127.0.0.1"],
    ["::1", "127.0.0.1"],
    ["", "0.0.0.0/0, ::/0"],
    ["nobody", "0.0.0.0/0, ::/0, unix"],
  ];
  for (const [address, trusted] of untrusted) {
    const environ = { ...REQUEST, REMOTE_ADDR: address! };
    assertEquals(
      environ_of({ ...FORGED, REMOTE_ADDR: address! }, trusted),
      environ,
    );
  }
});

Deno.test("trust_forwarded() trusts no peer without an address, unless it trusts everybody", () => {
  const { REMOTE_ADDR: _, ...request } = REQUEST;
  const seen = (trusted: string) =>
    behind(
      (app) => trust_forwarded(app, { trusted }),
      { ...request, HTTP_X_FORWARDED_FOR: "203.0.113.9" },
    ).REMOTE_ADDR;
  assertEquals(seen("0.0.0.0/0, ::/0, unix"), undefined);
  assertEquals(seen("*"), "203.0.113.9");
});

Deno.test("trust_forwarded() leaves a request alone that no proxy says anything of", () => {
  const others: Variables = {
    HTTP_X_REQUEST_ID: "1",
    HTTP_X_FORWARD: "a",
    HTTP_FORWARDED_X: "b",
    HTTP_VIA: "1.1 c",
    HTTPS: "on",
    "wsgi.url_scheme": "https",
  };
  for (const trusted of ["", "127.0.0.1", "*"]) {
    assertEquals(changes_of({}, trusted), {});
    assertEquals(changes_of(others, trusted), {});
  }
});

// trust_forwarded: X-Forwarded-*

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

// trust_forwarded: Forwarded

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

// trust_forwarded: whatever comes

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

// trust_forwarded: through servers

Deno.test("trust_forwarded() and mount_at() hand the result on as it is", () => {
  const result = [bytes("a")];
  const app: WSGIApplication = () => result;
  for (
    const wrapped of [
      trust_forwarded(app, { trusted: "*" }),
      mount_at(app, { script_name: "/a" }),
    ]
  ) {
    const environ = { ...REQUEST } as unknown as WSGIEnvironment;
    assertStrictEquals(wrapped(environ, () => async () => {}), result);
  }
});

/** Answers with what it sees of the client and of its way. */
const show: WSGIApplication = (environ, start_response) => {
  start_response("200 OK", [["Content-Type", "application/json"]]);
  const { REMOTE_ADDR, HTTP_X_FORWARDED_FOR, HTTP_FORWARDED } = environ;
  return [bytes(JSON.stringify({
    REMOTE_ADDR,
    HTTP_X_FORWARDED_FOR,
    HTTP_FORWARDED,
    uri: request_uri(environ),
  }))];
};

const GET = [
  "GET /x HTTP/1.1",
  "Host: h",
  "Connection: close",
  "X-Forwarded-For: 198.51.100.1",
  "Forwarded: for=198.51.100.1;host=evil.example",
  "x-forwarded-for: 203.0.113.9",
  "X_Forwarded_For: 198.51.100.1",
  "X-Forwarded-Proto: https",
  "\r\n",
].join("\r\n");

const BELIEVED = {
  REMOTE_ADDR: "203.0.113.9",
  HTTP_X_FORWARDED_FOR: "203.0.113.9",
  uri: "https://h/x",
};

Deno.test("trust_forwarded() believes only a trusted peer's headers of an HTTP request", async () => {
  const seen = async (trusted: string) => {
    const app = trust_forwarded(show, { trusted });
    await using server = serve(app);
    return JSON.parse((await raw_request(server.port, GET)).body);
  };
  assertEquals(await seen("127.0.0.0/8"), BELIEVED);
  assertEquals(await seen("10.0.0.0/8, ::1, unix"), {
    REMOTE_ADDR: "127.0.0.1",
    uri: "http://h/x",
  });
});

Deno.test("trust_forwarded() believes a peer on a Unix socket by the word unix", async () => {
  class Quiet extends WSGIRequestHandler {
    override log_message(): void {}
  }
  const folder = await Deno.makeTempDir();
  const seen = async (trusted: string) => {
    const path = `${folder}/${encodeURIComponent(trusted)}`;
    const app = trust_forwarded(show, { trusted });
    await using server = new WSGIServer(path, Quiet);
    server.set_app(app);
    server.serve_forever();
    using conn = await Deno.connect({ transport: "unix", path });
    await write_all(conn, bytes(GET));
    return JSON.parse((await read_all(conn)).split("\r\n\r\n")[1]!);
  };
  try {
    assertEquals(await seen("unix"), BELIEVED);
    assertEquals(await seen("*"), {
      REMOTE_ADDR: "198.51.100.1",
      HTTP_X_FORWARDED_FOR: "198.51.100.1, 203.0.113.9",
      uri: "https://h/x",
    });
    assertEquals(await seen("0.0.0.0/0, ::/0"), {
      REMOTE_ADDR: "",
      uri: "http://h/x",
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("trust_forwarded() takes the unix: of a web server for a peer on a Unix socket", async () => {
  const seen = async (trusted: string) => {
    const { output } = await run_app(
      trust_forwarded(show, { trusted }),
      {
        environ: {
          ...{ REMOTE_ADDR: "unix:", HTTP_HOST: "h", PATH_INFO: "/x" },
          ...{ HTTP_X_FORWARDED_FOR: "203.0.113.9" },
        },
      },
    );
    return JSON.parse(output.split("\r\n\r\n")[1]!);
  };
  const uri = "http://h/x";
  assertEquals(await seen("unix"), {
    REMOTE_ADDR: "203.0.113.9",
    HTTP_X_FORWARDED_FOR: "203.0.113.9",
    uri,
  });
  assertEquals(await seen(""), { REMOTE_ADDR: "", uri });
});

// mount_at

Deno.test("mount_at() begins SCRIPT_NAME with the path, and PATH_INFO behind it", () => {
  const expected: [
    root_path: string,
    before: [script: string, path: string],
    after: [script: string, path: string],
  ][] = [
    ["/a", ["", "/x"], ["/a", "/x"]],
    ["/a", ["", "/a/x"], ["/a", "/x"]],
    ["/a", ["", "/a"], ["/a", ""]],
    ["/a", ["", "/a/"], ["/a", "/"]],
    ["/a", ["", "/"], ["/a", "/"]],
    ["/a", ["", "/ab"], ["/a", "/ab"]],
    ["/a", ["", "/a/a"], ["/a", "/a"]],
    ["/a", ["", "/x/a"], ["/a", "/x/a"]],
    ["/a", ["", "/A/x"], ["/a", "/A/x"]],
    ["/a", ["", "*"], ["/a", "*"]],
    ["/a/b", ["", "/a/x"], ["/a/b", "/a/x"]],
    ["/a/b", ["", "/a/b/x"], ["/a/b", "/x"]],
    ["/a", ["/s", "/x"], ["/a/s", "/x"]],
  ];
  for (const [root_path, before, after] of expected) {
    const [SCRIPT_NAME, PATH_INFO] = before;
    const environ = { ...REQUEST, SCRIPT_NAME, PATH_INFO };
    assertEquals(
      behind((app) => mount_at(app, { script_name: root_path }), environ),
      { ...environ, SCRIPT_NAME: after[0], PATH_INFO: after[1] },
    );
  }
});

Deno.test("mount_at() adds SCRIPT_NAME where there is none", () => {
  const { SCRIPT_NAME: _1, PATH_INFO: _2, ...request } = REQUEST;
  assertEquals(
    behind((app) => mount_at(app, { script_name: "/a" }), request),
    { ...request, SCRIPT_NAME: "/a" },
  );
});

Deno.test("mount_at() has URLs with the path through a server", async () => {
  await using server = serve(mount_at(show, { script_name: "/a" }));
  for (const target of ["/b", "/a/b"]) {
    const { body } = await raw_request(
      server.port,
      `GET ${target} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`,
    );
    assertEquals(JSON.parse(body).uri, "http://h/a/b");
  }
});

Deno.test("mount_at() takes a path that no URL encodes, and nothing else", () => {
  const app: WSGIApplication = () => [];
  for (const script_name of MOUNT_PATHS) mount_at(app, { script_name });
  for (const script_name of NO_MOUNT_PATHS) {
    assertThrows(
      () => mount_at(app, { script_name }),
      TypeError,
      "script_name takes a path such as /prefix, with a slash at its beginning, none at its end, " +
        `and no character that a URL encodes, got "${script_name}"`,
    );
  }
});
