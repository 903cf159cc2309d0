/** `examples/deploy.ts`, served by `deno serve`. */

import { assertFalse, assertMatch, assertStringIncludes } from "@std/assert";
import { root, until } from "../support/support.ts";

Deno.test("examples/deploy.ts is served by deno serve, and does not show the environment", async () => {
  const secret = "s3cret-of-the-process";
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "serve",
      "--allow-env",
      "--port",
      "0",
      "--host",
      "127.0.0.1",
      "examples/deploy.ts",
    ],
    cwd: root,
    env: { NO_COLOR: "1", MY_SECRET: secret },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const printed = { text: "" };
  const drained = Promise.all(
    [child.stdout, child.stderr].map(async (stream) => {
      for await (const part of stream.pipeThrough(new TextDecoderStream())) {
        printed.text += part;
      }
    }),
  );
  try {
    let ended = false;
    child.status.then(() => ended = true);
    const url = () => printed.text.match(/http:\/\/127\.0\.0\.1:\d+/)?.[0];
    await until(() => ended || url() !== undefined);
    assertFalse(ended, printed.text);
    const response = await fetch(`${url()}/some/where?x=1`);
    const page = await response.text();
    assertMatch(page, /^Hello world!\n\nCONTENT_LENGTH = ''\n/);
    assertStringIncludes(page, "\nPATH_INFO = '/some/where'\n");
    assertStringIncludes(page, "\nQUERY_STRING = 'x=1'\n");
    assertStringIncludes(page, "\nREMOTE_ADDR = '127.0.0.1'\n");
    assertFalse(page.includes(secret));
    assertFalse(page.includes("MY_SECRET"));
  } finally {
    child.kill("SIGTERM");
    await child.status;
    await drained;
  }
  assertFalse(printed.text.includes("signal"), printed.text);
});
