/** `--bind`: ports, IPv6, Unix sockets, and addresses that are not to be had. */

import {
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import {
  make_folder,
  run,
  serving_line,
  start,
  STOPPING,
  without_times,
} from "../support/command.ts";
import { bytes, read_all, write_all } from "../support/support.ts";
import { answer, assert_refused, get } from "./helpers.ts";

Deno.test("--bind HOST:PORT serves at that port", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const bind = `127.0.0.1:${port}`;
  await using command = await start([], { bind });
  assertEquals(command.address, `http://127.0.0.1:${port}/`);
  assertStringIncludes(
    await get(command.address),
    `\nSERVER_PORT = '${port}'\n`,
  );
});

Deno.test("--bind HOST:PORT takes the name of a host", async () => {
  await using command = await start([], { bind: "localhost:0" });
  assertEquals(command.address, `http://localhost:${command.port}/`);
  assertMatch(await get(command.address), /^Hello world!\n\n/);
});

Deno.test("--bind :PORT serves at every address", async () => {
  await using command = await start([], { bind: ":0" });
  assertEquals(command.address, `http://0.0.0.0:${command.port}/`);
  for (const { address, family } of Deno.networkInterfaces()) {
    if (family !== "IPv4") continue;
    assertMatch(
      await get(`http://${address}:${command.port}/`),
      /^Hello world!\n\n/,
    );
  }
});

function has_ipv6(): boolean {
  try {
    Deno.listen({ hostname: "::1", port: 0 }).close();
    return true;
  } catch {
    return false;
  }
}

Deno.test({
  name: "--bind [::1]:PORT serves by IPv6",
  ignore: !has_ipv6(),
  async fn() {
    await using command = await start([], { bind: "[::1]:0" });
    assertEquals(command.address, `http://[::1]:${command.port}/`);
    assertStringIncludes(
      await get(command.address),
      "\nREMOTE_ADDR = '::1'\n",
    );
  },
});

/** Sends a GET to a Unix socket, and gives the status line and the body. */
async function get_at_socket(path: string): Promise<[string, string]> {
  using conn = await Deno.connect({ transport: "unix", path });
  const request = "GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
  await write_all(conn, bytes(request));
  const [head = "", body = ""] = (await read_all(conn)).split("\r\n\r\n");
  return [head.split("\r\n")[0]!, body];
}

const OK = "HTTP/1.1 200 OK";

Deno.test("--bind unix:/path serves at a Unix socket", async () => {
  await using folder = await make_folder({
    "app.ts": `export default ${answer("by socket")};`,
  });
  const path = `${folder.path}/a socket`;
  const circumstances = { bind: `unix:${path}`, cwd: folder.path };
  await using command = await start(["app.ts"], circumstances);
  assertEquals(await get_at_socket(path), [OK, "by socket"]);
  const { code, stdout, stderr } = await command.stop();
  assertEquals(code, 0);
  assertEquals(stdout, serving_line("app.ts", `unix:${path}`) + STOPPING);
  assertEquals(without_times(stderr), '- - - [time] "GET /x HTTP/1.1" 200 9\n');
  await assertRejects(() => Deno.lstat(path), Deno.errors.NotFound);
});

Deno.test("--bind unix:path is relative to the working directory", async () => {
  await using folder = await make_folder({});
  await using _command = await start([], {
    bind: "unix:s",
    cwd: folder.path,
  });
  assertEquals((await get_at_socket(`${folder.path}/s`))[0], OK);
});

Deno.test("--bind unix:/path replaces a socket that nobody listens at", async () => {
  await using folder = await make_folder({});
  const path = `${folder.path}/s`;
  await using killed = await start([], { bind: `unix:${path}` });
  await killed.stop("SIGKILL");
  assertEquals((await Deno.lstat(path)).isSocket, true);
  await using _command = await start([], { bind: `unix:${path}` });
  assertEquals((await get_at_socket(path))[0], OK);
});

Deno.test("--bind unix:/path leaves a socket alone that somebody listens at", async () => {
  await using folder = await make_folder({});
  const path = `${folder.path}/s`;
  await using _command = await start([], { bind: `unix:${path}` });
  assertEquals(await run(["--bind", `unix:${path}`]), {
    code: 1,
    stdout: "",
    stderr: `error: cannot listen at unix:${path}: the address is in use\n`,
  });
  assertEquals((await get_at_socket(path))[0], OK);
});

Deno.test("--bind unix:/path leaves what is no socket alone", async () => {
  await using folder = await make_folder({ file: "kept" });
  for (const path of [`${folder.path}/file`, folder.path]) {
    assertEquals(await run(["--bind", `unix:${path}`]), {
      code: 1,
      stdout: "",
      stderr:
        `error: cannot listen at unix:${path}: the file there is not a socket\n`,
    });
  }
  assertEquals(await Deno.readTextFile(`${folder.path}/file`), "kept");
});

Deno.test("the command ends with status 1 where the port is taken", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const address = `127.0.0.1:${listener.addr.port}`;
  assertEquals(await run(["--bind", address]), {
    code: 1,
    stdout: "",
    stderr: `error: cannot listen at ${address}: ` +
      "the address is in use\n",
  });
});

Deno.test("--bind refuses what is no address", async () => {
  const wrong: [text: string, meant?: string][] = [
    [""],
    ["8000", ":8000"],
    ["localhost", "localhost:8000"],
    ["localhost:", "localhost:8000"],
    ["localhost:http"],
    ["localhost:-1"],
    ["localhost:1.5"],
    ["localhost:65536"],
    ["localhost:1 "],
    ["::1:8000", "[::1]:8000"],
    ["[::1]", "[::1]:8000"],
    ["[::1:8000"],
    ["[localhost]:8000"],
    ["http://localhost:8000", "localhost:8000"],
    ["https://example.com/", "example.com:8000"],
    ["/run/app.sock", "unix:/run/app.sock"],
    ["app.sock", "unix:app.sock"],
    ["unix:", "unix:/path"],
    ["UNIX:/x", "unix:/path"],
  ];
  const takes = "--bind takes HOST:PORT, :PORT, [::1]:PORT or unix:/path " +
    "with a port up to 65535";
  await assert_refused(
    wrong.map(([text, meant]) => [
      [`--bind=${text}`],
      `${takes}, got "${text}"${meant ? `: did you mean ${meant}?` : ""}`,
    ]),
  );
});
