/** The virtual environment of the user: that it is found, and what is said where its packages cannot work. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { make_folder, run, start } from "../support/command.ts";
import { ask } from "../support/processes.ts";
import { python_test } from "./support.ts";

const APP = `
import greeting

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [greeting.TEXT]
`;

/** A folder with an application, and an environment of a version of Python with modules in it. */
async function make_project(
  environment: string,
  version: string,
  modules: Record<string, string>,
) {
  const folder = await make_folder({ "app.py": APP });
  const packages =
    `${folder.path}/${environment}/lib/python${version}/site-packages`;
  await Deno.mkdir(packages, { recursive: true });
  for (const [name, text] of Object.entries(modules)) {
    await Deno.writeTextFile(`${packages}/${name}`, text);
  }
  return { ...folder, packages };
}

for (
  const [environment, env] of [
    [".venv", {}],
    ["elsewhere", { VIRTUAL_ENV: "elsewhere" }],
  ] as [string, Record<string, string>][]
) {
  python_test(
    `packages of ${environment} are found, whatever its version`,
    async () => {
      await using project = await make_project(environment, "3.9", {
        "greeting.py": 'TEXT = b"from the environment"',
      });
      await using server = await start(["app.py"], { cwd: project.path, env });
      assertEquals(await ask(server.port), "from the environment");
    },
  );
}

python_test(
  "packages of an environment that cannot work are named, and its version",
  async () => {
    await using project = await make_project(".venv", "3.9", {
      "greeting.cpython-39-x86_64-linux-gnu.so": "",
    });
    const { code, stderr } = await run(["app.py"], { cwd: project.path });
    assertEquals(code, 2);
    assertStringIncludes(
      stderr,
      "ModuleNotFoundError: No module named 'greeting'\nPython 3.14.",
    );
    assertStringIncludes(
      stderr,
      "on WebAssembly imports no modules that are compiled for another system, as there are in: greeting\n",
    );
    assertStringIncludes(
      stderr,
      `The packages in ${project.packages} were installed for Python 3.9, and this is Python 3.14.`,
    );
  },
);
