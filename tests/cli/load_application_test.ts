/** From `MODULE[:NAME]` to the application: where it is looked for, and what is refused. */

import { assertEquals, assertMatch } from "@std/assert";
import { in_one_line } from "../../cli/load_application.ts";
import { make_folder, start } from "../support/command.ts";
import { root } from "../support/support.ts";
import { answer, assert_refused, get } from "./helpers.ts";

Deno.test("MODULE[:NAME] chooses the application", async () => {
  const three = `export default ${answer("default")};
export const application = ${answer("application")};
export const app = ${answer("app")};
export const another = ${answer("another")};
export const $é_1 = ${answer("$é_1")};
`;
  await using folder = await make_folder({
    "three.ts": three,
    "two.js": `export const app = ${answer("app")};
export function application(...args) { return (${
      answer("application")
    })(...args); }
`,
    "one.ts": `export const another = ${answer("another")};
export const app = ${answer("app")};
`,
    "objects.ts": `export default { fetch: "x" };
export const application = "x";
export const app = ${answer("app")};
`,
    "a b#c%20d?e.ts": three,
    "a:b.ts": three,
    "waits.ts": `export default await Promise.resolve(${answer("late")});`,
  });
  const expected: Record<string, string> = {
    "three.ts": "default",
    "three.ts:default": "default",
    "three.ts:application": "application",
    "three.ts:app": "app",
    "three.ts:another": "another",
    "three.ts:$é_1": "$é_1",
    "two.js": "application",
    "one.ts": "app",
    "objects.ts": "app",
    "./three.ts": "default",
    [`${folder.path}/three.ts`]: "default",
    [`${folder.path}/three.ts:app`]: "app",
    [folder.url("three.ts")]: "default",
    [`${folder.url("three.ts")}:app`]: "app",
    "a b#c%20d?e.ts": "default",
    "a b#c%20d?e.ts:app": "app",
    [folder.url("a b#c%20d?e.ts")]: "default",
    "a:b.ts": "default",
    "a:b.ts:app": "app",
    "waits.ts": "late",
    [
      `data:text/javascript,export%20default ${
        encodeURIComponent(answer("data"))
      }`
    ]: "data",
  };
  for (const [module, body] of Object.entries(expected)) {
    await using command = await start([module], { cwd: folder.path });
    assertEquals(await get(command.address), body, module);
    assertEquals(
      command.printed.stdout.split(" at ")[0],
      `Serving ${module}`,
    );
  }
});

Deno.test("MODULE is relative to the working directory", async () => {
  const app = `export default ${answer("here")};`;
  await using folder = await make_folder({ "app.ts": app });
  await Deno.mkdir(`${folder.path}/below`);
  await using command = await start(["../app.ts"], {
    cwd: `${folder.path}/below`,
  });
  assertEquals(await get(command.address), "here");
});

Deno.test("MODULE may import the package that serves it", async () => {
  await using folder = await make_folder({
    "by_name.ts": `import { demo_app } from "@tsgi/serve";
export default demo_app;
`,
    "dynamically.ts": `const { demo_app } = await import("@tsgi/serve");
export default demo_app;
`,
    "part.ts": `export { demo_app as app } from "@tsgi/serve/simple_server";`,
  });
  const up = folder.path.replace(/[^/]+/g, "..").slice(1);
  await Deno.writeTextFile(
    `${folder.path}/by_path.ts`,
    `import { demo_app } from "${up}${root.pathname}mod.ts";
export default demo_app;
`,
  );
  for (const name of ["by_name", "by_path", "dynamically", "part"]) {
    await using command = await start([`${name}.ts`], { cwd: folder.path });
    assertMatch(await get(command.address), /^Hello world!\n\n/);
  }
});

Deno.test("the command refuses a MODULE that is not there", async () => {
  await using folder = await make_folder({});
  await assert_refused([
    [["missing.ts"], "cannot load missing.ts: there is no such file"],
    [["missing.ts:app"], "cannot load missing.ts: there is no such file"],
    [["missing/app.ts"], "cannot load missing/app.ts: there is no such file"],
    [["."], "cannot load .: it is a directory"],
    [["..:app"], "cannot load ..: it is a directory"],
    [[""], 'cannot load "": a path or a URL is expected'],
    [
      [folder.url("missing.ts")],
      `cannot load ${folder.url("missing.ts")}: ` +
      `Module not found "${folder.url("missing.ts")}".`,
    ],
  ], { cwd: folder.path });
});

