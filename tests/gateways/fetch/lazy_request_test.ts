/** A `Request` that is created late is one in every way that a handler can see. */

import { assert, assertEquals } from "@std/assert";
import {
  lazy_request,
  new_request,
} from "../../../gateways/fetch/lazy_request.ts";
import { request_of } from "../../../gateways/fetch/request.ts";
import type { WSGIEnvironment } from "../../../types.ts";
import { setup_testing_defaults } from "../../../util.ts";
import { serve, text } from "../../support/support.ts";

const URL_ = "http://localhost:8000/a?b=c";
const FIELDS = ["x-test", "1", "content-type", "text/plain", "x-test", "2"];

lazy_request(URL_, () => []); // The first one is created at once.

/** What a handler might do with a request. */
const uses: Record<string, (request: Request) => unknown> = {
  url: (request) => request.url,
  method: (request) => request.method,
  headers: (request) => [...request.headers],
  "headers, the same each time": (request) =>
    request.headers === request.headers,
  "a header that is set": (request) => {
    request.headers.set("x-more", "3");
    return [request.headers.get("x-more"), ...new Request(request).headers];
  },
  "every property": (request) => {
    const names = Object.keys(
      Object.getOwnPropertyDescriptors(Request.prototype),
    );
    return names.map((name) => {
      const value = Reflect.get(request, name);
      return typeof value === "object" ? value !== null : `${value}`;
    });
  },
  "a getter of the class": (request) => {
    const { get } = Object.getOwnPropertyDescriptor(Request.prototype, "url")!;
    return get!.call(request);
  },
  in: (request) => ["headers" in request, "nothing" in request],
  instanceof: (request) => request instanceof Request,
  "its class": (request) => [
    Object.prototype.toString.call(request),
    request.constructor === Request,
  ],
  "console.log()": (request) => Deno.inspect(request),
  body: (request) => [request.body, request.bodyUsed],
  "text()": (request) => request.text(),
  "json()": (request) => request.json().catch((error) => error.name),
  "formData()": (request) => request.formData().catch((error) => error.name),
  "clone()": (request) => {
    const copy = request.clone();
    return [copy.url, ...copy.headers];
  },
  "new Request()": (request) => {
    const copy = new Request(request, { method: "POST", body: "a" });
    return [copy.url, copy.method, ...copy.headers];
  },
  "new Request() with another URL": (request) => {
    const copy = new Request("http://localhost/other", request);
    return [copy.url, copy.method, ...copy.headers];
  },
  "a Proxy": (request) => {
    const proxy = new Proxy(request, {});
    return [proxy.url, proxy.method, proxy.headers.get("x-test")];
  },
  "an heir": (request) => {
    const heir = Object.create(request) as Request;
    return [heir.url, heir.headers.get("x-test"), heir.clone().url];
  },
};

for (const [use, seen_by] of Object.entries(uses)) {
  Deno.test(`a request that is created late is like another: ${use}`, async () => {
    const lazy = lazy_request(URL_, () => FIELDS);
    assert(Object.getPrototypeOf(lazy) !== Request.prototype);
    assertEquals(
      await seen_by(lazy),
      await seen_by(new_request(URL_, FIELDS)),
    );
  });
}

Deno.test("a request that is created late can be sent", async () => {
  await using server = serve((environ, start_response) => {
    start_response("200 OK", []);
    return [new TextEncoder().encode(environ.HTTP_X_TEST as string)];
  });
  const response = await fetch(
    lazy_request(`${server.url}/a`, () => ["x-test", "1"]),
  );
  assertEquals(text(await response.bytes()), "1");
});

Deno.test("a request that is created late has the headers of its time", () => {
  const environ = { REQUEST_METHOD: "GET", HTTP_X_TEST: "1" };
  setup_testing_defaults(environ);
  const request = request_of(environ as unknown as WSGIEnvironment, "");
  environ.HTTP_X_TEST = "2";
  assertEquals(request.headers.get("x-test"), "1");
});

Deno.test("a request whose URL changes when it is parsed is created at once", () => {
  const environ = { REQUEST_METHOD: "GET", PATH_INFO: "/a/../b" };
  setup_testing_defaults(environ);
  const request = request_of(environ as unknown as WSGIEnvironment, "");
  assertEquals(request.url, "http://127.0.0.1/b");
  assert(Object.getPrototypeOf(request) === Request.prototype);
});
