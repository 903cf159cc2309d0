/** Work behind the response: `waitUntil()` and the `close()` of a result. */

import { assertEquals, assertMatch } from "@std/assert";
import { make_folder, make_gate } from "../../support/command.ts";
import { run_script, until } from "../../support/support.ts";
import { mod } from "../../support/command.ts";
import { doors, serve } from "../doors.ts";

/** Both do work that waits at the gate whose URL is the query, and then say so. */
const APPS = `
const work = async (url, errors) => {
  await (await fetch(url)).text();
  errors.write("the work is done\\n");
};
export const handler = {
  fetch(request, info, context) {
    const url = new URL(request.url).search.slice(1);
    context.waitUntil(work(url, info.environ["wsgi.errors"]));
    return new Response("answered");
  },
};
export const failing = {
  fetch(_request, _info, context) {
    context.waitUntil(Promise.reject(new Error("the well is dry")));
    return new Response("answered");
  },
};
export function wsgi(environ, start_response) {
  start_response("200 OK", [["Content-Type", "text/plain"]]);
  const blocks = [new TextEncoder().encode("answered")];
  return {
    [Symbol.iterator]: () => blocks.values(),
    close: () => work(environ.QUERY_STRING, environ["wsgi.errors"]),
  };
}
`;

for (const door of doors) {
  for (const app of ["handler", "wsgi"]) {
    Deno.test(`a graceful stop waits for work behind a response by ${door.protocol}, and its client does not (${app})`, async () => {
      await using folder = await make_folder({ "app.js": APPS });
      await using gate = make_gate();
      await using command = await serve(
        folder,
        `app.js:${app}`,
        "--protocol",
        door.protocol,
        "--error-logfile",
        "/dev/stderr",
      );
      const [status, body] = await door.ask(command.port, gate.url);
      assertMatch(status, /200 OK$/);
      assertEquals(body, "answered");
      await gate.reached;
      command.child.kill("SIGTERM");
      await until(() => command.printed.stdout.includes("Stopping"));
      assertEquals(command.printed.stderr, "");
      gate.open();
      const { code, stderr } = await command.ended();
      assertEquals(code, 0);
      assertEquals(stderr, "the work is done\n");
    });
  }

  Deno.test(`work behind a response that fails is logged by ${door.protocol}`, async () => {
    await using folder = await make_folder({ "app.js": APPS });
    const args = ["--protocol", door.protocol, "--error-logfile", "errors.log"];
    await using command = await serve(folder, "app.js:failing", ...args);
    assertEquals((await door.ask(command.port, ""))[1], "answered");
    await command.stop();
    assertMatch(
      Deno.readTextFileSync(`${folder.path}/errors.log`),
      /^error in waitUntil\(\): Error: the well is dry\n( +at .*\n)+$/,
    );
  });
}

Deno.test("work behind a response is cut off when the grace is over", async () => {
  await using folder = await make_folder({ "app.js": APPS });
  await using gate = make_gate();
  const args = ["--graceful-timeout", "0.1"];
  await using command = await serve(folder, "app.js:handler", ...args);
  assertEquals((await doors[0]!.ask(command.port, gate.url))[1], "answered");
  await gate.reached;
  const { code, stderr } = await command.stop();
  assertEquals(code, 0);
  assertMatch(stderr, /cut off requests in flight\n$/);
});

Deno.test("a CGI script waits for work behind its response", async () => {
  await using folder = await make_folder({ "app.js": APPS });
  await using gate = make_gate();
  gate.open();
  const env = {
    GATEWAY_INTERFACE: "CGI/1.1",
    REQUEST_METHOD: "GET",
    SERVER_NAME: "h",
    SERVER_PORT: "80",
    SERVER_PROTOCOL: "HTTP/1.1",
    QUERY_STRING: gate.url,
    NO_COLOR: "1",
  };
  for (const app of ["handler", "wsgi"]) {
    const args = [mod, `app.js:${app}`];
    const cwd = folder.path;
    const { code, stdout, stderr } = await run_script(args, { env, cwd });
    assertEquals(code, 0);
    assertMatch(stdout, /\r\n\r\nanswered$/);
    assertEquals(stderr, "the work is done\n");
  }
});
