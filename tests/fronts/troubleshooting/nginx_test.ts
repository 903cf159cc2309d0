/** docs/troubleshooting.md, behind nginx. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { serve } from "../../../cli/mod.ts";
import type { WSGIApplication } from "../../../types.ts";
import { encode_text } from "../../../util.ts";
import {
  connect,
  free_port,
  type Front,
  installed,
  make_folder,
  remove_folder,
  start_service,
  until_ready,
} from "../fronts.ts";
import { start_nginx } from "../nginx.ts";
import { explained, hello, type Setup, test_entry } from "./symptoms.ts";

/** nginx with a file of which parts are replaced. */
function nginx(
  protocol: string,
  literals: Record<string, string> = {},
): (socket: string) => Promise<Front> {
  return (socket) =>
    start_nginx(`nginx_${protocol}.conf`, {
      "/run/tsgi/app.sock": socket,
      ...literals,
    });
}

const fastcgi: Setup = {
  start: nginx("fastcgi"),
  options: { protocol: "fastcgi" },
};

const UNBUFFERED = "fastcgi_buffering off;";

/** Many cookies. */
const cookies: WSGIApplication = (_environ, start_response) => {
  start_response("200 OK", [["Set-Cookie", `a=${"x".repeat(9000)}`]]);
  return [];
};

/** An application that is silent for longer than nginx waits. */
const silent: WSGIApplication = async (_environ, start_response) => {
  await new Promise((resolve) => setTimeout(resolve, 3000));
  start_response("200 OK", []);
  return [];
};

function test_entries(): void {
  test_entry("a socket that is missing, behind nginx", {
    status: 502,
    message:
      "connect() to unix:/run/tsgi/app.sock failed (2: No such file or directory)",
    wrong: { ...fastcgi, options: null },
    right: fastcgi,
  });
  test_entry("a socket at which nobody listens, behind nginx", {
    status: 502,
    message:
      "connect() to unix:/run/tsgi/app.sock failed (111: Connection refused)",
    wrong: {
      options: null,
      start: (socket) => {
        leave_socket(socket);
        return fastcgi.start(socket);
      },
    },
    right: fastcgi,
  });
  test_entry("fastcgi_pass to an application that speaks HTTP", {
    status: 502,
    message: "upstream sent unsupported FastCGI protocol version: 72",
    wrong: { ...fastcgi, options: { protocol: "http" } },
    right: fastcgi,
  });
  test_entry("proxy_pass to an application that speaks FastCGI", {
    status: 502,
    message: "this is HTTP, but nginx speaks fastcgi with fastcgi_pass",
    wrong: { start: nginx("http"), options: { protocol: "fastcgi" } },
    right: { start: nginx("http"), options: { protocol: "http" } },
  });
  test_entry("the same, by what nginx says", {
    status: 502,
    message:
      "upstream prematurely closed connection while reading response header",
    wrong: { start: nginx("http"), options: { protocol: "fastcgi" } },
    right: fastcgi,
  });
  test_entry("headers that are larger than nginx's buffer", {
    status: 502,
    message: "upstream sent too big header while reading response header",
    wrong: { ...fastcgi, app: cookies },
    right: {
      ...fastcgi,
      app: cookies,
      start: nginx("fastcgi", {
        [UNBUFFERED]: `${UNBUFFERED} ${explained("fastcgi_buffer_size 32k;")} ${
          explained("fastcgi_buffers 4 32k;")
        }`,
      }),
    },
  });
  test_entry("an application that nginx does not wait for", {
    status: 504,
    message: "upstream timed out (110: Connection timed out)",
    wrong: {
      ...fastcgi,
      app: silent,
      start: nginx("fastcgi", {
        [UNBUFFERED]: `${UNBUFFERED} fastcgi_read_timeout 1s;`,
      }),
    },
    right: {
      ...fastcgi,
      app: silent,
      start: nginx("fastcgi", {
        [UNBUFFERED]: `${UNBUFFERED} ${explained("fastcgi_read_timeout")} 60s;`,
      }),
    },
  });
  const large = () => ({ method: "POST", body: "x".repeat(1_100_000) });
  test_entry("a body that nginx refuses", {
    status: 413,
    message: "client intended to send too large body",
    wrong: {
      ...fastcgi,
      start: nginx("fastcgi", { "client_max_body_size 0;": "" }),
      init: large,
    },
    right: { ...fastcgi, init: large },
  });
  test_entry("a PATH_INFO that nginx does not send", {
    status: 404,
    message: null,
    wrong: {
      ...fastcgi,
      app: only_cart,
      path: "/cart",
      start: nginx("fastcgi", { "fastcgi_param PATH_INFO ": "# " }),
    },
    right: { ...fastcgi, app: only_cart, path: "/cart" },
  });
  test_entry("an application that is not told where it is mounted", {
    status: 404,
    message: null,
    wrong: { ...fastcgi, app: only_cart, path: "/shop/cart" },
    right: {
      ...fastcgi,
      app: only_cart,
      path: "/shop/cart",
      options: { protocol: "fastcgi", root_path: "/shop" },
    },
  });
}

