/** The files of `examples/deployments/subfolders/`: two applications, each below a path, and nothing beside them. */

import { assertEquals } from "@std/assert";
import { join } from "node:path";
import { serve, type ServeOptions } from "../../../cli/mod.ts";
import { start_apache } from "../apache.ts";
import {
  deployment,
  type Front,
  installed,
  make_folder,
  path_of,
  quoted,
  remove_folder,
} from "../fronts.ts";
import { start_lighttpd } from "../lighttpd.ts";
import { start_nginx } from "../nginx.ts";
import where from "./where.ts";

/** Starts a web server with a file; in it the sockets are replaced by these. */
type StartFront = (
  file: string,
  sockets: Record<string, string>,
) => Promise<Front>;

/** What is asked for, and what the application sees: `SCRIPT_NAME` and `PATH_INFO`; null where it is not asked. */
const REQUESTS: [target: string, seen: [string, string] | null][] = [
  ["/shop/cart?id=7", ["/shop", "/cart"]],
  ["/shop/", ["/shop", "/"]],
  ["/shop", ["/shop", ""]],
  ["/shop/shop/cart", ["/shop", "/shop/cart"]],
  ["/shop/caf%C3%A9", ["/shop", "/caf\u00c3\u00a9"]],
  ["/blog/2026/11", ["/blog", "/2026/11"]],
  ["/shopping", null],
  ["/", null],
];

/** The settings in the commands that a file begins with, by the path of each application. */
function settings_of(file: string): Record<string, ServeOptions> {
  const commands = deployment(file)
    .matchAll(
      /^# `deno run -A jsr:@tsgi\/serve (.+) \/srv\/(\w+)\/app\.ts`$/gm,
    );
  return Object.fromEntries(Array.from(commands, ([, options, name]) => {
    const settings = options!.matchAll(/--([a-z-]+) (\S+)/g);
    const named = Array.from(
      settings,
      ([, option, value]) => [option!.replaceAll("-", "_"), value],
    );
    return [name, Object.fromEntries(named)];
  }));
}

function test_file(file: string, start: StartFront): void {
  Deno.test(`${file} serves each application below its path, and only there`, async () => {
    const folder = await make_folder();
    await using stack = new AsyncDisposableStack();
    stack.defer(() => remove_folder(folder));
    const settings = settings_of(file);
    assertEquals(Object.keys(settings), ["shop", "blog"]);
    const sockets: Record<string, string> = {};
    for (const [name, options] of Object.entries(settings)) {
      const socket = join(folder, `${name}.sock`);
      assertEquals(options.bind, `unix:/run/tsgi-${name}/app.sock`);
      sockets[`/run/tsgi-${name}/app.sock`] = socket;
      const bind = `unix:${socket}`;
      const logs = { access_logfile: "none" };
      stack.use(await serve(where, { ...options, ...logs, bind }));
    }
    await ask_all(stack.use(await start(file, sockets)));
  });
}

/** Makes a test of a file by which Apache runs a script for each application. */
function test_cgi(file: string): void {
  Deno.test(`${file} serves each application below its path, and only there`, async () => {
    const folder = await make_folder();
    await using stack = new AsyncDisposableStack();
    stack.defer(() => remove_folder(folder));
    const run = [Deno.execPath(), "run", "-A", path_of("mod.ts")];
    const words = [...run, path_of("tests/fronts/deployments/where.ts")];
    for (const name of ["shop", "blog"]) {
      await Deno.mkdir(join(folder, name));
      const script = join(folder, name, "app.cgi");
      const command = words.map(quoted).join(" ");
      await Deno.writeTextFile(script, `#!/bin/sh\nexec ${command}\n`);
      await Deno.chmod(script, 0o755);
    }
    await ask_all(stack.use(
      await start_apache(file, ["cgid"], {
        "/srv/": `${folder}/`,
        '"/srv"': `"${folder}"`,
      }),
    ));
  });
}

async function ask_all(front: Front): Promise<void> {
  for (const [target, seen] of REQUESTS) {
    assertEquals([target, await ask(front, target)], [target, seen]);
  }
}