Deno.test("the command refuses a MODULE without an application", async () => {
  await using folder = await make_folder({
    "empty.ts": "",
    "objects.ts": `export default { fetch: "x" };
export const app = "x";
export const other = () => [];
`,
  });
  const none = "exports no application (a WSGI function, or an object " +
    "with a method fetch) named";
  const in_objects = "it exports app (string), default (object), " +
    "other (function): did you mean objects.ts:other?";
  await assert_refused([
    [
      ["empty.ts"],
      `empty.ts ${none} default or application or app or fetch: ` +
      "it exports nothing",
    ],
    [
      ["objects.ts"],
      `objects.ts ${none} default or application or app or fetch: ` +
      in_objects,
    ],
    [
      ["objects.ts:app"],
      `objects.ts ${none} app: ${in_objects}`,
    ],
    [
      ["objects.ts:missing"],
      `objects.ts ${none} missing: ${in_objects}`,
    ],
    [
      ["objects.ts:toString"],
      `objects.ts ${none} toString: ${in_objects}`,
    ],
  ], { cwd: folder.path });
});

Deno.test("the command refuses a MODULE that cannot be started", async () => {
  await using folder = await make_folder({
    "syntax.ts": "\nexport default = 1;\n",
    "twice.js": "const a = 1;\nconst a = 2;\n",
    "of_syntax.ts": 'import "./syntax.ts";\n',
    "quote.ts": 'export default "at x;\n',
    "of_quote.ts": 'import "./quote.ts";\n',
    "of_missing.ts": '\nimport { app } from "./missing.ts";\nexport { app };\n',
    "of_nothing.ts": 'import { missing } from "./app.ts";\n' +
      "export default missing;\n",
    "app.ts": `export default ${answer("")};`,
    "data.json": "{}",
  });
  const at = (name: string, place: string) => `at ${folder.url(name)}:${place}`;
  const expected: [string[], string][] = [
    [
      ["syntax.ts"],
      "cannot load syntax.ts: SyntaxError: Expression expected " +
      `(${at("syntax.ts", "2:16")})`,
    ],
    [
      ["of_syntax.ts"],
      "cannot load of_syntax.ts: SyntaxError: Expression expected " +
      `(${at("syntax.ts", "2:16")})`,
    ],
    [
      ["of_quote.ts"],
      "cannot load of_quote.ts: SyntaxError: Unterminated string constant " +
      `(${at("quote.ts", "1:16")})`,
    ],
    [
      ["twice.js"],
      "cannot load twice.js: Identifier 'a' has already been declared " +
      at("twice.js", "2:7"),
    ],
    [
      ["of_missing.ts"],
      `cannot load of_missing.ts: Module not found ` +
      `"${folder.url("missing.ts")}" (${at("of_missing.ts", "2:21")})`,
    ],
    [
      ["of_nothing.ts"],
      "cannot load of_nothing.ts: The requested module './app.ts' does not " +
      `provide an export named 'missing' ${at("of_nothing.ts", "1:10")}`,
    ],
    [
      ["data.json"],
      "cannot load data.json: expected a module of TypeScript or JavaScript, " +
      "got JSON: settings are given by --config",
    ],
  ];
  await assert_refused(expected, { cwd: folder.path });
  // Deno puts colours into some of these messages.
  await assert_refused(expected, { cwd: folder.path, env: { NO_COLOR: "" } });
});

Deno.test("the command refuses a MODULE that throws, and says where", async () => {
  await using folder = await make_folder({
    "throws.ts": 'export default 1;\nthrow new RangeError("too far");\n',
    "calls.ts": `async function dig(): Promise<never> {
  await null;
  throw new Error("the well is dry", { cause: "no rain" });
}
await dig();
`,
    "string.ts": 'throw "a string";\n',
  });
  await assert_refused([
    [
      ["throws.ts"],
      "cannot load throws.ts: it threw RangeError: too far\n" +
      `    at ${folder.url("throws.ts")}:2:7`,
    ],
    [
      ["calls.ts"],
      "cannot load calls.ts: it threw Error: the well is dry\n" +
      `    at dig (${folder.url("calls.ts")}:3:9)\n` +
      `    at async ${folder.url("calls.ts")}:5:1\n` +
      'Caused by: "no rain"',
    ],
    [["string.ts"], 'cannot load string.ts: it threw "a string"'],
  ], { cwd: folder.path });
});

Deno.test("in_one_line() says why a module could not be fetched", async () => {
  assertEquals(
    await in_one_line(
      "Import 'https://a/app.ts' failed.\n    0: error sending request for url (https://a/app.ts)\n    1: dns error\n    2: failed to lookup address information",
    ),
    "Import 'https://a/app.ts' failed: failed to lookup address information",
  );
});
