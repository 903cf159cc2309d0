/** The file of a Unix socket: whose it is at the end of a server, and that a dead one is replaced. */

import { assertEquals } from "@std/assert";
import { serve_fastcgi } from "../../../gateways/fastcgi.ts";
import { serve_scgi } from "../../../gateways/scgi.ts";
import { serve_uwsgi } from "../../../gateways/uwsgi.ts";
import {
  demo_app,
  WSGIRequestHandler,
  WSGIServer,
} from "../../../simple_server.ts";
import {
  make_folder,
  run,
  type Running,
  start,
  STOPPING,
} from "../../support/command.ts";
import {
  ask_socket,
  make_wide_gate,
  telling_apps,
} from "../../support/processes.ts";
import { until } from "../../support/support.ts";

const PROTOCOLS = ["http", "scgi", "fastcgi", "uwsgi"];

/** Whether somebody listens at a socket. */
async function is_open(path: string): Promise<boolean> {
  try {
    (await Deno.connect({ transport: "unix", path })).close();
    return true;
  } catch {
    return false;
  }
}

function names_in(path: string): string[] {
  return Array.from(Deno.readDirSync(path), ({ name }) => name).sort();
}

function serve_at(
  path: string,
  protocol: string,
  application = "app.ts",
): Promise<Running> {
  return start([
    ...[application, "--protocol", protocol, "--access-logfile", "none"],
  ], { cwd: path, bind: "unix:s" });
}

Deno.test("the command leaves the socket of a successor alone, and removes its own", async () => {
  for (const protocol of PROTOCOLS) {
    await using folder = await make_folder({ "app.ts": telling_apps() });
    const { path } = folder;
    await using old = await serve_at(path, protocol);
    await Deno.remove(`${path}/s`);
    await using successor = await serve_at(path, protocol);
    const { code, stderr } = await old.stop();
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    assertEquals(names_in(path), ["app.ts", "s"]);
    assertEquals(await is_open(`${path}/s`), true);
    assertEquals((await successor.stop()).code, 0);
    assertEquals(names_in(path), ["app.ts"]);
  }
});

Deno.test("the command leaves a file alone that has replaced its socket while requests are under way", async () => {
  await using gate = make_wide_gate();
  await using folder = await make_folder({ "app.ts": telling_apps() });
  const { path } = folder;
  await using command = await serve_at(path, "http", "app.ts:slow");
  const answer = ask_socket(`${path}/s`, `/?${gate.url}`);
  await until(() => gate.count() === 1);
  using successor = Deno.listen({ transport: "unix", path: `${path}/t` });
  await Deno.rename(`${path}/t`, `${path}/s`);
  command.child.kill("SIGTERM");
  await until(() => command.printed.stdout.includes(STOPPING));
  gate.open();
  assertEquals((await answer).endsWith(" 1 whole"), true);
  assertEquals((await command.ended()).code, 0);
  assertEquals(names_in(path), ["app.ts", "s"]);
  const accepted = successor.accept();
  assertEquals(await is_open(`${path}/s`), true);
  (await accepted).close();
});

Deno.test("the command removes its socket as well when a second signal ends it", async () => {
  await using folder = await make_folder({ "app.ts": telling_apps() });
  const { path } = folder;
  // An upload keeps the socket open until it is complete.
  await using command = await serve_at(path, "http", "app.ts:echo");
  using conn = await Deno.connect({ transport: "unix", path: `${path}/s` });
  const head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n";
  await conn.write(new TextEncoder().encode(head));
  command.child.kill("SIGTERM");
  await until(() => command.printed.stdout.includes(STOPPING));
  assertEquals((await command.stop()).code, 143);
  assertEquals(names_in(path), ["app.ts"]);
});

Deno.test("the command replaces the socket of a command that was killed, and not that of one that runs", async () => {
  for (const protocol of PROTOCOLS) {
    await using folder = await make_folder({ "app.ts": telling_apps() });
    const { path } = folder;
    await using killed = await serve_at(path, protocol);
    await killed.stop("SIGKILL");
    assertEquals(names_in(path), ["app.ts", "s"]);
    await using command = await serve_at(path, protocol);
    assertEquals(
      await run(["--protocol", protocol, "--bind", "unix:s"], { cwd: path }),
      {
        code: 1,
        stdout: "",
        stderr: "error: cannot listen at unix:s: the address is in use\n",
      },
    );
    assertEquals(await is_open(`${path}/s`), true);
    assertEquals((await command.stop()).code, 0);
    assertEquals(names_in(path), ["app.ts"]);
  }
});

Deno.test("a server in a program leaves the socket of a successor alone, however it ends", async () => {
  const servers = {
    http(path: string) {
      const server = new WSGIServer(path, WSGIRequestHandler);
      server.set_app(demo_app);
      return server;
    },
    scgi: (path: string) => serve_scgi(demo_app, path),
    fastcgi: (path: string) => serve_fastcgi(demo_app, path),
    uwsgi: (path: string) => serve_uwsgi(demo_app, path),
  };
  for (const serve of Object.values(servers)) {
    for (const end of ["shutdown", "server_close"] as const) {
      await using folder = await make_folder({});
      const path = `${folder.path}/s`;
      const old = serve(path);
      const served = old.serve_forever();
      await Deno.remove(path);
      const successor = serve(path);
      await old[end]();
      await served;
      assertEquals(names_in(folder.path), ["s"]);
      assertEquals(await is_open(path), true);
      await successor[end]();
      assertEquals(names_in(folder.path), []);
    }
  }
});
