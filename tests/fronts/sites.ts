/** What is tested of a recommended file beside the tables: its command, passwords that the web server checks, its log. */

import { assertEquals } from "@std/assert";
import { join } from "node:path";
import { serve_fastcgi } from "../../gateways/fastcgi.ts";
import { backend_door, command_backend } from "./backends.ts";
import { dispatcher } from "../conformance/apps/dispatcher.ts";
import type { Door } from "../conformance/doors/door.ts";
import { type Front, make_folder } from "./fronts.ts";
import { text, until } from "../support/support.ts";

/** Starts a web server in front of a socket. */
type StartFront = (socket: string) => Promise<Front>;

/** What the application sees of some variables, or the status where it is not asked. */
async function show(
  door: Door,
  variables: string[],
  credentials: string,
): Promise<unknown> {
  const { status, body } = await door.send({
    method: "GET",
    target: "/",
    headers: [
      ["Host", "example.org"],
      ["X-Application", "environ"],
      ["X-Show", variables.join(" ")],
      ["Authorization", `Basic ${btoa(credentials)}`],
    ],
    body: null,
    framing: "length",
    cut: null,
    leaves: false,
    secure: false,
  });
  return status === "200 OK"
    ? Object.values(JSON.parse(text(body)))
    : status.slice(0, 3);
}

/** Makes a test of the command that stands in the first line of a file. */
export function test_command(file: string, start: StartFront): void {
  Deno.test(`${file} names the command that it is for, and hands on Authorization`, async () => {
    await using door = await backend_door(command_backend(file), start);
    const variables = ["PATH_INFO", "HTTP_AUTHORIZATION", "REMOTE_USER"];
    const authorization = `Basic ${btoa("ada:secret")}`;
    assertEquals(
      await show(door, variables, "ada:secret"),
      ["/", authorization, null],
    );
  });
}

/** Makes a test of a web server that lets in Ada, whose password is "secret". */
export function test_users(file: string, start: StartFront): void {
  Deno.test(`${file} has REMOTE_USER where the web server asks for a password`, async () => {
    await using door = await backend_door(command_backend(file), start);
    const variables = ["REMOTE_USER", "AUTH_TYPE"];
    assertEquals(await show(door, variables, "ada:wrong"), "401");
    assertEquals(
      await show(door, variables, "ada:secret"),
      ["ada", "Basic"],
    );
  });
}

/** Makes a test of where `wsgi.errors` goes by FastCGI. `logged` takes what is the application's out of the error log. */
export function test_error_log(
  file: string,
  start: StartFront,
  logged: (error_log: string) => string,
): void {
  Deno.test(`${file} has wsgi.errors in the web server's error log`, async () => {
    const folder = await make_folder();
    const socket = join(folder, "app.sock");
    await using server = serve_fastcgi(dispatcher, socket);
    server.log_request = () => {};
    server.serve_forever();
    await using front = await start(socket);
    const response = await fetch(`http://127.0.0.1:${front.port}/`, {
      headers: { "X-Application": "errors" },
    });
    assertEquals(await response.text(), "logged");
    const all = "onetwothree";
    await until(() => logged(front.error_log()).length >= all.length);
    assertEquals(logged(front.error_log()), all);
    await Deno.remove(folder, { recursive: true });
  });
}
