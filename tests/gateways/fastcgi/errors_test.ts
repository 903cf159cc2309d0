/** `wsgi.errors` by FastCGI, and responses that fail. */

import { assertEquals, assertMatch } from "@std/assert";
import { bytes, until } from "../../support/support.ts";
import { fastcgi_request } from "./records.ts";
import { echo, echoed, gated, open_session } from "./session.ts";

Deno.test("wsgi.errors goes to the log of the web server", async () => {
  await using session = await open_session((environ, start_response) => {
    const errors = environ["wsgi.errors"];
    errors.write("caf\u00e9 ");
    errors.writelines(["a\n", "b\n"]);
    errors.write("");
    errors.write("x".repeat(70_000));
    errors.flush();
    start_response("200 OK", []);
    return [];
  }, { stderr: undefined });
  await session.write(fastcgi_request(1));
  const { text, errors } = await session.reader.answer(1);
  assertEquals(text, "200 OK\r\nContent-Length: 0\r\n\r\n");
  assertEquals(errors, `caf\xc3\xa9 a\nb\n${"x".repeat(70_000)}`);
});

Deno.test("the stack of an error goes to the log of the web server", async () => {
  await using session = await open_session(() => {
    throw new TypeError("mine");
  }, { stderr: undefined });
  await session.write(fastcgi_request(1));
  const { text, errors, app_status } = await session.reader.answer(1);
  assertMatch(text, /^500 Internal Server Error\r\n/);
  assertMatch(errors, /^TypeError: mine\n {4}at /);
  assertEquals(app_status, 0);
});

Deno.test("wsgi.errors goes to the stderr of the server when the web server has gone", async () => {
  let errors: { write(text: string): void } | undefined;
  await using session = await open_session((environ, start_response) => {
    errors = environ["wsgi.errors"];
    start_response("200 OK", []);
    return [];
  }, { stderr: undefined });
  const { log, server } = session.gateway;
  await session.write(fastcgi_request(1));
  await session.reader.answer(1);
  server.stderr = log;
  errors!.write("too late\n");
  await until(() => log.text.includes("too late"));
  assertEquals(log.text, '"GET / HTTP/1.1" 200 0\ntoo late\n');
});

Deno.test("a response that is broken has no end where it is alone on its connection", async () => {
  await using session = await open_session(
    function* (_environ, start_response) {
      start_response("200 OK", []);
      yield bytes("first");
      throw new Error("mine");
    },
  );
  await session.write(fastcgi_request(1));
  const answer = await session.reader.answer(1);
  assertEquals(answer, {
    text: "200 OK\r\n\r\nfirst",
    errors: "",
    ended: false,
    app_status: null,
  });
  assertMatch(
    session.gateway.log.text,
    /^Error: mine\n[^]*\n"GET \/ HTTP\/1.1" 200 5\n$/,
  );
});

Deno.test("a response that is broken says so in its end where others are under way", async () => {
  const { app, open } = gated();
  await using session = await open_session((environ, start_response) => {
    if (environ.PATH_INFO !== "/broken") return app(environ, start_response);
    return function* () {
      start_response("200 OK", []);
      yield bytes("first");
      throw new Error("mine");
    }();
  });
  await session.write(
    fastcgi_request(1, { PATH_INFO: "/good" }),
    fastcgi_request(2, { PATH_INFO: "/broken" }),
  );
  assertEquals(await session.reader.answer(2), {
    text: "200 OK\r\n\r\nfirst",
    errors: "",
    ended: true,
    app_status: 1,
  });
  open("/good");
  assertEquals(await session.reader.answer(1), echoed("/good "));
});

Deno.test("a handler that cannot be made closes the connection", async () => {
  await using session = await open_session(echo);
  const { server, log } = session.gateway;
  const { handler_class } = server;
  server.handler_class = class extends handler_class {
    constructor(...args: ConstructorParameters<typeof handler_class>) {
      super(...args);
      throw new Error("no handler");
    }
  };
  await session.write(fastcgi_request(1));
  assertEquals(await session.reader.next(), null);
  assertEquals(log.text, "closed a connection: Error: no handler\n");
});
