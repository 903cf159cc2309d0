/** docs/runtimes.md is so: its table, its servers, and the CGI script of the examples. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { dirname, join } from "node:path";
import config from "../../deno.json" with { type: "json" };
import {
  connect,
  find_program,
  free_port,
  installed,
  make_folder,
  path_of,
  remove_folder,
  start_service,
  until_ready,
} from "../fronts/fronts.ts";
import { read } from "../support/project.ts";
import { text } from "../support/support.ts";
import { make_package } from "./packed.ts";
import { BUN, NEWER_NODE, NODE, WORKERD } from "./runtimes.ts";

const page = read("docs/runtimes.md");

/** The code on the page behind the name of its file. */
function code_of(name: string): string {
  const [, behind] = page.split(`\`${name}\``);
  assert(behind, `docs/runtimes.md has no ${name}`);
  const [, code] = behind.match(/^```js ignore\n([^]*?)^```$/m)!;
  return code!;
}

/** The project of somebody who has installed the package: made once, removed at the end. */
let made: Promise<string> | null = null;

Deno.test.afterAll(async () => {
  if (made) await remove_folder(await made);
});

function project(): Promise<string> {
  return made ??= make_project();
}

async function make_project(): Promise<string> {
  const folder = await make_folder();
  const packages = dirname(dirname(dirname(dirname(NEWER_NODE))));
  const own = join(folder, "node_modules/@tsgi/serve");
  Deno.mkdirSync(own, { recursive: true });
  await make_package(own, join(packages, "node_modules"));
  const srvx = join(packages, "node_modules/srvx");
  Deno.symlinkSync(srvx, join(folder, "node_modules/srvx"));
  Deno.writeTextFileSync(join(folder, "package.json"), '{"type":"module"}');
  Deno.writeTextFileSync(join(folder, "app.js"), code_of("app.js"));
  const script = join(folder, "cgi_script.mjs");
  Deno.copyFileSync(path_of("examples/cgi_script.mjs"), script);
  return folder;
}

/** What a program says in the project, in the environment that is given alone. */
async function run(
  program: string,
  args: string[],
  options: { env?: Record<string, string>; input?: string } = {},
): Promise<string> {
  const child = new Deno.Command(find_program(program)!, {
    args,
    cwd: await project(),
    clearEnv: true,
    env: options.env ?? {},
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(options.input ?? ""));
  await writer.close();
  const { success, stdout, stderr } = await child.output();
  assert(success, text(stderr));
  return text(stdout);
}

/** Asks a server that runs in the project. */
async function ask(
  program: string,
  args: string[],
  port: number,
): Promise<string> {
  await using server = start_service(program, args, { cwd: await project() });
  await until_ready(server, () => connect({ hostname: "127.0.0.1", port }));
  const response = await fetch(`http://127.0.0.1:${port}/`, {
    headers: { "CF-Connecting-IP": "127.0.0.1" },
  });
  assertEquals(response.headers.get("content-type"), PLAIN);
  return await response.text();
}

const PLAIN = "text/plain; charset=utf-8";

/** Writes a server of the page into the project, at a port of its own. */
async function write_server(name: string): Promise<number> {
  const port = free_port();
  const place = `hostname: "127.0.0.1", port: ${port}`;
  const code = code_of(name).replace("port: 8000", place);
  Deno.writeTextFileSync(join(await project(), name), code);
  return port;
}

/** A Worker of the page, in one file as `wrangler` makes one. */
async function ask_worker(name: string): Promise<string> {
  const folder = await project();
  const port = free_port();
  await run(BUN, ["build", name, "--outfile=bundle.js"]);
  const worker =
    `(modules = [(name = "worker", esModule = embed "bundle.js")], ` +
    'compatibilityDate = "2026-01-01")';
  const socket =
    `(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")`;
  Deno.writeTextFileSync(
    join(folder, "worker.capnp"),
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = ${worker})], sockets = [${socket}]
);
`,
  );
  return await ask(WORKERD, ["serve", "worker.capnp"], port);
}

const SCRIPT_ENVIRON = {
  GATEWAY_INTERFACE: "CGI/1.1",
  SERVER_PROTOCOL: "HTTP/1.1",
  SERVER_NAME: "h",
  SERVER_PORT: "80",
  SCRIPT_NAME: "/cgi_script.mjs",
  PATH_INFO: "",
};

function test_script(program: string, name: string): void {
  Deno.test(`examples/cgi_script.mjs greets by ${name}`, async () => {
    const head = (length: number) =>
      `Status: 200 OK\r\nContent-Type: ${PLAIN}\r\nContent-Length: ${length}\r\n\r\n`;
    const got = await run(program, ["cgi_script.mjs"], {
      env: {
        ...SCRIPT_ENVIRON,
        REQUEST_METHOD: "GET",
        QUERY_STRING: "name=Ada",
      },
    });
    assertEquals(got, `${head(12)}Hello, Ada!\n`);
    const posted = await run(program, ["cgi_script.mjs"], {
      env: { ...SCRIPT_ENVIRON, REQUEST_METHOD: "POST", CONTENT_LENGTH: "8" },
      input: "name=Bob",
    });
    assertEquals(posted, `${head(12)}Hello, Bob!\n`);
  });
}

/** The rows of the table: a module, and whether it is for each runtime. */
const rows = Array.from(
  page.matchAll(/^\| `(\w+)` .*?((?:\| (?:yes|no) +){4})\|$/gm),
  ([, name, cells]) => ({
    name: name!,
    runs: cells!.split("|").slice(1).map((cell) => cell.trim() === "yes"),
  }),
);

/** Which modules can be imported, and the error of one that cannot. */
async function importable(program: string) {
  const names = JSON.stringify(rows.map(({ name }) => name));
  await project();
  const code = `const found = {};
