/** The sites of `examples/deployments/` for nginx, as a person will use them: the command, the users, the error log, what is kept from the application. */

import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { serve_fastcgi } from "../../gateways/fastcgi.ts";
import { serve_scgi } from "../../gateways/scgi.ts";
import { serve_uwsgi } from "../../gateways/uwsgi.ts";
import { WSGIRequestHandler, WSGIServer } from "../../simple_server.ts";
import type { WSGIApplication } from "../../types.ts";
import { backend_door, command_backend } from "./backends.ts";
import { dispatcher } from "../conformance/apps/dispatcher.ts";
import type { Door } from "../conformance/doors/door.ts";
import { type Front, installed, make_folder, remove_folder } from "./fronts.ts";
import { in_front, start_nginx } from "./nginx.ts";
import { bytes, read_all, text, until, write_all } from "../support/support.ts";

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

class QuietHandler extends WSGIRequestHandler {
  override log_request() {}
}

/** A server at a Unix socket, for each site. */
const SERVERS = {
  "nginx_http.conf": (app: WSGIApplication, socket: string) => {
    const server = new WSGIServer(socket, QuietHandler);
    server.set_app(app);
    return server;
  },
  "nginx_scgi.conf": serve_scgi,
  "nginx_fastcgi.conf": serve_fastcgi,
  "nginx_uwsgi.conf": serve_uwsgi,
};

/** Answers with how many bytes the body of the request has, and in how many blocks. */
const count: WSGIApplication = async (environ, start_response) => {
  let length = 0;
  let blocks = 0;
  for await (const block of environ["wsgi.input"]) {
    length += block.length;
    blocks++;
  }
  start_response("200 OK", [["Content-Type", "application/json"]]);
  return [bytes(JSON.stringify([length, blocks]))];
};

/** Sends a chunked body through nginx: how many bytes the application has read, and in how many blocks. */
async function received(
  site: keyof typeof SERVERS,
  body: string,
): Promise<[number, number]> {
  const folder = await make_folder();
  const socket = join(folder, "app.sock");
  await using server = SERVERS[site](count, socket);
  if ("log_request" in server) server.log_request = () => {};
  server.serve_forever();
  await using front = await in_front(site)(socket);
  using conn = await Deno.connect({ port: front.port });
  const head = "POST / HTTP/1.1\r\nHost: example.org\r\n" +
    "Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n";
  await write_all(conn, bytes(head + body));
  const answer = await read_all(conn);
  await remove_folder(folder);
  return JSON.parse(answer.split("\r\n\r\n")[1]!);
}

function test_chunks(site: keyof typeof SERVERS): void {
  Deno.test(`${site} makes few blocks of many small chunks`, async () => {
    const chunks = "1\r\na\r\n".repeat(20_000);
    const [length, blocks] = await received(site, `${chunks}0\r\n\r\n`);
    assertEquals(length, 20_000);
    assert(blocks < 1000, `${blocks} blocks`);
  });

  Deno.test(`${site} drops a trailer, however long it is`, async () => {
    const trailer = `x: ${"y".repeat(8000)}\r\n`.repeat(200);
    const counted = await received(site, `1\r\na\r\n0\r\n${trailer}\r\n`);
    assertEquals(counted, [1, 1]);
  });
}

if (installed("nginx", "openssl")) {
  PROTOCOLS.forEach(test_site);
  for (const site of Object.keys(SERVERS)) {
    test_chunks(site as keyof typeof SERVERS);
  }
  Deno.test("wsgi.errors is nginx's error log by FastCGI", test_error_log);
}
