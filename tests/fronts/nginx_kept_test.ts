/** nginx on connections by FastCGI that it keeps. */

import { assertEquals } from "@std/assert";
import { join } from "node:path";
import { serve_fastcgi } from "../../gateways/fastcgi.ts";
import { bytes, Log } from "../support/support.ts";
import { type Front, installed, make_folder, remove_folder } from "./fronts.ts";
import { start_nginx } from "./nginx.ts";

/** nginx with the recommended site, but connections that are kept, and bodies that it has whole before it hands them on: of these it sends the most before it sees an answer. */
function start_keeping(socket: string): Promise<Front> {
  return start_nginx("nginx_fastcgi.conf", {
    "server {":
      `upstream app { server unix:${socket}; keepalive 4; }\nserver {`,
    "fastcgi_request_buffering off;": "",
    "fastcgi_pass unix:/run/tsgi/app.sock;":
      "fastcgi_pass app; fastcgi_keep_conn on;",
  });
}

async function test_ignored_bodies(): Promise<void> {
  const folder = await make_folder();
  const socket = join(folder, "app.sock");
  const log = new Log();
  await using server = serve_fastcgi(
    (_environ, start_response) => {
      start_response("200 OK", [["Content-Type", "text/plain"]]);
      return [bytes("not read")];
    },
    socket,
    { stderr: log },
  );
  server.log_request = () => {};
  server.serve_forever();
  {
    await using front = await start_keeping(socket);
    for (let i = 0; i < 20; i++) {
      const response = await fetch(`http://127.0.0.1:${front.port}/`, {
        method: "POST",
        body: new Uint8Array(900_000),
      });
      assertEquals(await response.text(), "not read");
    }
  }
  await server.shutdown();
  assertEquals(log.text, "");
  await remove_folder(folder);
}

if (installed("nginx", "openssl")) {
  Deno.test(
    "an application that ignores large bodies on kept connections is nothing to log",
    test_ignored_bodies,
  );
}
