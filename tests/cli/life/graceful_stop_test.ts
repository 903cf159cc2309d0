/** How signals end the command: what is under way is answered, others are refused, and a second signal waits for nothing. */

import { assertEquals, assertRejects } from "@std/assert";
import {
  make_folder,
  make_gate,
  serving_line,
  start,
  STOPPING,
  WAITING_APPS,
  without_times,
} from "../../support/command.ts";
import { bytes, read_all, until, write_all } from "../../support/support.ts";
import { get } from "../helpers.ts";

/** Waits until nobody listens at `port` any more: a connection is refused, or reset if it comes at that moment. */
async function until_refused(port: number): Promise<void> {
  let listening = true;
  while (listening) {
    await Deno.connect({ hostname: "127.0.0.1", port }).then(
      (conn) => conn.close(),
      () => listening = false,
    );
  }
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.test(`${signal} closes idle connections and ends with status 0`, async () => {
    await using command = await start([]);
    using fresh = await Deno.connect({ port: command.port });
    using idle = await Deno.connect({ port: command.port });
    await write_all(idle, bytes("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"));
    let head = "";
    const buffer = new Uint8Array(1024);
    while (!head.endsWith("\r\n\r\n")) {
      const length = await idle.read(buffer);
      head += new TextDecoder().decode(buffer.subarray(0, length!));
    }
    const { code, stdout } = await command.stop(signal);
    assertEquals(await read_all(idle), "");
    assertEquals(await read_all(fresh), "");
    assertEquals(code, 0);
    assertEquals(stdout, serving_line("demo_app", command.address) + STOPPING);
  });

  Deno.test(`${signal} lets requests under way finish, and refuses others`, async () => {
    await using folder = await make_folder({ "app.ts": WAITING_APPS });
    for (
      const [name, body] of [["default", "whole"], ["stream", "first last"]]
    ) {
      await using gate = make_gate();
      await using command = await start(
        [`app.ts:${name}`],
        { cwd: folder.path },
      );
      const answer = get(`${command.address}?${gate.url}`);
      await gate.reached;
      command.child.kill(signal);
      await until_refused(command.port);
      gate.open();
      assertEquals(await answer, body);
      const { code, stderr } = await command.ended();
      assertEquals(code, 0);
      assertEquals(
        without_times(stderr),
        `127.0.0.1 - - [time] "GET /?${gate.url} HTTP/1.1" 200 ${
          body!.length
        }\n`,
      );
    }
  });

  Deno.test(`${signal} lets an upload under way finish`, async () => {
    await using folder = await make_folder({ "app.ts": WAITING_APPS });
    await using gate = make_gate();
    await using command = await start(["app.ts:echo"], { cwd: folder.path });
    const upload = new TransformStream<Uint8Array, Uint8Array>();
    const answer = fetch(`${command.address}?${gate.url}`, {
      method: "POST",
      body: upload.readable,
    });
    const writer = upload.writable.getWriter();
    await writer.write(bytes("first "));
    await gate.reached;
    command.child.kill(signal);
    await until(() => command.printed.stdout.includes(STOPPING));
    gate.open();
    await writer.write(bytes("last"));
    await writer.close();
    const response = await answer;
    assertEquals([response.status, await response.text()], [200, "first last"]);
    assertEquals((await command.ended()).code, 0);
  });
}

Deno.test("a second signal ends the command at once, with 128 and its number", async () => {
  await using folder = await make_folder({ "app.ts": WAITING_APPS });
  const expected = [
    ["SIGINT", "SIGINT", 130],
    ["SIGTERM", "SIGTERM", 143],
    ["SIGINT", "SIGTERM", 143],
    ["SIGTERM", "SIGINT", 130],
  ] as const;
  for (const [first, second, status] of expected) {
    await using gate = make_gate();
    await using command = await start(["app.ts"], { cwd: folder.path });
    const answer = fetch(`${command.address}?${gate.url}`);
    const broken_off = assertRejects(() => answer, TypeError);
    await gate.reached;
    command.child.kill(first);
    await until(() => command.printed.stdout.includes(STOPPING));
    assertEquals(await command.stop(second), {
      code: status,
      stdout: serving_line("app.ts", command.address) + STOPPING,
      stderr: "",
    });
    await broken_off;
  }
});
