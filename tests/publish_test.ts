/** What is published, and that its page on JSR has all that JSR's score asks for. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import config from "../deno.json" with { type: "json" };
import python from "../python/deno.json" with { type: "json" };
import { is_there, links_of } from "./support/pages.ts";
import { all_files, modules, read } from "./support/project.ts";
import { root, text } from "./support/support.ts";

async function deno(
  args: string[],
  cwd: URL = root,
): Promise<{ success: boolean; stdout: string; stderr: string }> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd,
    env: { NO_COLOR: "1" },
  }).output();
  return { success, stdout: text(stdout), stderr: text(stderr) };
}

/** What is published beside the modules: the pages, and the examples that they quote. */
const PAGES = /^(docs\/.+|examples\/.+|[A-Z]+(\.md)?|deno\.json)$/;

const published = [
  ...modules,
  ...all_files.filter((path) => PAGES.test(path)),
].sort();

/** What `deno publish` would ship of the package in a folder, and the modules whose imports it cannot know. */
async function dry_run(folder: URL) {
  // It fails by itself where a type is slow.
  const { success, stderr } = await deno(
    ["publish", "--dry-run", "--allow-dirty"],
    folder,
  );
  assert(success, stderr);
  const shipped = Array.from(
    stderr.matchAll(/^ {3}(file:.+) \(\S+\)$/gm),
    (match) => match[1]!.slice(root.href.length),
  );
  const warnings = Array.from(
    stderr.matchAll(/^warning\[(.+?)\].*\n *--> (\S+?):/gm),
    ([, name, path]) => [name, path!.slice(root.pathname.length)],
  );
  return { shipped: shipped.sort(), warnings };
}

Deno.test("deno publish ships the modules, the pages about them and the examples, and nothing else", async () => {
  const { shipped, warnings } = await dry_run(root);
  assertEquals(shipped, published);
  assertEquals(warnings, [
    // Of what a user names, nobody can know more before; the package of Python is for those who have an application of it.
    ["unanalyzable-dynamic-import", "cli/load_application.ts"],
    ["unanalyzable-dynamic-import", "cli/python.ts"],
    ["unanalyzable-dynamic-import", "cli/settings/config_file.ts"],
  ]);
});

Deno.test("deno publish of @tsgi/python ships its folder, and not Pyodide, which is loaded when it is used", async () => {
  assertEquals(python.version, config.version); // The command imports its own version.
  const { shipped, warnings } = await dry_run(new URL("python/", root));
  assertEquals(
    shipped,
    all_files.filter((path) => path.startsWith("python/")),
  );
  assertEquals(warnings, [
    ["unanalyzable-dynamic-import", "python/interpreter/pyodide.ts"],
  ]);
});

Deno.test("every link of a published page leads to what is published", () => {
  const pages = published.filter((path) => path.endsWith(".md"));
  const dead = pages.flatMap((page) =>
    links_of(page)
      .filter(({ path }) => !is_there(path, published))
      .map(({ path }) => `${page} links to ${path}`)
  );
  assertEquals(dead, []);
  assert(pages.flatMap(links_of).length > 30, "there are no links");
});

/** A part of what `deno doc --json` says of a module. */
interface Documented {
  module_doc?: { doc?: string };
  symbols: {
    name: string;
    declarations: {
      declarationKind: string;
      kind: string;
      jsDoc?: { doc?: string; tags?: { kind: string; doc?: string }[] };
    }[];
  }[];
}

/** What `deno doc` says of modules, by their URLs; of one by itself it says also what that exports of others. */
async function documented(
  ...paths: string[]
): Promise<[url: string, Documented][]> {
  const { stdout } = await deno(["doc", "--json", ...paths]);
  return Object.entries<Documented>(JSON.parse(stdout).nodes);
}

Deno.test("every entry point says what it is for", async () => {
  const paths = Object.values(config.exports);
  const found = await documented(...paths);
  assertEquals(found.length, paths.length);
  const silent = found.filter(([, { module_doc }]) => !module_doc?.doc);
  assertEquals(silent.map(([url]) => url), []);
});

Deno.test("every symbol of every entry point is documented", async () => {
  // The first has what all the others have but these two: tests/package_test.ts.
  for (const path of ["mod.ts", "cli/mod.ts", "middleware/mod.ts"]) {
    const [[, { symbols }] = ["", { symbols: [] }]] = await documented(path);
    const exported = symbols.map(({ name, declarations }) => ({
      name,
      docs: declarations
        .filter(({ declarationKind }) => declarationKind === "export")
        .map(({ jsDoc }) => jsDoc?.doc ?? ""),
    })).filter(({ docs }) => docs.length > 0);
    assert(exported.length > 0, `${path} exports nothing`);
    const bare = exported.filter(({ docs }) => docs.includes(""));
    assertEquals(bare.map(({ name }) => `${name} of ${path}`), []);
  }
});

/** What a reader of the package's page should see first. */
const ESSENTIALS = [
  "CGIHandler",
  "WSGIApplication",
  "decode_native",
  "demo_app",
  "encode_text",
  "from_fetch",
  "make_server",
  "serve_fastcgi",
  "to_fetch",
  "validator",
];

Deno.test("every symbol has a category, and ten of them are essential", async () => {
  const essential: string[] = [];
  for (const path of ["mod.ts", "cli/mod.ts", "middleware/mod.ts"]) {
    const [[, { symbols }] = ["", { symbols: [] }]] = await documented(path);
    for (const { name, declarations } of symbols) {
      for (const { declarationKind, kind, jsDoc } of declarations) {
        if (declarationKind !== "export" || kind === "reference") continue;
        const found = jsDoc?.tags?.find(({ kind }) => kind === "category");
        assert(found, `${name} of ${path} has none`);
        if (found.doc === "Essentials") essential.push(name);
      }
    }
  }
  assertEquals([...new Set(essential)].sort(), ESSENTIALS);
});

Deno.test("README.md begins with the package's name, and has examples", () => {
  const readme = read("README.md");
  assert(readme.startsWith(`# ${config.name}\n`));
  assertMatch(readme, /^```ts$/m);
});

Deno.test("the workflow tests by the script that a clean checkout has to pass, and publishes by the same Deno", () => {
  const workflow = read(".github/workflows/ci.yml");
  const script = read(".ci/run");
  const [test, publish] = workflow.split(/^ {2}publish:$/m);
  assertMatch(test!, /^ +- run: \.ci\/run$/m);
  assertMatch(publish!, /^ +needs: test$/m);
  assertMatch(publish!, /^ +id-token: write$/m);
  const [deno] = script.match(/npx -y deno@[\d.]+/)!;
  const runs = Array.from(
    publish!.matchAll(/^ +- run: (.*)\n(?: +working-directory: (.*))?/gm),
    ([, command, folder]) => [command, folder],
  );
  // The command, and then what it imports for an application of Python.
  assertEquals(runs, [
    [`${deno} publish`, undefined],
    [`${deno} publish`, "python"],
  ]);
});
