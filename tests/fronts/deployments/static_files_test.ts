/** docs/deploy.md has the web servers serve files without asking the application. */

import { assertEquals } from "@std/assert";
import { join } from "node:path";
import { serve } from "../../../cli/mod.ts";
import { read } from "../../support/project.ts";
import { start_apache } from "../apache.ts";
import {
  type Front,
  installed,
  make_folder,
  remove_folder,
} from "../fronts.ts";
import { start_lighttpd } from "../lighttpd.ts";
import { start_nginx } from "../nginx.ts";
import where from "./where.ts";

/** The block that docs/deploy.md has in a language. */
function block(language: string): string {
  const pattern = new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\`$`, "m");
  return read("docs/deploy.md").match(pattern)![1]!;
}

function test_files(
  program: string,
  start: (socket: string, folder: string) => Promise<Front>,
): void {
  Deno.test(`${program} serves files as docs/deploy.md has it, and the application the rest`, async () => {
    const folder = await make_folder();
    await using stack = new AsyncDisposableStack();
    stack.defer(() => remove_folder(folder));
    await Deno.mkdir(join(folder, "static"));
    await Deno.writeTextFile(join(folder, "static/style.css"), "a file");
    const socket = join(folder, "app.sock");
    const bind = `unix:${socket}`;
    stack.use(
      await serve(where, {
        protocol: "fastcgi",
        bind,
        access_logfile: "none",
      }),
    );
    const { port } = stack.use(await start(socket, folder));
    const ask = async (path: string) => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`);
      return await response.text();
    };
    assertEquals(await ask("/static/style.css"), "a file");
    assertEquals(JSON.parse(await ask("/statics")).PATH_INFO, "/statics");
  });
}

if (installed("nginx", "openssl")) {
  test_files("nginx", (socket, folder) => {
    const location = "    location / {";
    const added = block("nginx").replaceAll("/srv/app", folder);
    return start_nginx("nginx_fastcgi.conf", {
      "/run/tsgi/app.sock": socket,
      [location]: `${added}\n${location}`,
    });
  });
}

if (installed("apache2", "openssl")) {
  test_files("Apache", (socket, folder) => {
    const line = '    ProxyPass "/"';
    const added = block("apache").replaceAll("/srv/app", folder);
    return start_apache("apache_fastcgi.conf", ["proxy", "proxy_fcgi"], {
      "/run/tsgi/app.sock": socket,
      [line]: `${added}\n${line}`,
    });
  });
}

if (installed("lighttpd", "openssl")) {
  test_files("lighttpd", (socket, folder) => {
    const [condition, alias] = block("lighttpd")
      .replaceAll("/srv/app", folder)
      .split(/ {4}fastcgi\.server \+= \( \.\.\. \)\n/);
    const [end, ...rest] = alias!.split("\n");
    return start_lighttpd("lighttpd_fastcgi.conf", {
      "/run/tsgi/app.sock": socket,
      "fastcgi.server += (": `${condition}fastcgi.server += (`,
      "\n)\n": `\n)\n${end}\n${rest.join("\n")}\n`,
    });
  });
}
