/** Two applications with two host names: the configurations for the root, once for each, as docs/deploy.md has it. */

import { assertEquals } from "@std/assert";
import { join } from "node:path";
import { serve } from "../../../cli/mod.ts";
import type { WSGIApplication } from "../../../types.ts";
import { encode_text } from "../../../util.ts";
import { raw_request } from "../../support/support.ts";
import { start_site } from "../apache.ts";
import {
  deployment,
  type Front,
  installed,
  make_folder,
  remove_folder,
} from "../fronts.ts";
import { start_lighttpd } from "../lighttpd.ts";
import { start_sites } from "../nginx.ts";

const NAMES = ["shop", "blog"];

/** An application that says its name. */
function naming(name: string): WSGIApplication {
  return (_environ, start_response) => {
    start_response("200 OK", [["Content-Type", "text/plain"]]);
    return [encode_text(name)];
  };
}

/** Makes a test of a web server; `start` is given the socket of each application. */
function test_hosts(
  program: string,
  start: (sockets: string[]) => Promise<Front>,
): void {
  Deno.test(`${program} serves two applications by their host names`, async () => {
    const folder = await make_folder();
    await using stack = new AsyncDisposableStack();
    stack.defer(() => remove_folder(folder));
    const sockets = NAMES.map((name) => join(folder, `${name}.sock`));
    for (const [index, name] of NAMES.entries()) {
      const server = await serve(naming(name), {
        protocol: "fastcgi",
        bind: `unix:${sockets[index]}`,
        access_logfile: "none",
      });
      stack.defer(() => server.shutdown());
    }
    const { port } = stack.use(await start(sockets));
    // More than once, as a web server may keep connections.
    for (const name of [...NAMES, ...NAMES, ...NAMES]) {
      const { body } = await raw_request(
        port,
        `GET / HTTP/1.0\r\nHost: ${name}.example.org\r\n\r\n`,
      );
      assertEquals(body, name);
    }
  });
}

if (installed("nginx", "openssl")) {
  test_hosts(
    "nginx",
    (sockets) =>
      start_sites(
        ...NAMES.map((name, index): [string, Record<string, string>] => [
          "nginx_fastcgi.conf",
          {
            "server_name example.org": `server_name ${name}.example.org`,
            "/run/tsgi/app.sock": sockets[index]!,
          },
        ]),
      ),
  );
}

if (installed("apache2", "openssl")) {
  test_hosts("Apache", (sockets) => {
    const sites = NAMES.map((name, index) =>
      deployment("apache_fastcgi.conf", {
        "ServerName example.org": `ServerName ${name}.example.org`,
        "/run/tsgi/app.sock": sockets[index]!,
      })
    );
    return start_site(sites.join("\n"), ["proxy", "proxy_fcgi"]);
  });
}

if (installed("lighttpd", "openssl")) {
  test_hosts("lighttpd", ([shop, blog]) => {
    const file = "lighttpd_fastcgi.conf";
    const [, block] = deployment(file).match(
      /^(fastcgi\.server \+= \([^]*?^\))$/m,
    )!;
    const of_host = (name: string, socket: string) =>
      `$HTTP["host"] == "${name}.example.org" {\n${
        block!.replace("/run/tsgi/app.sock", socket)
      }\n}`;
    return start_lighttpd(file, {
      [block!]: `${of_host("shop", shop!)}\n${of_host("blog", blog!)}`,
    });
  });
}