async function ask({ port }: Front, target: string): Promise<unknown> {
  const response = await fetch(`http://127.0.0.1:${port}${target}`);
  if (response.status !== 200) {
    await response.body?.cancel();
    assertEquals([403, 404].includes(response.status), true);
    return null;
  }
  const { SCRIPT_NAME, PATH_INFO, url } = await response.json();
  assertEquals(url, `http://127.0.0.1:${port}${target}`);
  return [SCRIPT_NAME, PATH_INFO];
}

/** The requests to the one application at /shop. */
const OF_SHOP = REQUESTS.filter(([target]) => !target.startsWith("/blog"));

/**
 * Makes a test of a file for the root that is narrowed to /shop, as docs/deploy.md has it, and of an application that
 * is told so by `--root-path`.
 */
function test_root_path(
  file: string,
  narrowed: Record<string, string>,
  start: StartFront,
): void {
  Deno.test(`${file} serves an application below a path by --root-path`, async () => {
    const folder = await make_folder();
    await using stack = new AsyncDisposableStack();
    stack.defer(() => remove_folder(folder));
    const socket = join(folder, "app.sock");
    const [, options] = deployment(file)
      .match(/^# .*`deno run -A jsr:@tsgi\/serve (.*)--bind /)!;
    const [, protocol] = options!.match(/^--protocol (\w+) $/) ?? [];
    stack.use(
      await serve(where, {
        protocol: (protocol ?? "http") as ServeOptions["protocol"],
        bind: `unix:${socket}`,
        root_path: "/shop",
        access_logfile: "none",
      }),
    );
    const literals = { ...narrowed, "/run/tsgi/app.sock": socket };
    const front = stack.use(await start(file, literals));
    for (const [target, seen] of OF_SHOP) {
      assertEquals([target, await ask(front, target)], [target, seen]);
    }
  });
}

if (installed("nginx", "openssl")) {
  test_file("subfolders/nginx_fastcgi.conf", start_nginx);
  test_file("subfolders/nginx_http.conf", start_nginx);
  const narrowed = { "location / {": "location ~ ^/shop(/|$) {" };
  for (const protocol of ["http", "fastcgi", "scgi", "uwsgi"]) {
    test_root_path(`nginx_${protocol}.conf`, narrowed, start_nginx);
  }
}

if (installed("apache2", "openssl")) {
  const with_modules = (...modules: string[]): StartFront => (file, sockets) =>
    start_apache(file, ["proxy", ...modules], sockets);
  test_cgi("subfolders/apache_cgi.conf");
  test_file("subfolders/apache_fastcgi.conf", with_modules("proxy_fcgi"));
  test_file(
    "subfolders/apache_http.conf",
    with_modules("proxy_http", "headers"),
  );
  const proxied = (scheme: string) => ({
    'ProxyPass "/"': 'ProxyPass "/shop"',
    [`${scheme}://localhost/`]: `${scheme}://localhost/shop`,
  });
  const http = with_modules("proxy_http", "headers");
  test_root_path("apache_http.conf", proxied("http"), http);
  const fastcgi = with_modules("proxy_fcgi");
  test_root_path("apache_fastcgi.conf", proxied("fcgi"), fastcgi);
  const uwsgi = with_modules("proxy_uwsgi");
  test_root_path("apache_uwsgi.conf", proxied("uwsgi"), uwsgi);
  test_root_path("apache_scgi.conf", {
    'Alias "/" "/tsgi/"': 'Alias "/shop" "/tsgi/shop"',
    '<Location "/">': '<Location "/shop">',
  }, with_modules("proxy_scgi"));
}

if (installed("lighttpd", "openssl")) {
  test_file("subfolders/lighttpd_fastcgi.conf", start_lighttpd);
  for (const protocol of ["fastcgi", "scgi"]) {
    const key = `${protocol}.server += (`;
    // The key by itself matches /shopping too.
    test_root_path(`lighttpd_${protocol}.conf`, {
      [key]: `$HTTP["url"] =~ "^/shop(/|$)" { ${key}`,
      '"/" =>': '"/shop" =>',
      "\n)\n": "\n) }\n",
    }, start_lighttpd);
  }
}
