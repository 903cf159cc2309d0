/** The sites of `examples/deployments/` for nginx, as a person will use them: the command, the users, the error log. */

import { assertEquals } from "@std/assert";
import { join } from "node:path";
import { serve_fastcgi } from "../../gateways/fastcgi.ts";

import { backend_door, command_backend } from "./backends.ts";
import { dispatcher } from "../conformance/apps/dispatcher.ts";
import type { Door } from "../conformance/doors/door.ts";
import { type Front, installed, make_folder } from "./fronts.ts";
import { in_front, start_nginx } from "./nginx.ts";
import { text, until } from "../support/support.ts";

/** The gateways that a site can be for. */
const PROTOCOLS = ["scgi", "fastcgi", "uwsgi"];

function test_site(protocol: string): void {
  const site = `nginx_${protocol}.conf`;

  Deno.test(`${site} names the command that it is for`, async () => {
    await using door = await backend_door(
      command_backend(site),
      in_front(site),
    );
    assertEquals(await show(door, "PATH_INFO"), "/");
  });

  Deno.test(`${site} has a line for REMOTE_USER`, async () => {
    await using door = await backend_door(
      command_backend(site),
      with_users(site, protocol),
    );
    assertEquals(await show(door, "REMOTE_USER"), "401 Unauthorized");
    assertEquals(
      await show(door, "REMOTE_USER", "ada:wrong"),
      "401 Unauthorized",
    );
    assertEquals(await show(door, "REMOTE_USER", "ada:secret"), "ada");
  });
}

/** What the application sees of a variable, or the status where it is not asked. */
async function show(
  door: Door,
  variable: string,
  credentials = "",
): Promise<string> {
  const { status, body } = await door.send({
    method: "GET",
    target: "/",
    headers: [
      ["Host", "example.org"],
      ["X-Application", "environ"],
      ["X-Show", variable],
      ["Authorization", `Basic ${btoa(credentials)}`],
    ],
    body: null,
    framing: "length",
    cut: null,
    leaves: false,
    secure: false,
  });
  return status === "200 OK" ? JSON.parse(text(body))[variable] : status;
}

/** Starts nginx with a site that asks for a password, and hands on whose it is. */
function with_users(site: string, protocol: string) {
  const line = `${protocol}_param REMOTE_USER $remote_user;`;
  return async (socket: string): Promise<Front> => {
    const users = `${socket}.users`;
    await Deno.writeTextFile(users, "ada:{PLAIN}secret\n");
    return await start_nginx(site, {
      "unix:/run/tsgi/app.sock": `unix:${socket}`,
      [`# ${line}`]: `auth_basic users; auth_basic_user_file ${users}; ${line}`,
    });
  };
}

async function test_error_log(): Promise<void> {
  const folder = await make_folder();
  const socket = join(folder, "app.sock");
  await using server = serve_fastcgi(dispatcher, socket);
  server.log_request = () => {};
  server.serve_forever();
  await using front = await in_front("nginx_fastcgi.conf")(socket);
  const response = await fetch(`http://127.0.0.1:${front.port}/`, {
    headers: { "X-Application": "errors" },
  });
  assertEquals(await response.text(), "logged");
  await until(() => logged(front).length >= "onetwothree".length);
  assertEquals(logged(front), "onetwothree");
  await Deno.remove(folder, { recursive: true });
}

/** What nginx has logged for the application, line ends left out. */
function logged(front: Front): string {
  const records = front.error_log().matchAll(/sent in stderr: "([^"]*)"/g);
  return [...records].map(([, text]) => text!.replaceAll("\n", "")).join("");
}

if (installed("nginx", "openssl")) {
  PROTOCOLS.forEach(test_site);
  Deno.test("wsgi.errors is nginx's error log by FastCGI", test_error_log);
}
