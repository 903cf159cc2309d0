/** The streams of a CGI script, which are created when somebody asks for them: nobody else can tell. */

import { assertEquals } from "@std/assert";
import { make_folder } from "../../support/command.ts";
import { root, run_script } from "../../support/support.ts";

const ENVIRON = {
  GATEWAY_INTERFACE: "CGI/1.1",
  REQUEST_METHOD: "GET",
  SCRIPT_NAME: "/x",
  SERVER_PROTOCOL: "HTTP/1.1",
};

/** What a script prints that runs this as the body of an async application, after its head. */
async function run(application: string, before = ""): Promise<string> {
  const folder = await Deno.makeTempDir();
  try {
    const source = `
      import { CGIHandler } from ${
      JSON.stringify(new URL("handlers.ts", root).href)
    };
      const say = (value) => [new TextEncoder().encode(JSON.stringify(value))];
      const handler = new CGIHandler();
      ${before}
      await handler.run(async (environ, start_response) => {
        start_response("200 OK", [["Content-Type", "application/json"]]);
        ${application}
      });
    `;
    await Deno.writeTextFile(`${folder}/script.js`, source);
    const args = ["--config", "deno.json", `${folder}/script.js`];
    const { stdout, stderr } = await run_script(args, { env: ENVIRON });
    assertEquals(stderr, "");
    return stdout.split("\r\n\r\n")[1]!;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("CGIHandler() gives an empty wsgi.input that can be read, copied and replaced", async () => {
  const said = await run(`
    const copy = { ...environ };
    const { "wsgi.input": input } = environ;
    const found = [
      Object.keys(environ).includes("wsgi.input"),
      copy["wsgi.input"] === input,
      input instanceof ReadableStream,
      await new Response(input).text(),
    ];
    environ["wsgi.input"] = null;
    return say([...found, environ["wsgi.input"]]);
  `);
  assertEquals(JSON.parse(said), [true, true, true, "", null]);
});

Deno.test("CGIHandler() has the streams of the process", async () => {
  const said = await run(`
    return say([
      handler.stdin === Deno.stdin.readable,
      handler.stdout === Deno.stdout.writable,
      Object.keys(handler).includes("stdin"),
    ]);
  `);
  assertEquals(JSON.parse(said), [true, true, true]);
});

Deno.test("CGIHandler() writes to a stdout that was set", async () => {
  const said = await run(
    `return say("changed");`,
    `handler.stdout = {
       write: (data) => void Deno.stdout.writeSync(
         new TextEncoder().encode(new TextDecoder().decode(data).toUpperCase()),
       ),
     };`,
  );
  assertEquals(said, '"CHANGED"');
});

Deno.test("CGIHandler() reads a stdin that was set", async () => {
  const said = await run(
    `return say(await new Response(environ["wsgi.input"]).text());`,
    `handler.base_env = { ...handler.base_env, CONTENT_LENGTH: "5" };
     handler.stdin = ReadableStream.from([new TextEncoder().encode("Hello!")]);`,
  );
  assertEquals(said, '"Hello"');
});

/** Globals that Deno loads modules of its own for, when they are read: milliseconds each. */
const COSTLY = [
  ...["process", "Buffer", "setTimeout"],
  ...["ReadableStream", "WritableStream", "Request", "Response", "Headers"],
];

Deno.test("CGIHandler() reads no global that Deno has to load first", async () => {
  await using folder = await make_folder({
    "script.js": `
      const read = [];
      for (const name of ${JSON.stringify(COSTLY)}) {
        const { get, value } = Object.getOwnPropertyDescriptor(globalThis, name);
        Object.defineProperty(globalThis, name, {
          get: () => (read.push(name), get ? get.call(globalThis) : value),
        });
      }
      const { CGIHandler } = await import(${
      JSON.stringify(new URL("handlers.ts", root).href)
    });
      await new CGIHandler().run((environ, start_response) => {
        start_response("200 OK", []);
        return [new TextEncoder().encode(JSON.stringify(read))];
      });
    `,
  });
  const args = ["--config", "deno.json", `${folder.path}/script.js`];
  const { stdout, stderr } = await run_script(args, { env: ENVIRON });
  assertEquals([stdout.split("\r\n\r\n")[1], stderr], ["[]", ""]);
});
