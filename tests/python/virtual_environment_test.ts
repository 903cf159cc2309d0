/** Virtual environments: how they are found, and the message when their packages cannot work. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { is_python, longest_silence } from "../../cli/python.ts";
import { environment_folders } from "../../python/virtual_environment.ts";
import { make_folder, run, start } from "../support/command.ts";
import { ask } from "../support/processes.ts";
import { python_test } from "./support.ts";

const APP = `
import sys
import greeting

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{greeting.TEXT} {sys.prefix}".encode()]
`;

/** A folder with an application, and a virtual environment with modules. */
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

python_test(
  "packages of .venv are found, whatever its version of Python",
  async () => {
    await using project = await make_project(".venv", "3.9", {
      "greeting.py": 'TEXT = "Hello from"',
    });
    await using server = await start(["app.py"], { cwd: project.path });
    assertEquals(await ask(server.port), `Hello from ${project.path}/.venv`);
  },
);

for (
  const [specifier, environ, expected] of [
    ["greeting", {}, true],
    ["greeting:app", {}, true],
    ["other", {}, false],
    ["other", { PYTHONPATH: "/none:FOLDER/elsewhere" }, true],
    ["greeting", { VIRTUAL_ENV: "/none" }, false],
    ["shop", {}, true],
    ["shop:create_app()", {}, true],
    ["app.ts", {}, false],
    ["app.ts:create_app()", {}, false],
    ["app.py", {}, true],
    ["missing.py", {}, true],
    ["missing:create_app()", {}, true],
  ] as [string, Record<string, string>, boolean][]
) {
  Deno.test(`is_python() is ${expected} for ${specifier} with ${JSON.stringify(environ)}`, async () => {
    await using project = await make_project(".venv", "3.9", {
      "greeting.py": "",
    });
    for (const folder of ["shop", "elsewhere/other"]) {
      const path = `${project.path}/${folder}`;
      await Deno.mkdir(path, { recursive: true });
      await Deno.writeTextFile(`${path}/__init__.py`, "");
    }
    await Deno.writeTextFile(`${project.path}/app.ts`, "");
    const variables = Object.entries(environ).map(([name, value]) => [
      name,
      value.replace("FOLDER", project.path),
    ]);
    assertEquals(
      is_python(specifier, [], Object.fromEntries(variables), project.path),
      expected,
    );
  });
}

Deno.test("longest_silence() lets a worker interrupt Python before it is killed", () => {
  const silence = (application: string, timeout: number) =>
    longest_silence({ application, timeout, pythonpath: null });
  assertEquals(silence("app.py", 30), 38.5);
  assertEquals(silence("app.py", 0), 0);
  assertEquals(silence("app.ts", 30), 30);
});

Deno.test("environment_folders() prefers VIRTUAL_ENV to .venv, and may find neither", async () => {
  await using project = await make_project(".venv", "3.9", {});
  await using active = await make_project("active", "3.14", {});
  const folder = project.path;
  assertEquals(environment_folders(undefined, folder), [project.packages]);
  assertEquals(
    environment_folders(`${active.path}/active`, folder),
    [active.packages],
  );
  assertEquals(environment_folders(undefined, active.path), []);
});

python_test(
  "the message names the compiled packages of an environment, and its version of Python",
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
      "on WebAssembly cannot import modules compiled for another system, as in: greeting\n",
    );
    assertStringIncludes(
      stderr,
      `The packages in ${project.packages} were installed for Python 3.9, and this is Python 3.14.`,
    );
  },
);