/** An application of one page. */
const only_cart: WSGIApplication = ({ PATH_INFO = "" }, start_response) => {
  const status = PATH_INFO === "/cart" ? "200 OK" : "404 Not Found";
  start_response(status, []);
  return [];
};

/** Makes a socket file at which nobody listens, as a process does that is killed. */
function leave_socket(path: string): void {
  const listener = Deno.listen({ transport: "unix", path: `${path}.new` });
  Deno.renameSync(`${path}.new`, path);
  listener.close();
}

/** A response that nginx is told not to collect, although it is configured to. */
async function test_stream(): Promise<void> {
  const folder = await make_folder();
  await using stack = new AsyncDisposableStack();
  stack.defer(() => remove_folder(folder));
  const socket = join(folder, "app.sock");
  const arrived = Promise.withResolvers<void>();
  const [name, value] = explained("X-Accel-Buffering: no").split(": ");
  const stream: WSGIApplication = async function* (_environ, start_response) {
    start_response("200 OK", [[name!, value!]]);
    yield encode_text("first");
    await arrived.promise;
    yield encode_text(" last");
  };
  const server = await serve(stream, {
    protocol: "fastcgi",
    bind: `unix:${socket}`,
    access_logfile: "none",
  });
  stack.defer(() => server.shutdown());
  const start = nginx("fastcgi", { [UNBUFFERED]: "fastcgi_buffering on;" });
  const { port } = stack.use(await start(socket));
  const { body } = await fetch(`http://127.0.0.1:${port}/`);
  const reader = body!.pipeThrough(new TextDecoderStream()).getReader();
  // It would not come: the application waits until it has.
  assertEquals(await reader.read(), { done: false, value: "first" });
  arrived.resolve();
  assertEquals(await reader.read(), { done: false, value: " last" });
  assertEquals((await reader.read()).done, true);
}

/** nginx as a user who is not root, without any right of root's. */
async function test_permission(): Promise<void> {
  const folder = await make_folder();
  await using stack = new AsyncDisposableStack();
  stack.defer(() => remove_folder(folder));
  const socket = join(folder, "app.sock");
  const port = free_port();
  await Deno.chmod(folder, 0o777);
  const temporary = ["client_body", "proxy", "fastcgi", "scgi", "uwsgi"]
    .map((name) => `${name}_temp_path ${folder}/${name};`).join("\n");
  await Deno.writeTextFile(
    `${folder}/nginx.conf`,
    `daemon off; master_process off; pid ${folder}/nginx.pid; error_log stderr;
events {}
http {
  access_log off;
  ${temporary}
  server {
    listen 127.0.0.1:${port};
    location / { fastcgi_pass unix:${socket}; }
  }
}`,
  );
  const NOBODY = 65534;
  const server = stack.use(
    await serve(hello, {
      protocol: "fastcgi",
      bind: `unix:${socket}`,
      access_logfile: "none",
    }),
  );
  stack.defer(() => server.shutdown());
  const user = [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"];
  const nginx = stack.use(
    start_service("setpriv", [
      ...user,
      ...["nginx", "-e", "stderr", "-p", folder, "-c", `${folder}/nginx.conf`],
    ]),
  );
  await until_ready(nginx, () => connect({ hostname: "127.0.0.1", port }));
  const status = async () => {
    const response = await fetch(`http://127.0.0.1:${port}/`);
    await response.body?.cancel();
    return response.status;
  };
  await Deno.chmod(socket, 0o755); // As with a umask of 022.
  assertEquals(await status(), 502);
  const message = explained(
    "connect() to unix:/run/tsgi/app.sock failed (13: Permission denied)",
  ).replace("/run/tsgi/app.sock", socket);
  assertStringIncludes(nginx.stderr(), message);
  // What Group= and UMask= of the unit do.
  await Deno.chown(socket, null, NOBODY);
  await Deno.chmod(socket, 0o770);
  assertEquals(await status(), 200);
}

if (installed("nginx", "openssl")) {
  test_entries();
  Deno.test(
    "docs/troubleshooting.md explains a stream that nginx collects",
    test_stream,
  );
  Deno.test({
    name:
      "docs/troubleshooting.md explains a socket that nginx may not connect to",
    ignore: Deno.uid() !== 0, // Only root has nginx run as somebody else.
    fn: test_permission,
  });
}
