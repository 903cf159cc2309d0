/** docs/python.md: the application in Python and the one in TypeScript give the same answers. */

import { assertEquals } from "@std/assert";
import { make_folder, start } from "../support/command.ts";
import { read } from "../support/project.ts";

const RUNNER = `
from wsgiref.simple_server import make_server
from app import app

httpd = make_server("127.0.0.1", 0, app)
print(f"port {httpd.server_port}.", flush=True)
httpd.serve_forever()
`;

/** Serves the application of the page by CPython's own `wsgiref`. */
async function start_python(): Promise<{ url: string } & AsyncDisposable> {
  const [, source] = read("docs/python.md").match(/^```python\n([^]*?)^```$/m)!;
  const folder = await make_folder({ "app.py": source!, "run.py": RUNNER });
  const child = new Deno.Command("python3", {
    args: ["-B", "run.py"],
    cwd: folder.path,
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const stdout = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let printed = "";
  while (!printed.includes(".")) printed += (await stdout.read()).value!;
  return {
    url: `http://127.0.0.1:${printed.match(/\d+/)![0]}/`,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.status;
      await stdout.cancel();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** What a server answers, with the path of a redirect. */
async function answer(url: string, path: string, todo?: string) {
  const response = await fetch(new URL(path, url), {
    redirect: "manual",
    ...(todo && {
      method: "POST",
      body: new URLSearchParams({ todo }),
    }),
  });
  const { status, headers } = response;
  return {
    status,
    type: headers.get("Content-Type"),
    location: headers.get("Location")?.replace(url, "http://host/") ?? null,
    body: await response.text(),
  };
}

Deno.test("docs/python.md has an application that answers alike in Python and in TypeScript", async () => {
  await using python = await start_python();
  await using ours = await start(["examples/todos.ts"]);
  for (
    const [path, todo] of [
      ["/"],
      ["/", "Buy milk"],
      ["/?from=form", "Café & <b>"],
      ["/"],
      ["/none"],
      ["/none", "x"],
    ] as const
  ) {
    assertEquals(
      await answer(`http://127.0.0.1:${ours.port}/`, path, todo),
      await answer(python.url, path, todo),
    );
  }
});
