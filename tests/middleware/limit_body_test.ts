/** The limit of a body that says its length, and of requests without one. */

import { assertEquals, assertStrictEquals } from "@std/assert";
import { limit_body } from "../../middleware/mod.ts";
import type { WSGIApplication } from "../../types.ts";
import { validator } from "../../validate.ts";
import { ask, open_gateway, protocols } from "../gateways/gateway_clients.ts";
import {
  bytes,
  read_all,
  run_app,
  serve,
  stream_of,
  write_all,
} from "../support/support.ts";
import {
  CHUNKED,
  chunked,
  echo,
  hello,
  LAST,
  never,
  noting,
  post,
  read_until,
  TOO_LARGE,
} from "./limited.ts";

Deno.test("limit_body() of 0 is the application itself", () => {
  assertStrictEquals(limit_body(hello, { max_size: 0 }), hello);
});

Deno.test("limit_body() leaves a body alone that is as long as it may be", async () => {
  let seen: unknown;
  const app: WSGIApplication = (environ, start_response) => {
    seen = environ["wsgi.input"];
    return echo(environ, start_response);
  };
  const input = stream_of("hello");
  const { output } = await run_app(limit_body(app, { max_size: 5 }), {
    environ: { CONTENT_LENGTH: "5", REQUEST_METHOD: "POST" },
    adapt: (handler) => handler.get_stdin = () => input,
  });
  assertEquals(
    output,
    "Status: 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello",
  );
  assertStrictEquals(seen, input);
});

Deno.test("limit_body() answers a longer one without asking the application", async () => {
  for (const length of ["6", "0000006", "99999999999999999999"]) {
    const { output, errors } = await run_app(
      limit_body(never, { max_size: 5 }),
      {
        environ: { CONTENT_LENGTH: length, REQUEST_METHOD: "POST" },
      },
    );
    assertEquals(output, TOO_LARGE);
    assertEquals(errors, "");
  }
});

Deno.test("limit_body() counts a body whose CONTENT_LENGTH is no number", async () => {
  for (const length of ["0x0", "-0", " ", "five"]) {
    const app = limit_body(echo, { max_size: 5 });
    const { output } = await run_app((environ, start_response) => {
      const malformed = { ...environ, CONTENT_LENGTH: length };
      return app(malformed, start_response);
    }, {
      environ: { CONTENT_LENGTH: "6", REQUEST_METHOD: "POST" },
      body: "Hello!",
    });
    assertEquals(output, TOO_LARGE);
  }
});

Deno.test("limit_body() leaves a request without a body alone", async () => {
  const inputs: unknown[] = [];
  const app = noting(
    inputs,
    limit_body(noting(inputs, hello), { max_size: 5 }),
  );
  for (const environ of [{}, { CONTENT_LENGTH: "" }, { CONTENT_LENGTH: "0" }]) {
    await run_app(app, { environ: { REQUEST_METHOD: "POST", ...environ } });
  }
  await using server = serve(app);
  for (const method of ["GET", "HEAD", "POST"]) {
    const response = await fetch(server.url, { method });
    await response.body?.cancel();
  }
  assertEquals(inputs.length, 12);
  for (let i = 0; i < inputs.length; i += 2) {
    assertStrictEquals(inputs[i], inputs[i + 1]);
  }
});

const BY_HTTP = /^HTTP\/1\.1 413 [\w ]+\r\n.*\r\n\r\nContent Too Large$/s;

for (const validated of [false, true]) {
  const app = validated ? validator(echo) : echo;
  const how = validated ? ", behind validator" : "";

  Deno.test(`limit_body() keeps the connection of a body that it refused${how}`, async () => {
    await using server = serve(limit_body(app, { max_size: 5 }));
    using conn = await Deno.connect({
      hostname: "127.0.0.1",
      port: server.port,
    });
    const requests: [string, string][] = [
      ["Content-Length: 6", "hello!"],
      ["Content-Length: 100000", "x".repeat(100000)],
      [CHUNKED, `${chunked("hello", "!")}0\r\n\r\n`],
      [CHUNKED, `${chunked("x".repeat(100000))}0\r\n\r\n`],
    ];
    for (const [headers, body] of requests) {
      await write_all(conn, post("/", headers, body));
      const answer = await read_until(conn, "Content Too Large");
      assertEquals(BY_HTTP.test(answer), true, answer);
    }
    for (
      const [headers, body] of [
        ["Content-Length: 5", "hello"],
        [CHUNKED, `${chunked("he", "llo")}0\r\n\r\n`],
      ]
    ) {
      await write_all(conn, post("/", headers!, body!));
      const answer = await read_until(conn, "\r\n\r\nhello");
      assertEquals(answer.slice(0, 15), "HTTP/1.1 200 OK");
    }
    await write_all(conn, bytes(LAST));
    const last = await read_all(conn);
    assertEquals(last.slice(0, 15), "HTTP/1.1 200 OK");
    assertEquals(
      server.log.text,
      '"POST / HTTP/1.1" 413 17\n'.repeat(4) +
        '"POST / HTTP/1.1" 200 5\n'.repeat(2) +
        '"GET /last HTTP/1.1" 200 0\n',
    );
  });
}

Deno.test("limit_body() answers before the body comes", async () => {
  await using server = serve(limit_body(never, { max_size: 5 }));
  using conn = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  await write_all(conn, post("/", "Content-Length: 6", ""));
  const answer = await read_until(conn, "Content Too Large");
  assertEquals(BY_HTTP.test(answer), true, answer);
});

Deno.test("limit_body() answers while a body goes on that is too long already", async () => {
  await using server = serve(limit_body(echo, { max_size: 5 }));
  using conn = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  await write_all(conn, post("/", CHUNKED, chunked("hello", "!")));
  const answer = await read_until(conn, "Content Too Large");
  assertEquals(BY_HTTP.test(answer), true, answer);
  // What comes behind may be anything: the connection ends with it.
  await write_all(conn, bytes(`${chunked("x".repeat(100000))}0\r\n\r\n`));
  assertEquals(await read_all(conn), "");
});

for (const protocol of protocols) {
  Deno.test(`limit_body() limits a body by ${protocol.name}`, async () => {
    const app = limit_body(validator(echo), { max_size: 100000 });
    await using gateway = await open_gateway(protocol, app);
    const method = { REQUEST_METHOD: "POST" };
    const whole = "x".repeat(100000);
    const allowed = await ask(protocol, gateway.server, method, whole);
    assertEquals(
      allowed.text,
      `200 OK\r\nContent-Type: text/plain\r\nContent-Length: 100000\r\n\r\n${whole}`,
    );
    for (const longer of [`${whole}x`, whole.repeat(20)]) {
      const refused = await ask(protocol, gateway.server, method, longer);
      assertEquals(refused.text, TOO_LARGE.slice("Status: ".length));
      assertEquals(refused.ended, true);
    }
    assertEquals(
      gateway.log.text,
      '"POST / HTTP/1.1" 200 100000\n' + '"POST / HTTP/1.1" 413 17\n'.repeat(2),
    );
  });
}
