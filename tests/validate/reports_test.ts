/** Where violations and warnings are reported, and what `validator()` itself rejects. */

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { WSGIApplication } from "../../types.ts";
import { validator, WSGIWarning } from "../../validate.ts";
import { Log, serve, until } from "../support/support.ts";
import { environ_with, good_server, TEXT } from "./exchange.ts";
import { ENVIRON, hello, starting } from "./rows.ts";

Deno.test("validator() refuses what is no function", () => {
  assertThrows(
    () => validator("app" as unknown as WSGIApplication),
    TypeError,
    'the application must be a function, got "app"',
  );
});

Deno.test("validator() has a violation logged once and answered by the error page", async () => {
  await using server = serve(
    validator(starting("200", TEXT).app as WSGIApplication),
  );
  const response = await fetch(server.url);
  assertEquals(response.status, 500);
  assertEquals(
    await response.text(),
    "A server error occurred.  Please contact the administrator.",
  );
  await until(() => server.log.text.endsWith("500 59\n"));
  assertEquals(
    server.log.text.match(/WSGIError: the status must be/g)?.length,
    1,
  );
});

Deno.test("validator() writes warnings to wsgi.errors unless it has a hook", async () => {
  const log = new Log();
  const environ = environ_with({ QUERY_STRING: undefined, "wsgi.errors": log });
  await good_server(validator(hello as WSGIApplication), environ);
  assertEquals(
    log.text,
    `WSGIWarning: QUERY_STRING should be present even if it is empty, got none ${ENVIRON}\n`,
  );
});

Deno.test("validator() lets what its hook throws come out of the call", async () => {
  const environ = environ_with({ REQUEST_METHOD: "BREW" });
  const app = validator(hello as WSGIApplication, {
    warn(warning) {
      throw warning;
    },
  });
  await assertRejects(() => good_server(app, environ), WSGIWarning, '"BREW"');
});
