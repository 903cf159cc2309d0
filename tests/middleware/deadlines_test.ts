/** Many that wait, and one timer. */

import { assertEquals } from "@std/assert";
import { Deadlines, type Waiting } from "../../middleware/deadlines.ts";
import { root, run_script, until } from "../support/support.ts";
import { sleep } from "./timed.ts";

Deno.test("Deadlines expire in their order, those alone that still wait", async () => {
  const expired: string[] = [];
  const deadlines = new Deadlines(20);
  const waiting = (name: string): Waiting => ({
    place: 0,
    deadline: 0,
    expire: () => void expired.push(name),
  });
  const [first, second, third, again] = ["first", "second", "third", "again"]
    .map(waiting);
  deadlines.add(first!);
  deadlines.add(second!);
  deadlines.add(again!);
  deadlines.delete(second!);
  await sleep(0.01);
  deadlines.add(third!);
  await until(() => expired.length === 3);
  assertEquals(expired, ["first", "again", "third"]);
  deadlines.add(again!);
  deadlines.delete(again!);
  deadlines.delete(again!);
  await sleep(0.04);
  deadlines.add(again!);
  await until(() => expired.length === 4);
  assertEquals(expired.at(-1), "again");
});

Deno.test("the first error of a process has the stack of the application, and of nobody else", async () => {
  const script = `
    import { limit_time } from "${root}middleware/mod.ts";
    import { make_server, WSGIRequestHandler, WSGIServer } from "${root}simple_server.ts";

    async function inner() {
      await null;
      throw new Error("mine");
    }
    async function outer() {
      await inner();
    }
    async function app() {
      try {
        await outer();
      } catch ({ stack }) {
        console.log(stack.match(/(?<=    at )\\S+ \\S+/g).join("\\n"));
        Deno.exit();
      }
    }
    const limited = limit_time(app, { timeout: 30 });
    const httpd = make_server("127.0.0.1", 0, limited, WSGIServer, WSGIRequestHandler);
    httpd.serve_forever();
    const { server_port: port } = httpd;
    const conn = await Deno.connect({ hostname: "127.0.0.1", port });
    await conn.write(new TextEncoder().encode("GET / HTTP/1.1\\r\\nHost: h\\r\\n\\r\\n"));
  `;
  const { stdout, stderr } = await run_script([
    "--config=deno.json",
    `data:text/javascript,${encodeURIComponent(script)}`,
  ]);
  const names = stdout.trimEnd().split("\n")
    .map((frame) => frame.replace(/ \(?data:.*/, ""));
  assertEquals([names, stderr], [["inner", "async outer", "async app"], ""]);
});
