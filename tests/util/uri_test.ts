/** The scheme and the URIs of a request: `guess_scheme()`, `application_uri()` and `request_uri()`. */

import { assertEquals, assertThrows } from "@std/assert";
import {
  application_uri,
  guess_scheme,
  type PartialEnvironment,
  request_uri,
} from "../../util.ts";

// --- guess_scheme() ---

for (const value of ["yes", "on", "1"]) {
  Deno.test(`guess_scheme() gives "https" when HTTPS is "${value}"`, () => {
    assertEquals(guess_scheme({ HTTPS: value }), "https");
  });
}

Deno.test('guess_scheme() gives "http" when HTTPS is anything else', () => {
  const others = ["foo", "off", "no", "0", "", "true", "https"];
  const near = ["ON", "Yes", "11", " on", "on ", "on\n", "yes,on"];
  for (const value of [...others, ...near]) {
    assertEquals(guess_scheme({ HTTPS: value }), "http", value);
  }
});

Deno.test('guess_scheme() gives "http" when there is no HTTPS', () => {
  assertEquals(guess_scheme({}), "http");
});

// --- application_uri() ---

/** An environ as a server at example.com would make it. */
function environ_of(changes: PartialEnvironment = {}): PartialEnvironment {
  return {
    "wsgi.url_scheme": "http",
    SERVER_NAME: "example.com",
    SERVER_PORT: "80",
    SCRIPT_NAME: "",
    PATH_INFO: "",
    ...changes,
  };
}

/** Checks one URI of the environ that `changes` make. */
function check_uri(
  uri: (environ: PartialEnvironment) => string,
  changes: PartialEnvironment,
  expected: string,
): void {
  assertEquals(uri(environ_of(changes)), expected);
}

Deno.test("application_uri() ends in a slash when SCRIPT_NAME is empty", () => {
  check_uri(application_uri, {}, "http://example.com/");
});

Deno.test("application_uri() ends in a slash when there is no SCRIPT_NAME", () => {
  const environ = environ_of();
  delete environ.SCRIPT_NAME;
  assertEquals(application_uri(environ), "http://example.com/");
});

Deno.test("application_uri() ends in SCRIPT_NAME when there is one", () => {
  check_uri(
    application_uri,
    { SCRIPT_NAME: "/blog/2026" },
    "http://example.com/blog/2026",
  );
});

Deno.test("application_uri() leaves path and query out when there are some", () => {
  check_uri(
    application_uri,
    { SCRIPT_NAME: "/blog", PATH_INFO: "/a", QUERY_STRING: "b=c" },
    "http://example.com/blog",
  );
});

Deno.test("application_uri() takes HTTP_HOST as it is when there is one", () => {
  check_uri(
    application_uri,
    { HTTP_HOST: "example.org:8000", SERVER_PORT: "9000" },
    "http://example.org:8000/",
  );
});

Deno.test("application_uri() keeps the port of HTTP_HOST when it is the scheme's own", () => {
  check_uri(
    application_uri,
    { HTTP_HOST: "example.org:80" },
    "http://example.org:80/",
  );
});

Deno.test("application_uri() takes SERVER_NAME when HTTP_HOST is empty", () => {
  check_uri(application_uri, { HTTP_HOST: "" }, "http://example.com/");
});

Deno.test("application_uri() takes SERVER_NAME when HTTP_HOST is null", () => {
  check_uri(application_uri, { HTTP_HOST: null }, "http://example.com/");
});

for (
  const [scheme, port, authority] of [
    ["http", "80", "example.com"],
    ["http", "443", "example.com:443"],
    ["http", "8000", "example.com:8000"],
    ["https", "443", "example.com"],
    ["https", "80", "example.com:80"],
    ["https", "8443", "example.com:8443"],
    // wsgiref knows two cases only: https, and all the rest.
    ["ws", "80", "example.com"],
    // The port is compared as text.
    ["http", "080", "example.com:080"],
  ]
) {
  Deno.test(`application_uri() names ${authority} when ${scheme} is served at port ${port}`, () => {
    check_uri(
      application_uri,
      { "wsgi.url_scheme": scheme, SERVER_PORT: port },
      `${scheme}://${authority}/`,
    );
  });
}

// PEP 3333 forbids an empty SERVER_PORT; this is what wsgiref makes of one.
Deno.test("application_uri() keeps the colon when SERVER_PORT is empty", () => {
  check_uri(application_uri, { SERVER_PORT: "" }, "http://example.com:/");
});

Deno.test("application_uri() encodes a byte of SCRIPT_NAME when it is above ASCII", () => {
  check_uri(
    application_uri,
    { SCRIPT_NAME: "/sp\u00e4m" },
    "http://example.com/sp%E4m",
  );
});

