/** docs/troubleshooting.md, of the command itself: what it says, and what the application sees. */

import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { serve, type ServeOptions } from "../../../cli/mod.ts";
import type { WSGIApplication } from "../../../types.ts";
import { encode_text, request_uri } from "../../../util.ts";
import { make_folder, mod, run, start } from "../../support/command.ts";
import { root, until } from "../../support/support.ts";
import { connect, free_port } from "../fronts.ts";
import { explained, hello } from "./symptoms.ts";

/** Serves an application at a free port, and asks it once. */
async function ask(
  app: WSGIApplication,
  options: ServeOptions,
  headers: Record<string, string> = {},
): Promise<{ response: Response; body: string }> {
  const logs = { access_logfile: "none", error_logfile: "/dev/null" };
  const server = await serve(app, { ...logs, ...options, bind: "127.0.0.1:0" });
  try {
    const response = await fetch(`http://${server.address}/`, { headers });
    return { response, body: await response.text() };
  } finally {
    await server.shutdown();
  }
}

Deno.test("docs/troubleshooting.md explains an address that is in use", async () => {
  await using first = await start(["examples/hello.ts"]);
  const address = `127.0.0.1:${first.port}`;
  const { code, stderr } = await run([
    ...["--bind", address, "examples/hello.ts"],
  ]);
  const message = explained(
    "cannot listen at 127.0.0.1:8000: the address is in use",
  );
  assertEquals(code, 1);
  assertStringIncludes(stderr, message.replace("127.0.0.1:8000", address));
});

Deno.test("docs/troubleshooting.md explains a module that listens by itself", async () => {
  const served = explained("Deno.serve(app.fetch)");
  const app = `const app = { fetch: () => new Response("hello") };\n`;
  const listening = served.replace(
    "(",
    "({ hostname: '127.0.0.1', port: Number(Deno.env.get('PORT_OF_TEST')) }, ",
  );
  const exported = explained("export default app");
  await using folder = await make_folder({
    "both.ts": `${app}${listening};\n${exported};\n`,
    "app.ts": `${app}${exported};\n`,
  });
  // A port that is free now.
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const env = { PORT_OF_TEST: String(port) };
  const bind = ["--bind", `127.0.0.1:${port}`];
  const { code, stderr } = await run(
    [...bind, `${folder.path}/both.ts`],
    { env },
  );
  assertEquals(code, 1);
  assertStringIncludes(stderr, "the address is in use");
  await using mended = await start([`${folder.path}/app.ts`]);
  assert(mended.port > 0);
});

Deno.test("docs/troubleshooting.md explains a module without an application", async () => {
  await using folder = await make_folder({
    "app.ts": "export const my_app = (_environ, start_response) => {\n" +
      "  start_response('200 OK', []);\n  return [];\n};\n",
  });
  const path = `${folder.path}/app.ts`;
  const { code, stderr } = await run([path]);
  assertEquals(code, 2);
  assertStringIncludes(stderr, explained("exports no application"));
  explained("app.ts:my_app");
  await using mended = await start([`${path}:my_app`]);
  assert(mended.port > 0);
});

Deno.test("docs/troubleshooting.md explains a permission that is missing", async () => {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-read", mod, "--bind", "127.0.0.1:0"],
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  assertEquals(code, 1);
  const message = explained(
    'Requires net access to "127.0.0.1:8000", run again with the --allow-net flag',
  );
  assertStringIncludes(
    new TextDecoder().decode(stderr),
    message.replace("8000", "0"),
  );
});

Deno.test("docs/troubleshooting.md explains a package that Deno cannot keep", {
  ignore: Deno.uid() !== 0, // Only root may become somebody else.
}, async () => {
  await using folder = await make_folder({
    "app.ts": 'import "npm:is-odd@3.0.1";\n',
  });
  await Deno.chmod(folder.path, 0o755);
  const user = ["--reuid=65534", "--regid=65534", "--clear-groups"];
  const { stderr } = await new Deno.Command("setpriv", {
    args: [...user, Deno.execPath(), "run", "-A", `${folder.path}/app.ts`],
    env: { NO_COLOR: "1", DENO_DIR: `${folder.path}/deno`, HOME: "/nowhere" },
  }).output();
  const message = explained("Permission denied (os error 13)");
  assertStringIncludes(new TextDecoder().decode(stderr), message);
});

