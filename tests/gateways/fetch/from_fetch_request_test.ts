/** The `Request` that `from_fetch()` creates from an environ. */

import {
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertStrictEquals,
} from "@std/assert";
import { type FetchHandler, from_fetch } from "../../../gateways/fetch.ts";
import { validator } from "../../../validate.ts";
import { bytes, run_app } from "../../support/support.ts";

/** Responds with what a fetch handler sees of the request, as JSON. */
const describe_request: FetchHandler = async (request) =>
  Response.json({
    method: request.method,
    url: request.url,
    headers: Object.fromEntries(request.headers),
    body: request.body === null ? null : await request.text(),
  });

/** The request that `from_fetch` creates from an environ, as `describe_request` sees it. */
async function request_of(
  environ: Record<string, unknown>,
  body = "",
): Promise<Record<string, unknown>> {
  const app = from_fetch(describe_request, { keep_script_name: true });
  // Set after the server has checked the host.
  const { output, errors } = await run_app(
    (variables, start_response) =>
      app({ ...variables, ...environ }, start_response),
    { environ: { ...environ, HTTP_HOST: "h" }, body },
  );
  assertEquals(errors, "");
  const page = bytes(output.slice(output.indexOf("\r\n\r\n")));
  return JSON.parse(new TextDecoder().decode(page));
}

async function url_of(environ: Record<string, unknown>): Promise<unknown> {
  return (await request_of({ HTTP_HOST: "h", ...environ })).url;
}

Deno.test("from_fetch() creates a Request from the environ", async () => {
  const request = await request_of({
    REQUEST_METHOD: "PUT",
    HTTP_HOST: "example.com:8080",
    HTTP_X_CUSTOM: "caf\xe9",
    HTTP_COOKIE: "a=1; b=2",
    CONTENT_TYPE: "text/csv",
    CONTENT_LENGTH: "5",
    SCRIPT_NAME: "/app",
    PATH_INFO: "/x",
    QUERY_STRING: "y=1",
  }, "Hello and more");
  assertEquals(request, {
    method: "PUT",
    url: "http://example.com:8080/app/x?y=1",
    headers: {
      "content-length": "5",
      "content-type": "text/csv",
      "cookie": "a=1; b=2",
      "host": "example.com:8080",
      "x-custom": "caf\xe9",
    },
    body: "Hello",
  });
});

Deno.test("from_fetch() gives GET and HEAD no body, and every other method a stream", async () => {
  const seen = async (REQUEST_METHOD: string) => {
    const environ = { REQUEST_METHOD, CONTENT_LENGTH: "2" };
    let body;
    const app = from_fetch((request) => {
      body = request.body;
      return new Response();
    });
    await run_app(app, { environ, body: "ab" });
    return body;
  };
  assertStrictEquals(await seen("GET"), null);
  assertStrictEquals(await seen("HEAD"), null);
  for (const method of ["POST", "DELETE", "OPTIONS", "BREW"]) {
    assertInstanceOf(await seen(method), ReadableStream);
  }
});

Deno.test("from_fetch() encodes the path byte for byte", async () => {
  for (
    const [path, expected] of [
      ["/caf\u00c3\u00a9", "/caf%C3%A9"],
      ["/caf\xe9", "/caf%E9"],
      ["/a b", "/a%20b"],
      ["/100%", "/100%25"],
      ["/%2F", "/%252F"],
      ["/a?b#c", "/a%3Fb%23c"],
      ["/a\\b", "/a%5Cb"],
      ["/a\0\n\tb", "/a%00%0A%09b"],
      ["/a:b@c;d=e,f+g!$&'()*~-._", "/a:b@c;d=e,f+g!$&'()*~-._"],
      ["/a//b", "/a//b"],
      ["//a", "//a"],
      ["", "/"],
      ["*", "/*"],
    ]
  ) {
    assertEquals(
      await url_of({ SCRIPT_NAME: "", PATH_INFO: path }),
      `http://h${expected}`,
      path,
    );
  }
});

Deno.test("from_fetch() keeps SCRIPT_NAME in the URL if keep_script_name is set", async () => {
  assertEquals(
    await url_of({ SCRIPT_NAME: "/a b", PATH_INFO: "/c" }),
    "http://h/a%20b/c",
  );
  assertEquals(
    await url_of({ SCRIPT_NAME: "/app", PATH_INFO: "" }),
    "http://h/app",
  );
});

