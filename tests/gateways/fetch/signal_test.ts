/** `request.signal` of a fetch handler, and how it follows the platform's. */

import { assertEquals, assertFalse, assertStrictEquals } from "@std/assert";
import { from_fetch, to_fetch } from "../../../gateways/fetch.ts";
import type { WSGIApplication } from "../../../types.ts";
import { run_script, serve } from "../../support/support.ts";

/** Serves a handler that reads its signal, and prints the state of the signal and of the console afterwards. */
const SCRIPT = `
import { from_fetch, make_server } from "./mod.ts";

const { warn } = console;
let signal;
const app = from_fetch((request) => {
  signal = request.signal;
  return new Response("hello");
});
await using httpd = make_server("127.0.0.1", 0, app);
httpd.RequestHandlerClass = class extends httpd.RequestHandlerClass {
  log_message() {}
};
httpd.serve_forever();
for (let i = 0; i < 2; i++) {
  await (await fetch(\`http://127.0.0.1:\${httpd.server_port}/\`)).text();
}
console.log(signal.aborted, console.warn === warn);
console.warn("another warning");
`;

Deno.test("reading request.signal prints no warning of Deno's, and console.warn() is restored", async () => {
  const { stdout, stderr } = await run_script(["-"], { stdin: SCRIPT });
  assertEquals(
    { stdout, stderr },
    { stdout: "false true\n", stderr: "another warning\n" },
  );
});

/** Middleware that does nothing but makes the server use WSGI. */
function passed(app: WSGIApplication): WSGIApplication {
  return (environ, start_response) => app(environ, start_response);
}

for (
  const [by, around] of [
    ["directly", (app: WSGIApplication) => app],
    ["through middleware", passed],
  ] as const
) {
  Deno.test(`to_fetch(from_fetch(handler)) follows the signal of a Request, ${by}`, async () => {
    const controller = new AbortController();
    const reason = new Error("no time");
    let error: unknown = null;
    const called = Promise.withResolvers<void>();
    const handler = to_fetch(around(from_fetch(async ({ signal }) => {
      called.resolve();
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      error = signal.reason;
      throw error;
    })));
    const { signal } = controller;
    const responded = handler(new Request("http://h/", { signal }));
    await called.promise;
    assertEquals(error, null);
    controller.abort(reason);
    assertEquals((await responded).status, 500);
    assertStrictEquals(error, reason);
  });

  Deno.test(`to_fetch(from_fetch(handler)) does not abort the signal of a complete request, ${by}`, async () => {
    const controller = new AbortController();
    let given: AbortSignal | undefined;
    const handler = to_fetch(around(from_fetch(({ signal }) => {
      given = signal;
      return new Response("hello");
    })));
    const { signal } = controller;
    const response = await handler(new Request("http://h/", { signal }));
    assertEquals(await response.text(), "hello");
    controller.abort();
    assertFalse(given!.aborted);
  });

  Deno.test(`request.signal is aborted from the start if that of the Request is, ${by}`, async () => {
    let is_aborted: boolean | undefined;
    const handler = to_fetch(around(from_fetch(({ signal }) => {
      is_aborted = signal.aborted;
      return new Response("hello");
    })));
    const signal = AbortSignal.abort();
    await handler(new Request("http://h/", { signal }));
    assertEquals(is_aborted, true);
  });
}

Deno.test("request.signal is not aborted when the request becomes a WebSocket", async () => {
  let signal: AbortSignal | undefined;
  await using server = serve(from_fetch((request) => {
    signal = request.signal;
    const { socket, response } = Deno.upgradeWebSocket(request);
    socket.onopen = () => socket.close();
    return response;
  }));
  const closed = Promise.withResolvers<void>();
  const socket = new WebSocket(server.url.replace("http", "ws"));
  socket.onclose = () => closed.resolve();
  await closed.promise;
  assertEquals(signal!.aborted, false);
});
