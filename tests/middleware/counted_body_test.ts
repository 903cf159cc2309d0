/** A body that is counted while it is read: how much of it is taken, and what becomes of the rest. */

import { assertEquals } from "@std/assert";
import { limit_body } from "../../middleware/mod.ts";
import { ServerHandler } from "../../simple_server.ts";
import type { WSGIApplication } from "../../types.ts";
import { validator } from "../../validate.ts";
import { ask, fastcgi, open_gateway } from "../gateways/gateway_clients.ts";
import {
  bytes,
  Log,
  read_all,
  run_app,
  serve,
  stream_of,
  until,
  write_all,
} from "../support/support.ts";
import {
  CHUNKED,
  chunked,
  echo,
  hello,
  noting,
  PLAIN,
  post,
  read,
  TOO_LARGE,
  UploadHandler,
} from "./limited.ts";

Deno.test("limit_body() limits every method by FastCGI, a body without CONTENT_LENGTH being one of STDIN", async () => {
  for (const app of [echo, validator(echo)]) {
    await using gateway = await open_gateway(
      fastcgi,
      limit_body(app, { max_size: 100000 }),
    );
    const whole = "x".repeat(100000);
    for (const method of ["POST", "GET"]) {
      const variables = { REQUEST_METHOD: method, CONTENT_LENGTH: "" };
      const allowed = await ask(fastcgi, gateway.server, variables, whole);
      assertEquals(
        allowed.text,
        `200 OK\r\nContent-Type: text/plain\r\nContent-Length: 100000\r\n\r\n${whole}`,
      );
      for (const longer of [`${whole}x`, whole.repeat(20)]) {
        const refused = await ask(fastcgi, gateway.server, variables, longer);
        assertEquals(refused.text, TOO_LARGE.slice("Status: ".length));
        assertEquals(refused.errors, "");
        assertEquals(refused.ended, true);
      }
    }
    assertEquals(
      gateway.log.text,
      ["POST", "GET"].map((method) =>
        `"${method} / HTTP/1.1" 200 100000\n` +
        `"${method} / HTTP/1.1" 413 17\n`.repeat(2)
      ).join(""),
    );
  }
});

Deno.test("limit_body() takes no more of a body than the application wants", async () => {
  let pulled = 0;
  const source = new ReadableStream<Uint8Array>({
    pull(controller) {
      pulled++;
      controller.enqueue(bytes("x"));
    },
  }, { highWaterMark: 0 });
  const app: WSGIApplication = async (environ, start_response) => {
    assertEquals(pulled, 0);
    const reader = environ["wsgi.input"].getReader();
    await reader.read();
    reader.releaseLock();
    assertEquals(pulled, 1);
    return hello(environ, start_response);
  };
  await run_app(limit_body(app, { max_size: 5 }), {
    environ: { REQUEST_METHOD: "POST" },
    handler_class: UploadHandler,
    adapt: (handler) => handler.stdin = source,
  });
  assertEquals(pulled, 1);
  assertEquals(source.locked, false);
});

Deno.test("limit_body() counts nothing by FastCGI where a request has come whole without a body", async () => {
  const inputs: unknown[] = [];
  await using gateway = await open_gateway(
    fastcgi,
    noting(inputs, limit_body(noting(inputs, echo), { max_size: 5 })),
  );
  const variables = { CONTENT_LENGTH: "" };
  await ask(fastcgi, gateway.server, variables);
  await ask(fastcgi, gateway.server, variables, "body");
  assertEquals(inputs.length, 4);
  assertEquals(inputs[0] === inputs[1], true);
  assertEquals(inputs[2] === inputs[3], false);
});

Deno.test("limit_body() lets the application cancel its input, also while it reads", async () => {
  for (const reading of [false, true]) {
    const cancelled: unknown[] = [];
    const source = new ReadableStream<Uint8Array>({
      cancel: (reason) => void cancelled.push(reason),
    });
    const app: WSGIApplication = async (environ, start_response) => {
      const reader = environ["wsgi.input"].getReader();
      const read = reading && reader.read();
      await reader.cancel("enough");
      if (read) assertEquals((await read).done, true);
      return hello(environ, start_response);
    };
    const { errors } = await run_app(limit_body(app, { max_size: 5 }), {
      environ: { REQUEST_METHOD: "POST" },
      handler_class: UploadHandler,
      adapt: (handler) => handler.stdin = source,
    });
    assertEquals(errors, "");
    assertEquals(cancelled, ["enough"]);
  }
});

Deno.test("limit_body() leaves what the application does not read to the handler", async () => {
  const app: WSGIApplication = async (environ, start_response) => {
    const reader = environ["wsgi.input"].getReader(); // Kept for ever.
    await reader.read();
    return hello(environ, start_response);
  };
  await using server = serve(limit_body(app, { max_size: 5 }));
  using conn = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  const body = `${chunked("x", "y".repeat(100000))}0\r\n\r\n`;
  await write_all(conn, post("/a", `${CHUNKED}\r\nConnection: close`, body));
  assertEquals((await read_all(conn)).slice(-7), "POST /a");
});

Deno.test("limit_body() treats a client that leaves in the middle of its body as every handler does", async () => {
  await using server = serve(limit_body(echo, { max_size: 100 }));
  const conn = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  await write_all(conn, post("/", CHUNKED, chunked("hello")));
  conn.close();
  await until(() => server.log.text !== "");
  assertEquals(server.log.text, '"POST / HTTP/1.1" 400 11\n');
});

Deno.test("limit_body() ends with the client that leaves while a generator waits", async () => {
  const seen: string[] = [];
  const app: WSGIApplication = async function* (environ, start_response) {
    start_response("200 OK", PLAIN);
    await read(environ["wsgi.input"]);
    yield bytes("x");
    await new Promise(() => {});
  };
  const closing: WSGIApplication = (environ, start_response) =>
    Object.assign(app(environ, start_response), {
      close: () => void seen.push("closed"),
    });
  const handler = new ServerHandler(stream_of("hello"), new Log(), {
    REQUEST_METHOD: "POST",
  });
  const response = await handler.respond(limit_body(closing, { max_size: 5 }));
  const reader = response.body!.getReader();
  assertEquals((await reader.read()).value, bytes("x"));
  await reader.cancel();
  await until(() => seen.length > 0);
  assertEquals(seen, ["closed"]);
});