Deno.test("from_fetch() changes nothing in the query but characters that a URL cannot have", async () => {
  const path = { SCRIPT_NAME: "", PATH_INFO: "/" };
  for (
    const [query, expected] of [
      ["a=1&b=%2F+%C3%A9&c", "a=1&b=%2F+%C3%A9&c"],
      ["a?b/c", "a?b/c"],
      ["a#b", "a%23b"],
      ["a=\xe9", "a=%E9"],
      ["a\tb\n", "a%09b%0A"],
      [" a ", "%20a%20"],
    ]
  ) {
    assertEquals(
      await url_of({ ...path, QUERY_STRING: query }),
      `http://h/?${expected}`,
      query,
    );
  }
});

Deno.test("from_fetch() uses the spelling of REQUEST_URI if it still matches", async () => {
  const environ = {
    SCRIPT_NAME: "",
    PATH_INFO: "/a/b:c",
    QUERY_STRING: "d",
    REQUEST_URI: "/a%2Fb%3ac?d",
  };
  assertEquals(await url_of(environ), "http://h/a%2Fb%3ac?d");
  // Middleware has moved a segment, so the whole path is the same.
  assertEquals(
    await url_of({ ...environ, SCRIPT_NAME: "/a", PATH_INFO: "/b:c" }),
    "http://h/a%2Fb%3ac?d",
  );
  // Middleware has changed the path, or the query.
  assertEquals(await url_of({ ...environ, PATH_INFO: "/x" }), "http://h/x?d");
  assertEquals(
    await url_of({ ...environ, QUERY_STRING: "e" }),
    "http://h/a/b:c?e",
  );
  const asterisk = { REQUEST_METHOD: "OPTIONS", SCRIPT_NAME: "" };
  assertEquals(
    await url_of({ ...asterisk, PATH_INFO: "*", REQUEST_URI: "*" }),
    "http://h/*",
  );
  // Repeated leading slashes, which PATH_INFO has as one; a question mark without a query; raw bytes.
  const path = { SCRIPT_NAME: "", PATH_INFO: "/a" };
  assertEquals(await url_of({ ...path, REQUEST_URI: "//a" }), "http://h//a");
  assertEquals(await url_of({ ...path, REQUEST_URI: "/a?" }), "http://h/a?");
  assertEquals(
    await url_of({
      SCRIPT_NAME: "",
      PATH_INFO: "/\xe9\\",
      REQUEST_URI: "/\xe9\\",
    }),
    "http://h/%E9%5C",
  );
});

Deno.test("from_fetch() ignores a Host header that would change more of the URL than its host", async () => {
  const path = { SCRIPT_NAME: "", PATH_INFO: "/x" };
  const server = { SERVER_NAME: "s", SERVER_PORT: "81" };
  for (
    const host of ["a/b", "a?b", "a#b", "u@a", "a\\b", "[::", "a b", "a:b", ""]
  ) {
    assertEquals(
      await url_of({ ...path, ...server, HTTP_HOST: host }),
      "http://s:81/x",
      host,
    );
  }
  const nobody = { SERVER_NAME: "[", HTTP_HOST: "]" };
  assertEquals(await url_of({ ...path, ...nobody }), "http://localhost/x");
});

Deno.test("from_fetch() creates an https URL if the scheme is https", async () => {
  const environ = { SCRIPT_NAME: "", PATH_INFO: "/", HTTPS: "on" };
  assertEquals(await url_of(environ), "https://h/");
});

Deno.test("from_fetch() answers CONNECT and TRACE with a 501", async () => {
  for (const REQUEST_METHOD of ["CONNECT", "TRACE", "track"]) {
    const app = validator(from_fetch(() => new Response("no")));
    const { output } = await run_app(app, { environ: { REQUEST_METHOD } });
    assertMatch(output, /^Status: 501 Not Implemented\r\n.*501 Not Imp/s);
  }
});

Deno.test("from_fetch() passes the handler the info of Deno.serve, and the environ", async () => {
  let seen;
  const handler: Deno.ServeHandler<Deno.NetAddr> = (_request, info) => {
    seen = info;
    return new Response();
  };
  const seen_of = async (environ: Record<string, unknown>) => {
    await run_app(from_fetch(handler), { environ });
    return seen!;
  };
  const environ = { REMOTE_ADDR: "192.0.2.1", REMOTE_PORT: "4711", "x.y": 1 };
  const { remoteAddr, environ: given } = await seen_of(environ);
  assertEquals(remoteAddr, {
    transport: "tcp",
    hostname: "192.0.2.1",
    port: 4711,
  });
  assertEquals(given["x.y"], 1);
  assertEquals((await seen_of({})).remoteAddr, {
    transport: "tcp",
    hostname: "",
    port: 0,
  });
});
