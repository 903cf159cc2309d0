/** Every application in examples/ passes `validator`, and so do the examples of README, which quotes them. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { demo_app, make_server } from "../../simple_server.ts";
import { type ErrorStream, WSGIRequestHandler, WSGIServer } from "../../mod.ts";
import { validator } from "../../validate.ts";
import { Log, root, run_script, start_server } from "../support/support.ts";

/** What each application is asked: method, target and body. */
const REQUESTS: Record<
  string,
  [method: string, target: string, body?: string][]
> = {
  "hello.ts": [["GET", "/"], ["POST", "/", "x"]],
  "mount.ts": [["GET", "/blog/2026"], ["GET", "/shop/"], ["GET", "/none"]],
  "post_form.ts": [["GET", "/"], ["POST", "/", "name=Ada"], ["PUT", "/", "x"]],
  "stream.ts": [["GET", "/?from=0"]],
  "file.ts": [["GET", "/"]],
  "todos.ts": [["GET", "/"], ["POST", "/", "todo=x"], ["GET", "/none"]],
};

for (const [example, requests] of Object.entries(REQUESTS)) {
  Deno.test(`examples/${example} passes validator`, async () => {
    await using server = await start_server([
      "mod.ts",
      "--validate",
      "--bind=127.0.0.1:0",
      "--access-logfile=none",
      `examples/${example}`,
    ]);
    for (const [method, target, body] of requests) {
      const init = body === undefined ? { method } : { method, body };
      const response = await fetch(server.url + target, init);
      await response.body?.cancel();
      assertEquals(response.status < 500, true);
    }
    const written = server.printed.stderr.split("\n")
      .filter((line) => line && !line.startsWith("The countdown ended"));
    assertEquals(written, []);
  });
}

/** The source of an example with its application behind validator. */
function validated(example: string, from: string, to: string): string {
  const source = Deno.readTextFileSync(new URL(`examples/${example}`, root));
  assertStringIncludes(source, from);
  // At the end, where it works as well: the first line may be a shebang.
  return source.replace(from, to) +
    `\nimport { validator } from "@tsgi/serve/validate";\n`;
}

/** Writes a source into a folder of its own, where it is run with this project's imports. */
async function with_script(
  source: string,
  use: (args: string[], folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/script.ts`, source);
    await use(["--config", "deno.json", `${folder}/script.ts`], folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("examples/cgi_script.ts passes validator", async () => {
  const source = validated(
    "cgi_script.ts",
    "run(greet)",
    "run(validator(greet))",
  );
  await with_script(source, async (args) => {
    const environ = {
      SERVER_PROTOCOL: "HTTP/1.1",
      SERVER_NAME: "localhost",
      SERVER_PORT: "80",
      SCRIPT_NAME: "/greet.cgi",
      QUERY_STRING: "name=Ada",
    };
    for (
      const [method, stdin] of [["GET", ""], ["POST", "name=Bob"]] as const
    ) {
      const env = {
        ...environ,
        REQUEST_METHOD: method,
        CONTENT_LENGTH: String(stdin.length),
      };
      const { stdout, stderr } = await run_script(args, { env, stdin });
      assertEquals([stdout.split("\r\n")[0], stderr], ["Status: 200 OK", ""]);
    }
  });
});

Deno.test("examples/custom_handler.ts passes validator", async () => {
  const source = validated(
    "custom_handler.ts",
    "  app,\n",
    "  validator(app),\n",
  );
  await with_script(source, async (args, folder) => {
    const log = `${folder}/errors.log`;
    await using server = await start_server([...args, "0", log]);
    const response = await fetch(server.url);
    assertStringIncludes(await response.text(), "This is request ");
    const lines = server.printed.stderr.split("\n").filter(Boolean);
    assertEquals(lines.filter((line) => !/" 200 \d+$/.test(line)), []);
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), [
      "script.ts",
    ]);
  });
});

Deno.test("make_server() serves validator(demo_app) without a word", async () => {
  const log = new Log();
  class Handler extends WSGIRequestHandler {
    override get_stderr(): ErrorStream {
      return log;
    }
    override log_message(): void {}
  }
  const app = validator(demo_app);
  await using httpd = make_server("127.0.0.1", 0, app, WSGIServer, Handler);
  httpd.serve_forever();
  const url = `http://127.0.0.1:${httpd.server_port}/caf%C3%A9?a=b`;
  for (const init of [{}, { method: "POST", body: "x" }]) {
    const response = await fetch(url, init);
    assertStringIncludes(await response.text(), "Hello world!");
  }
  assertEquals(log.text, "");
});
