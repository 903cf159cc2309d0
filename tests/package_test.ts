/** The package as a whole: who imports whom, what is published, whether it runs as it is published. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import config from "../deno.json" with { type: "json" };
import { all_files, files_below, modules, read } from "./support/project.ts";
import { root, text } from "./support/support.ts";

/** The import statements of a module; those in its documentation begin with a star. */
function imports_of(
  path: string,
): { statically: string[]; dynamically: string[] } {
  const source = read(path);
  const find = (pattern: RegExp) =>
    Array.from(source.matchAll(pattern), (match) => match[1]!);
  return {
    statically: find(/^(?:(?:import|export)\b[^;"]*? from|import) "([^"]+)"/gm),
    dynamically: find(/\bimport\("([^"]+)"\)/g),
  };
}

/** The path, in the project, of what the module at `path` imports. */
function resolve(specifier: string, path: string): string {
  const { href } = new URL(specifier, new URL(path, root));
  assert(href.startsWith(root.href), `${path} imports ${specifier}`);
  return href.slice(root.href.length);
}

function is_relative(specifier: string): boolean {
  return /^\.{0,2}\//.test(specifier);
}

/** The rooms from the first to the last: what is in one may import from itself, and from what stands on an earlier line. */
const LAYERS = [
  ["types.ts"],
  ["_internal/"],
  ["_internal/text/"],
  ["_internal/streams/"],
  ["util.ts", "headers.ts"],
  ["_internal/request/"],
  ["_internal/handler/", "_internal/validate/"],
  ["_internal/server/"],
  ["handlers.ts", "validate.ts"],
  ["middleware/"],
  ["simple_server.ts", "gateways/"],
  ["cli/"],
  ["mod.ts"],
];

/** Which room of `LAYERS` a module is in: those of `_internal` are rooms of their own. */
function room_of(path: string): string {
  const [room] = path.match(/^_internal\/(\w+\/)?|^\w+\//) ?? [path];
  return room;
}

function layer_of(path: string): number {
  return LAYERS.findIndex((layer) => layer.includes(room_of(path)));
}

function may_import(importer: string, imported: string): boolean {
  return layer_of(imported) < layer_of(importer) ||
    room_of(imported) === room_of(importer);
}

Deno.test("every module that is published has its place", () => {
  assertEquals(modules.filter((path) => layer_of(path) < 0), []);
});

Deno.test("a module imports only from what stands before it", () => {
  const wrong = modules.flatMap((path) =>
    imports_of(path).statically.filter(is_relative)
      .map((specifier) => resolve(specifier, path))
      .filter((imported) => imported.endsWith(".ts"))
      .filter((imported) => !may_import(path, imported))
      .map((imported) => `${path} imports ${imported}`)
  );
  assertEquals(wrong, []);
});

Deno.test("a module imports only what is published, beside @std and four of Node's", () => {
  const published = [...modules, "deno.json"];
  const declared = Object.keys(config.imports)
    .filter((name) => name !== "@std/assert");
  const nodes = ["inspector", "path", "url", "util"].map((it) => `node:${it}`);
  const allowed = [...declared, ...nodes];
  const wrong = modules.flatMap((path) => {
    const { statically, dynamically } = imports_of(path);
    return [...statically, ...dynamically]
      .filter((specifier) =>
        is_relative(specifier)
          ? !published.includes(resolve(specifier, path))
          : !allowed.includes(specifier)
      )
      .map((specifier) => `${path} imports ${specifier}`);
  });
  assertEquals(wrong, []);
});

Deno.test("no module imports itself, however indirectly", () => {
  const done = new Set<string>();
  const visit = (path: string, way: string[]) => {
    assert(!way.includes(path), [...way, path].join(" imports "));
    if (done.has(path)) return;
    for (const specifier of imports_of(path).statically.filter(is_relative)) {
      const imported = resolve(specifier, path);
      if (imported.endsWith(".ts")) visit(imported, [...way, path]);
    }
    done.add(path);
  };
  for (const path of modules) visit(path, []);
  assertEquals(Array.from(done).sort(), modules);
});

/** What runs on Node, Bun and Workers too. */
const EVERYWHERE = [
  "./types",
  "./util",
  "./headers",
  "./validate",
  "./fetch",
  "./middleware",
  "./handlers",
] as const;

/** The modules that a module imports, and those that they do, itself among them. */
function with_imported(path: string, found = new Set<string>()): Set<string> {
  if (!path.endsWith(".ts") || found.has(path)) return found;
  found.add(path);
  for (const specifier of imports_of(path).statically.filter(is_relative)) {
    with_imported(resolve(specifier, path), found);
  }
  return found;
}

/** The code of a module, without comments. */
function code_of(path: string): string {
  return read(path)
    .replace(/\/\*[^]*?\*\//g, "")
    .replace(/(?<=^|\s)\/\/.*/g, "");
}

Deno.test("only platform.ts speaks of Deno, of what runs on other runtimes too", () => {
  const found = new Set<string>();
  for (const entry of EVERYWHERE) with_imported(config.exports[entry], found);
  const speaking = [...found].map((path) => path.replace("./", ""))
    .filter((path) => /\bDeno\b/.test(code_of(path)));
  assertEquals(speaking, ["_internal/platform.ts"]);
});

Deno.test("mod.ts imports the command dynamically, and the command what only an option needs", () => {
  const dynamic = modules.flatMap((path) =>
    imports_of(path).dynamically.map((specifier) => [path, specifier])
  );
  assertEquals(dynamic, [
    ["cli/application.ts", "../gateways/fetch.ts"],
    ["cli/debug/debugging.ts", "./debug_page.ts"],
    ["cli/load_application.ts", "node:util"],
    ["cli/main.ts", "./processes/supervise.ts"],
    ["cli/processes/inspector.ts", "node:inspector"],
    ["cli/settings/parse_options.ts", "node:util"],
    ["cli/validated.ts", "../validate.ts"],
    ["mod.ts", "./cli/main.ts"],
  ]);
  const of_mod = imports_of("mod.ts").statically;
  assertEquals(of_mod.filter((path) => path.includes("cli")), []);
});

/** The folders of a path, each with a slash at its end: `a/`, `a/b/`. */
function folders_of(path: string): string[] {
  return Array.from(
    path.matchAll(/\//g),
    ({ index }) => path.slice(0, index + 1),
  );
}

Deno.test("the map in DESIGN.md has every module and every folder of source, and nothing that is not there", () => {
  const [, map] = read("DESIGN.md").match(
    /## Architecture\n\n```\n([^]*?)```/,
  )!;
  const lines = map!.trimEnd().split("\n");
  let room = "";
  const mapped = lines.map((line) => {
    const [, indent, name] = line.match(/^( *)(\S+) /)!;
    if (indent === "") room = name!;
    return indent === "" ? name! : room + name;
  });
  const folders = new Set(all_files.flatMap(folders_of));
  const there = [...all_files, ...folders];
  assertEquals(mapped.filter((path) => !there.includes(path)), []);
  const entries = [...modules.filter((path) => !path.includes("/"))];
  const source = modules.flatMap(folders_of);
  const rooms = [...folders].filter((path) => /^\w[^/]*\/$/.test(path));
  const needed = new Set([...entries, ...source, ...rooms]);
  assertEquals([...needed].filter((path) => !mapped.includes(path)), []);
  assert(lines.length <= 40, `the map has ${lines.length} lines`);
});

/** What one can take in at a glance, as a guide: files in a folder, lines in a file. */
const MOST_FILES = 16;
const MOST_LINES = 500;

Deno.test("no folder has more files than one can take in, and no file more lines", () => {
  const ours = all_files.filter((path) => /^(?!std\/).*\.ts$/.test(path));
  const folder_of = (path: string) => folders_of(path).at(-1) ?? "";
  const full = Object.entries(Object.groupBy(ours, folder_of))
    .filter(([, paths]) => paths!.length > MOST_FILES)
    .map(([folder, paths]) => `${folder} has ${paths!.length} files`);
  const long = ours
    .map((path) => ({ path, lines: read(path).split("\n").length - 1 }))
    .filter(({ lines }) => lines > MOST_LINES)
    .map(({ path, lines }) => `${path} has ${lines} lines`);
  assertEquals([...full, ...long], []);
});

/** What not everybody needs who wants a library, and would have to load: the command, and the middleware. */
const APART = ["./cli", "./middleware"];

/** The other entry points. */
const entries = Object.entries(config.exports)
  .filter(([name]) => !APART.includes(name));

Deno.test("mod.ts has every value that another entry point exports", async () => {
  const all: Record<string, unknown> = await import("../mod.ts");
  for (const [name, path] of entries) {
    const part: Record<string, unknown> = await import(
      new URL(path, root).href
    );
    for (const key of Object.keys(part)) {
      assertEquals([name, key, key in all], [name, key, true]);
      assert(part[key] === all[key], `${key} of ${name} is another one`);
    }
  }
});

/** The names that a module exports, of types as well. */
async function documented_names(path: string): Promise<string[]> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--json", path],
    cwd: root,
  }).output();
  const { nodes } = JSON.parse(new TextDecoder().decode(stdout));
  const [{ symbols }] = Object.values(nodes) as [
    { symbols: { name: string }[] },
  ];
  return symbols.map(({ name }) => name);
}

Deno.test("mod.ts has every type that another entry point exports", async () => {
  const all = await documented_names("./mod.ts");
  const missing: string[] = [];
  for (const [entry, path] of entries) {
    const names = await documented_names(path);
    assert(names.length > 0, `${entry} exports nothing`);
    for (const name of names) {
      if (!all.includes(name)) missing.push(`${name} of ${entry}`);
    }
  }
  assertEquals(missing, []);
});

/** SHA-256 as the registry writes it. */
async function checksum(data: Uint8Array<ArrayBuffer>): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", data);
  return `sha256-${new Uint8Array(hash).toHex()}`;
}

/** A package in a registry: its files, by their path in it. */
interface Package {
  version: string;
  exports: string | Record<string, string>;
  files: Map<string, Uint8Array<ArrayBuffer>>;
}

/** What would be published of a folder: its modules, their imports resolved by this project's deno.json. */
function pack(folder: URL, paths: string[]): Package {
  const { version, exports } = JSON.parse(
    Deno.readTextFileSync(new URL("deno.json", folder)),
  );
  const imports: Record<string, string> = config.imports;
  const files = new Map(["deno.json", ...paths].map((path) => {
    const source = Deno.readTextFileSync(new URL(path, folder))
      .replace(/(?<= from ")@std\/[^"]+/g, (name) => imports[name]!);
    return [`/${path}`, new TextEncoder().encode(source)];
  }));
  return { version, exports, files };
}

/** A registry as JSR is one, of this package and the stand-ins for those that it imports. */
function serve_registry(): { url: string } & AsyncDisposable {
  const packages: Record<string, Package> = {
    [config.name]: pack(root, modules),
  };
  for (const member of config.workspace) {
    const folder = new URL(`${member}/`, root);
    const name = member.replace("./std/", "@std/");
    packages[name] = pack(folder, files_below(folder));
  }
  const answer = async (request: Request): Promise<Response> => {
    const { pathname } = new URL(request.url);
    const [, name, rest] = pathname.match(/^\/(@[^/]+\/[^/]+)\/(.+)$/) ?? [];
    const found = packages[name ?? ""];
    if (!found) return new Response(null, { status: 404 });
    const { version, exports, files } = found;
    if (rest === "meta.json") {
      return Response.json({ latest: version, versions: { [version]: {} } });
    }
    if (rest === `${version}_meta.json`) {
      const manifest: Record<string, unknown> = {};
      for (const [path, data] of files) {
        manifest[path] = { size: data.length, checksum: await checksum(data) };
      }
      return Response.json({ exports, manifest });
    }
    return new Response(files.get(rest!.slice(version.length)));
  };
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    answer,
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}/`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

Deno.test("jsr:@tsgi/serve runs as it is published, and serves an application that imports it", async () => {
  await using registry = serve_registry();
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(
      `${folder}/app.ts`,
      `import { demo_app } from "jsr:@tsgi/serve";
export default demo_app;
`,
    );
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "-A", "--no-lock", "--quiet", "jsr:@tsgi/serve"],
        ...["--bind", "unix:s", "app.ts"],
      ],
      cwd: folder,
      env: {
        DENO_DIR: `${folder}/cache`,
        JSR_URL: registry.url,
        NO_COLOR: "1",
      },
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const stdout = child.stdout.getReader();
    const { value } = await stdout.read();
    assertEquals(
      text(value!),
      "Serving app.ts at unix:s (HTTP; press Ctrl+C to stop)\n",
    );
    const client = Deno.createHttpClient({
      proxy: { transport: "unix", path: `${folder}/s` },
    });
    const response = await fetch("http://a/x", { client });
    assertStringIncludes(await response.text(), "\nPATH_INFO = '/x'\n");
    client.close();
    child.kill("SIGTERM");
    await stdout.cancel();
    assertEquals((await child.status).code, 0);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("no file names a folder of the machine that it was written on", () => {
  const wrong = all_files.filter((path) => /\/(work|root)\//.test(read(path)));
  assertEquals(wrong, []);
});
