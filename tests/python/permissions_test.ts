/** What Deno forbids raises Python's own errors. */

import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { VERSION } from "../../python/mod.ts";
import { root } from "../support/support.ts";
import { python_test } from "./support.ts";
import { make_folder, start } from "../support/command.ts";
import { ask, free_port } from "../support/processes.ts";

const APPS = new URL("tests/python/apps", root).pathname;
const SCRIPT = `
import { make_server } from ${JSON.stringify(new URL("mod.ts", root).href)};
import { python_application } from ${
  JSON.stringify(new URL("python/mod.ts", root).href)
};
const app = await python_application(${
  JSON.stringify(`${APPS}/behaviour.py`)
}, { chdir: ${JSON.stringify(APPS)} });
const server = make_server("127.0.0.1", Number(Deno.args[0]), app);
server.serve_forever();
console.log("serving");
`;

/** The folder of Pyodide in Deno's cache. */
async function pyodide_folder(): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json"],
  }).output();
  const { npmCache } = JSON.parse(new TextDecoder().decode(stdout));
  for (const { name } of Deno.readDirSync(npmCache)) {
    const folder = `${npmCache}/${name}/pyodide/${VERSION}`;
    try {
      Deno.statSync(folder);
      return folder;
    } catch {
      // It is in the folder of another registry.
    }
  }
  throw new Error("Pyodide is not in Deno's cache");
}

python_test(
  "with permission to listen and to read its own files, Python serves, and gets its own errors for anything else",
  async () => {
    const secrets = await Deno.makeTempDir();
    await Deno.writeTextFile(`${secrets}/secret.txt`, "secret");
    const script = `${await Deno.makeTempDir()}/serve.ts`;
    await Deno.writeTextFile(script, SCRIPT);
    const port = free_port();
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--no-prompt",
        "--no-check",
        `--config=${new URL("deno.json", root).pathname}`,
        `--allow-net=127.0.0.1:${port}`,
        `--allow-read=${APPS},${await pyodide_folder()},${
          new URL("python", root).pathname
        }`,
        script,
        String(port),
      ],
      env: { HOME_OF_TEST: "a home", NO_COLOR: "1" },
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    try {
      await child.stdout.getReader().read();
      const response = await fetch(
        `http://127.0.0.1:${port}/attempts?${secrets}`,
      );
      const said: Record<string, string> = await response.json();
      const {
        open,
        open_elsewhere,
        list,
        write,
        remove,
        own,
        environ,
        process,
      } = said;
      assertMatch(open!, /^(FileNotFoundError|PermissionError): /);
      assertMatch(open_elsewhere!, /^(FileNotFoundError|PermissionError): /);
      assertMatch(list!, /^(FileNotFoundError|PermissionError): /);
      assertMatch(write!, /^PermissionError: \[Errno 2\] Permission denied: /);
      assertMatch(remove!, /^PermissionError: \[Errno 2\] Permission denied: /);
      assertEquals(own, '"""');
      assertEquals(environ, "nothing");
      assertStringIncludes(process!, "emscripten does not support processes");
      assertStringIncludes(
        said.system!,
        "there are no processes on WebAssembly",
      );
      for (const name of ["connect", "listen", "send"]) {
        assertMatch(said[name]!, /there are no connections on WebAssembly/);
      }
      for (const name of ["uid", "gid"]) {
        assertEquals(
          said[name],
          `PermissionError: [Errno 2] the ${name} is not known without --allow-sys=${name}`,
        );
      }
      for (const name of ["js_read", "js_env", "js_run", "js_ffi"]) {
        assertMatch(said[name]!, /NotCapable|Requires/, name);
      }
      // It still serves.
      const again = await fetch(`http://127.0.0.1:${port}/keys`);
      assertEquals(again.status, 200);
      await again.text();
      assert(Deno.statSync(`${APPS}/behaviour.py`).isFile);
    } finally {
      child.kill("SIGKILL");
      await child.status;
    }
  },
);

Deno.test("Pyodide is not in the module graph, and @tsgi/python not in that of @tsgi/serve", async () => {
  for (const module of ["mod.ts", "cli/main.ts", "python/mod.ts"]) {
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["info", "--json", new URL(module, root).href],
    }).output();
    const { modules } = JSON.parse(new TextDecoder().decode(stdout));
    const specifiers = modules.map(({ specifier }: { specifier: string }) =>
      specifier
    );
    assertEquals(
      specifiers.filter((it: string) => it.includes("pyodide@")),
      [],
    );
    if (module !== "python/mod.ts") {
      assertEquals(
        specifiers.filter((it: string) => it.includes("/python/mod.ts")),
        [],
      );
    }
  }
});

Deno.test("serving an application in TypeScript does not download Pyodide", async () => {
  await using folder = await make_folder({
    "app.ts":
      'export default (_, start_response) => (start_response("200 OK", []), []);',
  });
  await using server = await start(["--workers", "1", "app.ts"], {
    cwd: folder.path,
    env: { DENO_DIR: `${folder.path}/deno` },
  });
  assertEquals(await ask(server.port), "");
  assertEquals(Array.from(Deno.readDirSync(`${folder.path}/deno/npm`)), []);
});
