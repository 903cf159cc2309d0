/** `setup_testing_defaults()`, which completes an environ. */

import {
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertStrictEquals,
} from "@std/assert";
import { type PartialEnvironment, setup_testing_defaults } from "../../util.ts";
import { Log, stream_of } from "../support/support.ts";

/** What it makes of `environ`. */
function defaults_of(environ: PartialEnvironment = {}): PartialEnvironment {
  setup_testing_defaults(environ);
  return environ;
}

Deno.test("setup_testing_defaults() sets all that an environ needs when it is empty", () => {
  const {
    "wsgi.input": input,
    "wsgi.errors": errors,
    ...others
  } = defaults_of();
  assertInstanceOf(input, ReadableStream);
  assertEquals(String(errors), "");
  assertEquals(others, {
    SERVER_NAME: "127.0.0.1",
    SERVER_PROTOCOL: "HTTP/1.0",
    HTTP_HOST: "127.0.0.1",
    REQUEST_METHOD: "GET",
    SCRIPT_NAME: "",
    PATH_INFO: "/",
    // Beyond wsgiref's: an environ of types.ts always has these two.
    QUERY_STRING: "",
    "wsgi.input_terminated": true,
    "wsgi.version": [1, 0],
    "wsgi.run_once": false,
    "wsgi.multithread": false,
    "wsgi.multiprocess": false,
    "wsgi.url_scheme": "http",
    SERVER_PORT: "80",
  });
});

for (
  const [key, value] of Object.entries({
    SERVER_NAME: "example.com",
    SERVER_PROTOCOL: "HTTP/1.1",
    HTTP_HOST: "example.org",
    REQUEST_METHOD: "POST",
    SCRIPT_NAME: "/a",
    PATH_INFO: "/b",
    QUERY_STRING: "c=d",
    SERVER_PORT: "8000",
    "wsgi.input": stream_of("e"),
    "wsgi.input_terminated": false,
    "wsgi.errors": new Log(),
    "wsgi.version": [1, 1],
    "wsgi.run_once": true,
    "wsgi.multithread": true,
    "wsgi.multiprocess": true,
    "wsgi.url_scheme": "https",
  })
) {
  Deno.test(`setup_testing_defaults() keeps ${key} when it is there`, () => {
    assertStrictEquals(defaults_of({ [key]: value })[key], value);
  });

  Deno.test(`setup_testing_defaults() keeps ${key} when it is null`, () => {
    assertStrictEquals(defaults_of({ [key]: null })[key], null);
  });
}

Deno.test("setup_testing_defaults() keeps a variable when it knows nothing of it", () => {
  assertEquals(defaults_of({ "x.user": "me" })["x.user"], "me");
});

Deno.test("setup_testing_defaults() takes HTTP_HOST from SERVER_NAME when that is there", () => {
  const environ = defaults_of({ SERVER_NAME: "foo.bar" });
  assertEquals(environ.HTTP_HOST, "foo.bar");
});

Deno.test("setup_testing_defaults() sets no PATH_INFO when SCRIPT_NAME is there", () => {
  assertFalse("PATH_INFO" in defaults_of({ SCRIPT_NAME: "/a" }));
});

Deno.test("setup_testing_defaults() sets no SCRIPT_NAME when PATH_INFO is there", () => {
  assertFalse("SCRIPT_NAME" in defaults_of({ PATH_INFO: "/a" }));
});

for (
  const [https, scheme, port] of [
    ["on", "https", "443"],
    ["1", "https", "443"],
    ["yes", "https", "443"],
    ["foo", "http", "80"],
  ]
) {
  Deno.test(`setup_testing_defaults() chooses ${scheme} and port ${port} when HTTPS is "${https}"`, () => {
    const environ = defaults_of({ HTTPS: https });
    assertEquals(
      [environ["wsgi.url_scheme"], environ.SERVER_PORT],
      [scheme, port],
    );
  });
}

Deno.test("setup_testing_defaults() takes the port from wsgi.url_scheme when that is there", () => {
  const environ = defaults_of({ "wsgi.url_scheme": "https" });
  assertEquals(environ.SERVER_PORT, "443");
});

Deno.test("setup_testing_defaults() sets no SERVER_PORT when the scheme is neither http nor https", () => {
  assertFalse("SERVER_PORT" in defaults_of({ "wsgi.url_scheme": "ws" }));
});

Deno.test("setup_testing_defaults() makes a wsgi.input that has ended when there is none", async () => {
  const environ: PartialEnvironment = {};
  setup_testing_defaults(environ);
  assertEquals(await Array.fromAsync(environ["wsgi.input"]), []);
});

Deno.test("setup_testing_defaults() makes a wsgi.errors that keeps its text when there is none", () => {
  const environ: PartialEnvironment = {};
  setup_testing_defaults(environ);
  const errors = environ["wsgi.errors"];
  errors.write("a\n");
  errors.writelines(["b", "c"]);
  errors.flush();
  assertEquals(String(errors), "a\nbc");
});

Deno.test("setup_testing_defaults() shares no object between environs when it makes two", () => {
  const [one, other] = [defaults_of(), defaults_of()];
  for (const key of ["wsgi.version", "wsgi.input", "wsgi.errors"]) {
    assertFalse(one[key] === other[key], key);
  }
});
