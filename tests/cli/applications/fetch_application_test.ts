/** What the command has for any application, with one that has a `fetch`. */

import { assertEquals, assertMatch } from "@std/assert";
import { serve } from "../../../cli/mod.ts";
import { make_folder, start } from "../../support/command.ts";
import { until } from "../../support/support.ts";

const APP = `import { Hono } from "npm:hono@^4.13.19";
const app = new Hono();
app.get("/", (c) => c.text(new URL(c.req.url).pathname));
app.get("/move", (c) => c.redirect("/"));
app.post("/echo", async (c) => c.text(await c.req.text()));
app.get("/fail", () => { throw "the well is dry"; });
app.get("/never", () => new Promise(() => {}));
export default app;
`;

Deno.test("a fetch application is served below --root-path, and with --keep-script-name", async () => {
  await using folder = await make_folder({ "app.ts": APP });
  const cwd = folder.path;
  const see = async (...args: string[]) => {
    await using command = await start(
      ["--root-path", "/shop", ...args, "app.ts"],
      { cwd },
    );
    const url = `${command.address}shop`;
    const root = await (await fetch(url)).text();
    const moved = await fetch(`${url}/move`, { redirect: "manual" });
    await moved.body?.cancel();
    return [root, moved.status, moved.headers.get("location")];
  };
  assertEquals(await see(), ["/", 302, "/shop/"]);
  assertEquals(await see("--keep-script-name"), ["404 Not Found", 404, null]);
});

Deno.test("a fetch application has the limits, the error page, the checks and the workers of the command", async () => {
  await using folder = await make_folder({ "app.ts": APP });
  const cwd = folder.path;
  const limits = ["--limit-request-body", "5", "--timeout", "0.5"];
  {
    const args = [...limits, "--debug", "--validate", "app.ts"];
    await using command = await start(args, { cwd });
    const ask = async (path: string, init: RequestInit = {}) => {
      const response = await fetch(command.address + path, init);
      return [response.status, await response.text()];
    };
    assertEquals(await ask(""), [200, "/"]);
    const post = (body: string) => ({ method: "POST", body });
    assertEquals(await ask("echo", post("12345")), [200, "12345"]);
    assertEquals((await ask("echo", post("123456")))[0], 413);
    assertEquals((await ask("never"))[0], 503);
    const [status, page] = await ask("fail");
    assertEquals(status, 500);
    assertMatch(String(page), /the well is dry/);
  }
  const args = ["app.ts", "--workers", "2"];
  await using workers = await start(args, { cwd });
  const response = await fetch(`http://127.0.0.1:${workers.port}/`);
  assertEquals(await response.text(), "/");
  await until(() => workers.printed.stderr.includes('"GET / HTTP/1.1" 200 1'));
  assertEquals((await workers.stop()).code, 0);
});

Deno.test("a fetch application gets the Request itself if nothing is logged, within the limits", async () => {
  const requests: Request[] = [];
  const app = {
    fetch(request: Request) {
      requests.push(request);
      const { pathname } = new URL(request.url);
      return pathname === "/never"
        ? new Promise<Response>(() => {})
        : Response.redirect("http://h/");
    },
  };
  await using serving = await serve(app, {
    bind: "127.0.0.1:0",
    access_logfile: "none",
    error_logfile: "/dev/null",
    timeout: 0.2,
  });
  const ask = async (path: string, headers = {}) => {
    const url = `http://${serving.address}${path}`;
    const response = await fetch(url, { redirect: "manual", headers });
    await response.body?.cancel();
    return [response.status, response.headers.get("server") !== null];
  };
  assertEquals(await ask("/"), [302, false]);
  // A request that goes by WSGI, because the client says that it is a proxy.
  assertEquals(await ask("/", { "X-Forwarded-For": "10.0.0.1" }), [302, true]);
  assertEquals(await ask("/", { "X-Big": "x".repeat(20000) }), [431, true]);
  assertEquals(await ask(`/${"x".repeat(9000)}`), [414, true]);
  assertEquals(await ask("/never"), [503, true]);
  assertEquals(requests.length, 3);
});

Deno.test("a WebSocket of a fetch application is in the access log", async () => {
  await using folder = await make_folder({});
  const access_logfile = `${folder.path}/access.log`;
  const app = {
    fetch(request: Request) {
      const { socket, response } = Deno.upgradeWebSocket(request);
      socket.onopen = () => socket.close();
      return response;
    },
  };
  const options = { bind: "127.0.0.1:0", access_logfile };
  {
    await using serving = await serve(app, options);
    const socket = new WebSocket(`ws://${serving.address}/ws?a=b`);
    await new Promise((resolve) => socket.onclose = resolve);
  }
  const log = await Deno.readTextFile(access_logfile);
  assertEquals(
    log.replace(/\[.*?\]/, "[now]"),
    '127.0.0.1 - - [now] "GET /ws?a=b HTTP/1.1" 101 -\n',
  );
});

Deno.test("a response with immutable headers is sent while a worker is replaced", async () => {
  await using folder = await make_folder({
    "app.ts": `export default {
      fetch: () => new Promise((resolve) =>
        setTimeout(() => resolve(Response.redirect("http://h/")), 500)),
    };`,
  });
  const args = ["app.ts", "--workers", "1", "--access-logfile", "none"];
  await using command = await start(args, { cwd: folder.path });
  const answered = fetch(`http://127.0.0.1:${command.port}/`, {
    redirect: "manual",
  });
  await new Promise((resolve) => setTimeout(resolve, 200));
  command.child.kill("SIGHUP");
  const { status, headers } = await answered;
  assertEquals([status, headers.get("location")], [302, "http://h/"]);
});