for (const name of ${names}) {
  found[name] = await import("@tsgi/serve/" + name).then(() => "", (error) => error.message);
}
console.log(JSON.stringify(found));
`;
  Deno.writeTextFileSync(join(await project(), "import.js"), code);
  const found: Record<string, string> = JSON.parse(
    await run(program, ["import.js"]),
  );
  return found;
}

function test_table(program: string, name: string, column: number): void {
  Deno.test(`docs/runtimes.md says which modules are for ${name}`, async () => {
    const found = await importable(program);
    assertEquals(
      Object.entries(found).map(([name, error]) => [name, error === ""]),
      rows.map(({ name, runs }) => [name, runs[column]]),
    );
    for (const error of Object.values(found)) {
      if (error) assertStringIncludes(error, "need Deno");
    }
  });
}

Deno.test("docs/runtimes.md has a row for every entry point", () => {
  assertEquals(
    rows.map(({ name }) => `./${name}`).sort(),
    Object.keys(config.exports).filter((name) => name !== ".").sort(),
  );
});

Deno.test("docs/runtimes.md quotes the script that it names", () => {
  const [, behind] = page.split("(../examples/cgi_script.mjs)");
  const [, code] = behind!.match(/^```js ignore\n([^]*?)^```$/m)!;
  assertStringIncludes(read("examples/cgi_script.mjs"), code!);
});

if (installed(NODE, NEWER_NODE)) {
  for (const [name, program] of [["Node", NODE], ["newer Node", NEWER_NODE]]) {
    test_script(program!, name!);
    test_table(program!, name!, 1);
    Deno.test(`the servers of docs/runtimes.md answer by ${name}`, async () => {
      let port = await write_server("node.js");
      assertEquals(await ask(program!, ["node.js"], port), "Hello !\n");
      port = await write_server("node_client.js");
      assertEquals(
        await ask(program!, ["node_client.js"], port),
        "Hello 127.0.0.1!\n",
      );
    });
  }
}

if (installed(BUN)) {
  test_script(BUN, "Bun");
  test_table(BUN, "Bun", 2);
  Deno.test("the servers of docs/runtimes.md answer by Bun", async () => {
    let port = await write_server("bun.js");
    assertEquals(await ask(BUN, ["bun.js"], port), "Hello !\n");
    port = await write_server("bun_client.js");
    assertEquals(await ask(BUN, ["bun_client.js"], port), "Hello 127.0.0.1!\n");
  });
}

if (installed(BUN, WORKERD)) {
  Deno.test("the Workers of docs/runtimes.md answer by workerd", async () => {
    for (const name of ["worker.js", "worker_client.js"]) {
      await write_server(name);
    }
    assertEquals(await ask_worker("worker.js"), "Hello !\n");
    assertEquals(await ask_worker("worker_client.js"), "Hello 127.0.0.1!\n");
  });

  Deno.test("docs/runtimes.md says which modules are for Workers", async () => {
    const folder = await project();
    const names = rows.filter(({ runs }) => runs[3]).map(({ name }) => name);
    const code = names.map((name) => `import "@tsgi/serve/${name}";\n`).join(
      "",
    );
    const all = `${code}export { default } from "./worker.js";\n`;
    await write_server("worker.js");
    Deno.writeTextFileSync(join(folder, "all.js"), all);
    assertEquals(await ask_worker("all.js"), "Hello !\n");
  });
}
