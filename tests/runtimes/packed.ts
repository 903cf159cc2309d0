/**
 * This package as JSR's npm layer serves it: each module transpiled by itself, relative imports kept. In its folder lie
 * the applications of the conformance table as well, and the servers of this room.
 */

import { assert } from "@std/assert";
import { join } from "node:path";
import { root, text } from "../support/support.ts";

/** The modules of the tests that run on other runtimes. */
const OF_TESTS = [
  "tests/conformance/apps/",
  "tests/runtimes/servers/",
  "tests/support/bytes.ts",
];

/** The packages of JSR that all these import, which stand-ins are taken for here. */
const OF_STD = ["http", "streams"];

async function run(program: string, args: string[], cwd: URL | string = root) {
  const { success, stderr } = await new Deno.Command(program, { args, cwd })
    .output();
  assert(success, text(stderr));
}

function* modules_of(path: string): Iterable<string> {
  if (!path.endsWith("/")) return yield path;
  for (const { name } of Deno.readDirSync(new URL(path, root))) {
    if (name.endsWith(".ts")) yield `${path}${name}`;
  }
}

/** Transpiles a module, the modules that it imports being named as they are then. */
async function transpile(path: string, output: string): Promise<void> {
  await run(Deno.execPath(), [
    ...["transpile", "--quiet", "--no-check", path],
    ...["--output", output],
  ]);
  Deno.writeTextFileSync(output, renamed(Deno.readTextFileSync(output)));
}

function renamed(code: string): string {
  return code.replace(/(?<="\.[^"\n]*)\.ts(?=")/g, ".js");
}

/** One of JSR's packages as one of npm's. */
async function make_std(name: string, packages: string): Promise<void> {
  const source = `std/${name}/`;
  const config = Deno.readTextFileSync(new URL(`${source}deno.json`, root));
  const { exports, version } = JSON.parse(renamed(config));
  const folder = join(packages, "@std", name);
  for (const path of modules_of(source)) {
    await transpile(path, join(folder, js(path.slice(source.length))));
  }
  Deno.writeTextFileSync(
    join(folder, "package.json"),
    JSON.stringify({ name: `@std/${name}`, version, type: "module", exports }),
  );
}

function js(path: string): string {
  return path.replace(/\.ts$/, ".js");
}

/**
 * Makes the package in a folder, which is its own: `package.json` and what it names lie there.
 *
 * @param packages A folder `node_modules` with what else the servers of this room import.
 */
export async function make_package(
  folder: string,
  packages: string,
): Promise<void> {
  const archive = join(folder, "package.tgz");
  const exclude = ["--ignore=tests,examples"];
  const plain = ["--no-source-maps", "--allow-slow-types"];
  await run(Deno.execPath(), [
    ...["pack", "--quiet", "--allow-dirty", ...exclude, ...plain],
    ...["--output", archive],
  ]);
  await run("tar", ["-xzf", archive, "--strip-components=1"], folder);
  const node_modules = join(folder, "node_modules");
  for (const name of OF_STD) await make_std(name, node_modules);
  Deno.symlinkSync(join(packages, "srvx"), join(node_modules, "srvx"));
  for (const path of OF_TESTS.flatMap((path) => [...modules_of(path)])) {
    await transpile(path, join(folder, js(path)));
  }
}
