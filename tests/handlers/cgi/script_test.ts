/** A script with a `CGIHandler`, as a process of its own: how its output leaves it, and how it ends. */

import { assertEquals } from "@std/assert";
import { make_folder } from "../../support/command.ts";
import { root, run_script, text } from "../../support/support.ts";

const HANDLERS = new URL("handlers.ts", root).href;
const CONFIG = ["--config", new URL("deno.json", root).pathname];

/** A script that answers by `app`, whose source that is, and then goes on with `then`. */
function script(app: string, then = ""): string {
  return `
import { CGIHandler } from "${HANDLERS}";

const encode = (text) => new TextEncoder().encode(text);
const note = (text) => Deno.stderr.writeSync(encode(text));

await new CGIHandler().run(${app});
${then}
`;
}

const START = `start_response("200 OK", [["Content-Type", "text/plain"]]);`;

/** What stands before a body of unknown length. */
const HEAD = "Status: 200 OK\r\nContent-Type: text/plain\r\n\r\n";

/** How a script answers that is in `source`. */
async function answer(source: string): Promise<string> {
  await using folder = await make_folder({ "script.ts": source });
  const ended = await run_script([...CONFIG, `${folder.path}/script.ts`]);
  assertEquals([ended.code, ended.stderr], [0, ""]);
  return ended.stdout;
}

// Below, at and above what goes out without waiting, and more than a pipe holds.
for (const size of [0, 1, 4000, 4096, 4097, 65536, 1_000_000]) {
  Deno.test(`a script answers with ${size} bytes`, async () => {
    const body = "0123456789".repeat(100_001).slice(0, size);
    const length = `Content-Length: ${size}\r\n\r\n`;
    assertEquals(
      await answer(script(`(_environ, start_response) => {
        ${START}
        return [encode("0123456789".repeat(${
        size / 10 + 1
      }).slice(0, ${size}))];
      }`)),
      HEAD.replace("\r\n\r\n", `\r\n${length}`) + body,
    );
  });
}

Deno.test("a script's blocks, its write() and its own output keep their order", async () => {
  const output = await answer(script(
    `async function* (_environ, start_response) {
      const write = start_response("200 OK", [["Content-Type", "text/plain"]]);
      write(encode("a".repeat(5000)));
      await write(encode("b"));
      yield encode("c".repeat(70000));
      yield encode("d");
    }`,
    `await Deno.stdout.writable.getWriter().write(encode("e"));`,
  ));
  const body = "a".repeat(5000) + "b" + "c".repeat(70000) + "de";
  assertEquals(output, HEAD + body);
});

/** Starts a script, and waits for the beginning of its response. */
async function begin(path: string): Promise<Deno.ChildProcess> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", ...CONFIG, path],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  await reader.read();
  reader.releaseLock();
  return child;
}

Deno.test("SIGTERM has a script close what it waits for", async () => {
  const source = script(`async (_environ, start_response) => {
    ${START}
    return {
      async *[Symbol.asyncIterator]() {
        yield encode("begun");
        await new Promise((resolve) => setTimeout(resolve, 1e6));
      },
      close: () => note("closed"),
    };
  }`);
  await using folder = await make_folder({ "script.ts": source });
  const child = await begin(`${folder.path}/script.ts`);
  child.kill("SIGTERM");
  const { code, stderr } = await child.output();
  assertEquals([code, text(stderr)], [143, "closed"]);
});

Deno.test("a script whose web server has gone closes its result, and says nothing", async () => {
  const source = script(`(_environ, start_response) => {
    ${START}
    return {
      async *[Symbol.asyncIterator]() {
        for (;;) yield new Uint8Array(65536);
      },
      close: () => note("closed"),
    };
  }`);
  await using folder = await make_folder({ "script.ts": source });
  const child = await begin(`${folder.path}/script.ts`);
  await child.stdout.cancel();
  const [{ code }, stderr] = await Promise.all([
    child.status,
    new Response(child.stderr).text(),
  ]);
  assertEquals([code, stderr], [0, "closed"]);
});