Deno.test("docs/troubleshooting.md explains an application that says nothing at its start", async () => {
  const quiet = explained("--log-level warning").split(" ");
  const port = free_port();
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", mod, "--bind", `127.0.0.1:${port}`, ...quiet],
      new URL("examples/hello.ts", root).href,
    ],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const hostname = "127.0.0.1";
  const url = `http://${hostname}:${port}/`;
  while (true) {
    try {
      await connect({ hostname, port });
      break;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
  assertEquals(await (await fetch(url)).text(), "Hello world!\n");
  child.kill("SIGTERM");
  assertEquals(new TextDecoder().decode((await child.output()).stdout), "");
});

Deno.test("docs/troubleshooting.md explains a 503 after --timeout", async () => {
  const never: WSGIApplication = () => new Promise(() => {});
  const { response, body } = await ask(never, { timeout: 0.05 });
  assertEquals([response.status, body], [
    503,
    explained("Service Unavailable"),
  ]);
});

Deno.test("docs/troubleshooting.md explains a 503 at once", async () => {
  let asked = 0;
  const waiting = Promise.withResolvers<void>();
  const wait: WSGIApplication = async (environ, start_response) => {
    if (++asked === 1) await waiting.promise;
    return await hello(environ, start_response);
  };
  const logs = { access_logfile: "none", error_logfile: "/dev/null" };
  const server = await serve(wait, {
    ...logs,
    bind: "127.0.0.1:0",
    limit_concurrency: 1,
  });
  const url = `http://${server.address}/`;
  const first = fetch(url);
  while (asked === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  const second = await fetch(url);
  await second.body?.cancel();
  waiting.resolve();
  await (await first).body?.cancel();
  await server.shutdown();
  const header = `Retry-After: ${second.headers.get("retry-after")}`;
  assertEquals(explained("Retry-After: 1"), header);
});

/** Tells the client's address, and the URL. */
const told: WSGIApplication = (environ, start_response) => {
  start_response("200 OK", []);
  return [encode_text(`${environ.REMOTE_ADDR} ${request_uri(environ)}`)];
};

const FORWARDED = {
  "X-Forwarded-For": "192.0.2.7",
  "X-Forwarded-Proto": "https",
  "X-Forwarded-Host": "example.org",
};

Deno.test("docs/troubleshooting.md explains clients that are all 127.0.0.1, and redirects to http://", async () => {
  explained("--forwarded-allow-ips");
  // The proxy is another machine, which is not trusted.
  const wrong = await ask(told, { forwarded_allow_ips: "10.0.0.1" }, FORWARDED);
  assert(wrong.body.startsWith("127.0.0.1 http://127.0.0.1:"), wrong.body);
  const options = { forwarded_allow_ips: "127.0.0.1" };
  const right = await ask(told, options, FORWARDED);
  assertEquals(right.body, "192.0.2.7 https://example.org/");
});

Deno.test("docs/troubleshooting.md explains an application that answers with a WebSocket", async () => {
  await using folder = await make_folder({
    "app.ts": "export default {\n" +
      "  fetch: (request) => Deno.upgradeWebSocket(request).response,\n};\n",
  });
  const module = `${folder.path}/app.ts`;
  {
    await using server = await start([module]);
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}/`);
    await new Promise((resolve) => socket.onopen = resolve);
    socket.close();
  }
  await using server = await start([explained("--debug"), module]);
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}/`);
  await new Promise((resolve) => socket.onerror = resolve);
  await server.stop();
  for (
    const part of [
      "the status must be three digits from 200 on",
      "101 Switching Protocols",
    ]
  ) {
    assertStringIncludes(server.printed.stderr, explained(part));
  }
});

Deno.test("docs/troubleshooting.md explains a memory that workers do not share", async () => {
  await using folder = await make_folder({
    "app.ts": "let count = 0;\nexport default {\n" +
      "  fetch: () => new Response(`${Deno.pid} ${++count}`),\n};\n",
  });
  await using server = await start([
    ...["--workers", "2", `${folder.path}/app.ts`],
  ]);
  const counts = new Map<string, number[]>();
  // Each request over a connection of its own, which the system gives to one of them.
  while (counts.size < 2) {
    const client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
    const [url] = server.address.match(/^\S+/)!;
    const [pid, count] = (await (await fetch(url, { client })).text()).split(
      " ",
    );
    counts.set(pid!, [...counts.get(pid!) ?? [], Number(count)]);
    client.close();
  }
  for (const seen of counts.values()) assertEquals(seen[0], 1);
});

Deno.test("docs/troubleshooting.md explains an application that blocks its process", async () => {
  await using folder = await make_folder({
    "app.ts": "export default { fetch: () => { while (true); } };\n",
  });
  const workers = ["--workers", "1", "--timeout", "1"];
  await using server = await start([...workers, `${folder.path}/app.ts`]);
  const [url] = server.address.match(/^\S+/)!;
  await assertRejects(() => fetch(url!), TypeError);
  await until(() => server.printed.stderr.includes(" replaced by "));
  for (const part of ["has not responded for", "killed"]) {
    assertStringIncludes(server.printed.stderr, explained(part));
  }
});

/** What the command logs of one request to a fetch handler. */
async function log_of(handler: string, ...args: string[]): Promise<string> {
  await using folder = await make_folder({
    "app.js": `export default { fetch: ${handler} };\n`,
  });
  await using server = await start([...args, `${folder.path}/app.js`]);
  await fetch(server.address, { redirect: "manual" })
    .then((response) => response.text()).catch(() => {});
  await until(() => server.printed.stderr.includes("Error: "));
  return server.printed.stderr;
}

Deno.test("docs/troubleshooting.md explains a Response of strings", async () => {
  const handler = '() => new Response(ReadableStream.from(["text"]))';
  assertStringIncludes(
    await log_of(handler),
    explained("the body must consist of Uint8Array, got"),
  );
  assertStringIncludes(
    await log_of(handler, "--access-logfile", "none"),
    explained("expected typed ArrayBufferView"),
  );
});

Deno.test("docs/troubleshooting.md explains a redirect to a path, and bindings of a Worker", async () => {
  assertStringIncludes(
    await log_of('() => Response.redirect("/login")'),
    explained("Invalid URL: '/login'"),
  );
  assertStringIncludes(
    await log_of("(_request, env) => env.MY_KV.get('x')"),
    explained("Cannot read properties of undefined (reading 'get')"),
  );
});
