/** What is sound passes the validator unchanged, and without a warning. */

import { assert, assertEquals } from "@std/assert";
import { SimpleHandler } from "../../handlers.ts";
import { demo_app } from "../../simple_server.ts";
import type { WSGIApplication } from "../../types.ts";
import { validator } from "../../validate.ts";
import { run_app, serve, until } from "../support/support.ts";
import {
  environ_with,
  fail_on_warning,
  good_server,
  reader,
  type Variables,
} from "./exchange.ts";
import { hello, run_row } from "./rows.ts";
import { SOUND, type Sound } from "./sound.ts";

/** The environ of the request of a sound application. */
function request_of({ method = "GET", body = "" }: Sound): Variables {
  return { REQUEST_METHOD: method, CONTENT_LENGTH: String(body.length) };
}

for (const [what, sound] of Object.entries(SOUND)) {
  const { app, method = "GET", body = "", status = 200, answer = "abcdef" } =
    sound;

  Deno.test(`validator() passes ${what} through a SimpleHandler, block for block`, async () => {
    const options = {
      environ: request_of(sound),
      body,
      handler_class: SimpleHandler,
      adapt: (handler: SimpleHandler) => {
        handler.origin_server = false; // No Date, which changes from run to run.
      },
    };
    const plain = await run_app(app, options);
    const checked = await run_app(
      validator(app, { warn: fail_on_warning, close_within: 0 }),
      options,
    );
    assertEquals(checked.errors, "");
    assertEquals(checked.chunks, plain.chunks);
    assert(checked.output.startsWith(`Status: ${status} `), checked.output);
    assert(checked.output.endsWith(`\r\n\r\n${answer}`), checked.output);
  });

  Deno.test(`validator() passes ${what} through make_server()`, async () => {
    await using server = serve(validator(app));
    const response = await fetch(server.url, {
      method,
      body: body || null,
      redirect: "manual",
    });
    assertEquals(response.status, status);
    assertEquals(await response.text(), answer);
    await until(() => server.log.text.includes("\n"));
    assertEquals(
      server.log.text,
      `"${method} / HTTP/1.1" ${status} ${answer.length}\n`,
    );
  });
}

Deno.test("validator() passes demo_app through make_server() without a warning", async () => {
  await using server = serve(validator(demo_app));
  for (const path of ["/", "/x%20y?a=b", "/%E2%82%AC"]) {
    const response = await fetch(server.url + path);
    assertEquals(response.status, 200);
    await response.text();
  }
  await until(() => server.log.text.split("\n").length > 3);
  assertEquals(/WSGI(Warning|Error)/.test(server.log.text), false);
});

Deno.test("validator() has demo_app answer a HEAD as it does a GET, but for the page", async () => {
  await using server = serve(validator(demo_app));
  const { status, headers } = await fetch(server.url, { method: "HEAD" });
  assertEquals(status, 200);
  assertEquals(headers.get("content-type"), "text/plain; charset=utf-8");
  await until(() => server.log.text.includes("\n"));
  assertEquals(server.log.text, '"HEAD / HTTP/1.1" 200 0\n');
});

for (
  const protocol of ["HTTP/1.0", "HTTP/2", "HTTP/3.0", "INCLUDED", "SHTTP/1.3"]
) {
  Deno.test(`validator() passes the protocol ${protocol}`, async () => {
    const environ = { SERVER_PROTOCOL: protocol };
    await run_row(["", { environ }, ""], fail_on_warning);
  });
}

Deno.test("validator() passes an asterisk for OPTIONS", async () => {
  const environ = { REQUEST_METHOD: "OPTIONS", PATH_INFO: "*" };
  await run_row(["", { environ }, ""], fail_on_warning);
});

Deno.test("validator() passes an environ without a prototype", async () => {
  const environ = Object.assign(Object.create(null), environ_with());
  await good_server(validator(hello as WSGIApplication), environ);
});

Deno.test("validator() allows a GET whose body the server dropped", async () => {
  const environ = { CONTENT_LENGTH: "5" };
  await run_row(["", { environ, app: reader }, ""], fail_on_warning);
});