/** Every character of a native string as it stands in a path, where `safe` and RFC 3986's unreserved ones stay. */
function encoded(safe: string): [char: string, expected: string][] {
  return Array.from({ length: 256 }, (_, code) => {
    const char = String.fromCharCode(code);
    const hex = code.toString(16).toUpperCase().padStart(2, "0");
    const stays = /[A-Za-z0-9]/.test(char) || `-._~${safe}`.includes(char);
    return [char, stays ? char : `%${hex}`];
  });
}

Deno.test("application_uri() encodes all but unreserved characters and the slash when they are in SCRIPT_NAME", () => {
  for (const [char, expected] of encoded("/")) {
    check_uri(
      application_uri,
      { SCRIPT_NAME: `/${char}` },
      `http://example.com/${expected}`,
    );
  }
});

Deno.test("application_uri() throws when SCRIPT_NAME holds no bytes", () => {
  const error = assertThrows(
    () => application_uri(environ_of({ SCRIPT_NAME: "/\u20ac" })),
    TypeError,
  );
  assertEquals(error.message, 'expected characters up to U+00FF, got "\u20ac"');
});

Deno.test("application_uri() leaves environ as it is when it reads it", () => {
  const environ = environ_of({ SCRIPT_NAME: "/a b" });
  application_uri(environ);
  assertEquals(environ, environ_of({ SCRIPT_NAME: "/a b" }));
});

// --- request_uri() ---

Deno.test("request_uri() is the root when both paths are empty", () => {
  check_uri(request_uri, {}, "http://example.com/");
});

Deno.test("request_uri() has one slash when SCRIPT_NAME is empty", () => {
  check_uri(request_uri, { PATH_INFO: "/spam" }, "http://example.com/spam");
});

Deno.test("request_uri() ends in SCRIPT_NAME when PATH_INFO is empty", () => {
  check_uri(request_uri, { SCRIPT_NAME: "/spam" }, "http://example.com/spam");
});

Deno.test("request_uri() joins the paths when there are both", () => {
  check_uri(
    request_uri,
    { SCRIPT_NAME: "/blog", PATH_INFO: "/2026/" },
    "http://example.com/blog/2026/",
  );
});

Deno.test("request_uri() ends in SCRIPT_NAME when there is no PATH_INFO", () => {
  const environ = environ_of({ SCRIPT_NAME: "/blog" });
  delete environ.PATH_INFO;
  assertEquals(request_uri(environ), "http://example.com/blog");
});

Deno.test("request_uri() takes off one slash alone when PATH_INFO begins with two", () => {
  check_uri(request_uri, { PATH_INFO: "//a" }, "http://example.com//a");
});

Deno.test("request_uri() encodes all but unreserved characters and /;=, when they are in PATH_INFO", () => {
  for (const [char, expected] of encoded("/;=,")) {
    check_uri(
      request_uri,
      { PATH_INFO: `/${char}` },
      `http://example.com/${expected}`,
    );
  }
});

Deno.test("request_uri() encodes a semicolon in SCRIPT_NAME alone when it is in both paths", () => {
  check_uri(
    request_uri,
    { SCRIPT_NAME: "/a;b", PATH_INFO: "/c;d" },
    "http://example.com/a%3Bb/c;d",
  );
});

Deno.test("request_uri() encodes the percent sign when a path was decoded once", () => {
  check_uri(
    request_uri,
    { PATH_INFO: "/100%25" },
    "http://example.com/100%2525",
  );
});

Deno.test("request_uri() adds the query as it is when there is one", () => {
  check_uri(
    request_uri,
    { PATH_INFO: "/spam", QUERY_STRING: "s%E4y=ni&a b=\u00e4" },
    "http://example.com/spam?s%E4y=ni&a b=\u00e4",
  );
});

Deno.test("request_uri() has no question mark when the query is empty", () => {
  check_uri(
    request_uri,
    { PATH_INFO: "/spam", QUERY_STRING: "" },
    "http://example.com/spam",
  );
});

Deno.test("request_uri() leaves the query out when include_query is false", () => {
  const environ = environ_of({ PATH_INFO: "/spam", QUERY_STRING: "say=ni" });
  assertEquals(request_uri(environ, false), "http://example.com/spam");
});

Deno.test("request_uri() takes host and port as application_uri() does when there is no HTTP_HOST", () => {
  check_uri(
    request_uri,
    { "wsgi.url_scheme": "https", SERVER_PORT: "8443", PATH_INFO: "/a" },
    "https://example.com:8443/a",
  );
});

Deno.test("request_uri() throws when PATH_INFO holds no bytes", () => {
  const error = assertThrows(
    () => request_uri(environ_of({ PATH_INFO: "/\u20ac" })),
    TypeError,
  );
  assertEquals(error.message, 'expected characters up to U+00FF, got "\u20ac"');
});

Deno.test("request_uri() leaves environ as it is when it reads it", () => {
  const environ = environ_of({ PATH_INFO: "/a b", QUERY_STRING: "c" });
  request_uri(environ);
  assertEquals(environ, environ_of({ PATH_INFO: "/a b", QUERY_STRING: "c" }));
});
