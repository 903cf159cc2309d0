/** Clients that reset their connection before the server has taken it. */

import { assert, assertEquals } from "@std/assert";
import { to_fetch } from "../../gateways/fetch.ts";
import type { WSGIApplication } from "../../types.ts";
import { bytes, Log, serve, until } from "../support/support.ts";
import { has_python } from "../parity/servers.ts";

/** Sends requests, and resets each connection at once (SO_LINGER of 0 seconds), which Deno has no way to do. */
const RESETS = `
import socket, struct, sys
for i in range(5):
    conn = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    conn.sendall(b"GET /reset HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n")
    conn.close()
`;

/** Runs `RESETS` while this process does nothing else: it takes the connections afterwards. */
function reset_connections(port: number): void {
  const { success } = new Deno.Command("python3", {
    args: ["-I", "-c", RESETS, String(port)],
    stderr: "inherit",
  }).outputSync();
  assert(success);
}

/** Notes what is asked for. */
function noting(asked: string[]): WSGIApplication {
  return (environ, start_response) => {
    asked.push(`${environ.PATH_INFO} of ${environ.REMOTE_ADDR}`);
    start_response("200 OK", []);
    return [bytes("ok")];
  };
}

async function ask(port: number): Promise<void> {
  await (await fetch(`http://127.0.0.1:${port}/after`)).body?.cancel();
}

const ignore = !await has_python();

Deno.test({
  name: "make_server: a client that has reset its connection has no request",
  ignore,
  async fn() {
    const asked: string[] = [];
    await using server = serve(noting(asked));
    reset_connections(server.port);
    await ask(server.port);
    assertEquals(asked, ["/after of 127.0.0.1"]);
    await until(() => server.log.text !== "");
    assertEquals(server.log.text, '"GET /after HTTP/1.1" 200 2\n');
  },
});

Deno.test({
  name: "to_fetch(): a client that has reset its connection has no request",
  ignore,
  async fn() {
    const asked: string[] = [];
    const log = new Log();
    await using server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      to_fetch(noting(asked), { stderr: log }),
    );
    reset_connections(server.addr.port);
    await ask(server.addr.port);
    assertEquals(asked, ["/after of 127.0.0.1"]);
    assertEquals(log.text, "");
  },
});
