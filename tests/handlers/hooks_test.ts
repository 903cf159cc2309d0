/** Overrides that do what their documentation allows, in every handler: none loses a byte. */

import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import {
  BaseCGIHandler,
  BaseHandler,
  ResponseHandler,
  SimpleHandler,
} from "../../handlers.ts";
import { ServerHandler, WSGIRequestHandler } from "../../simple_server.ts";
import type { WSGIApplication } from "../../types.ts";
import { setup_testing_defaults } from "../../util.ts";
import { file_with_length, HOOKS, type Mixin } from "./hooks.ts";
import { ask, open_gateway, protocols } from "../gateways/gateway_clients.ts";
import {
  bytes,
  Log,
  run_app,
  serve,
  stream_of,
  text,
  until,
} from "../support/support.ts";

// The handlers

/** What came back. */
interface Answer {
  body: string;
  log: string;
}

type Door = (
  mixin: Mixin,
  app: WSGIApplication,
  method: string,
) => Promise<Answer>;

/** A handler of one's own, as the documentation of `BaseHandler` has it. */
class OwnHandler extends BaseHandler {
  override os_environ = {};
  kept = "";
  sent = "";
  log = new Log();
  method = "GET";
  override _write(data: Uint8Array) {
    this.kept += text(data);
  }
  override _flush() {
    this.sent += this.kept;
    this.kept = "";
  }
  override get_stdin() {
    return stream_of();
  }
  override get_stderr() {
    return this.log;
  }
  override add_cgi_vars() {
    this.environ!.REQUEST_METHOD = this.method;
    setup_testing_defaults(this.environ!);
  }
}

function body_of(output: string): string {
  return output.slice(output.indexOf("\r\n\r\n") + 4);
}

async function through_streams(
  handler_class: typeof SimpleHandler,
  app: WSGIApplication,
  method: string,
): Promise<Answer> {
  const environ = { REQUEST_METHOD: method };
  const { output, errors } = await run_app(app, { handler_class, environ });
  return { body: body_of(output), log: errors };
}

const DOORS: Record<string, Door> = {
  "a handler of one's own": async (mixin, app, method) => {
    const handler = new (mixin(OwnHandler))();
    handler.method = method;
    await handler.run(app);
    return { body: body_of(handler.sent), log: handler.log.text };
  },
  SimpleHandler: (mixin, app, method) =>
    through_streams(mixin(SimpleHandler), app, method),
  BaseCGIHandler: (mixin, app, method) =>
    through_streams(mixin(BaseCGIHandler), app, method),
  ResponseHandler: async (mixin, app, method) => {
    const log = new Log();
    const environ = {};
    setup_testing_defaults(environ);
    environ.REQUEST_METHOD = method;
    const handler = new (mixin(ResponseHandler))(stream_of(), log, environ);
    const response = await handler.respond(app);
    return { body: await response.text(), log: log.text };
  },
  ServerHandler: async (mixin, app, method) => {
    await using server = serve(
      app,
      class extends WSGIRequestHandler {
        override handler_class = mixin(ServerHandler);
      },
    );
    const response = await fetch(server.url, { method });
    const body = await response.text();
    await server.server.shutdown();
    return { body, log: server.log.text.replace(/^"\w+ \/ .*\n/m, "") };
  },
  ...Object.fromEntries(protocols.map((protocol): [string, Door] => [
    `the handler of ${protocol.name}`,
    async (mixin, app, method) => {
      await using gateway = await open_gateway(protocol, app);
      const { server, log } = gateway;
      server.handler_class = mixin(server.handler_class);
      const answer = await ask(protocol, server, { REQUEST_METHOD: method });
      const lines = log.text.replace(/^"\w+ \/ .*\n/m, "");
      return { body: body_of(answer.text), log: lines };
    },
  ])),
};

for (const [door, answer] of Object.entries(DOORS)) {
  for (const [hook, { mixin, app, body, method }] of Object.entries(HOOKS)) {
    Deno.test(`${door} loses nothing by ${hook}`, async () => {
      const answered = await answer(mixin, app, method ?? "GET");
      assertEquals(answered, { body, log: "" });
    });
  }
}

for (const [door, answer] of Object.entries(DOORS)) {
  // By HTTP the response is broken off, and nobody hears why.
  if (/ResponseHandler|ServerHandler/.test(door)) continue;
  Deno.test(`${door} says that sendfile() has sent too little, where that is counted`, async () => {
    const mixin: Mixin = (Base) =>
      class extends Base {
        override async sendfile() {
          await this.write(bytes("short"));
          return true;
        }
      };
    const { log } = await answer(mixin, file_with_length, "GET");
    assertEquals(
      log.split("\n")[0],
      "RangeError: the application declared a Content-Length of 11, but produced 5 bytes",
    );
  });
}

Deno.test("an error page that fails on its way breaks the response off", async () => {
  await using server = serve(
    () => {
      throw new Error("first");
    },
    class extends WSGIRequestHandler {
      override handler_class = class extends ServerHandler {
        override async *error_output(
          _environ: unknown,
          start_response: Parameters<WSGIApplication>[1],
        ) {
          start_response("500 Oops", [], this.exc_info);
          yield bytes("a part");
          throw new Error("second");
        }
      } as typeof ServerHandler;
    },
  );
  const response = await fetch(server.url);
  await assertRejects(() => response.text());
  await until(() => server.log.text.includes('"GET'));
  assertMatch(
    server.log.text,
    /^Error: first\n( {4}at .*\n)+"GET \/ HTTP\/1.1" 500 6\n$/,
  );
});
