/** The file of `--config`: that it lies between the command line and the environment, and what is refused in it. */

import { assertEquals, assertMatch } from "@std/assert";
import { OPTIONS } from "../../../cli/settings/options.ts";
import { parse_command } from "../../../cli/settings/parse_options.ts";
import { make_folder, run } from "../../support/command.ts";
import { DEFAULTS } from "./defaults.ts";

Deno.test("the command line goes over the file, and that over the environment", async () => {
  await using folder = await make_folder({
    "tsgi.json": JSON.stringify({
      application: "file.ts",
      timeout: 2,
      max_requests: "5",
      validate: true,
      debug: true,
    }),
    "tsgi.ts": `export default { workers: 1 + 1 };`,
  });
  const environ = {
    TSGI_CMD_ARGS: `--timeout 1 --workers 3 --error-logfile "a b" env.ts`,
    WEB_CONCURRENCY: "4",
  };
  const file = ["-c", `${folder.path}/tsgi.json`];
  const { settings } = await parse_command(
    [...file, "--max-requests", "6", "--no-validate"],
    environ,
  );
  assertEquals(settings, {
    ...DEFAULTS,
    application: "file.ts",
    timeout: 2,
    workers: 3,
    error_logfile: "a b",
    max_requests: 6,
    debug: true,
  });
  const { WEB_CONCURRENCY } = environ;
  assertEquals(
    (await parse_command([], { WEB_CONCURRENCY })).settings.workers,
    4,
  );
  const module = ["--config", `${folder.path}/tsgi.ts`];
  assertEquals((await parse_command(module)).settings.workers, 2);
});

Deno.test("--config refuses what is no configuration", async () => {
  await using folder = await make_folder({
    "list.json": "[1]",
    "broken.json": "{",
    "unknown.json": '{"bnd": ":80"}',
    "type.json": '{"reload": "yes"}',
    "text.json": '{"bind": true}',
    "value.json": '{"workers": "many"}',
    "nothing.ts": "export const workers = 2;",
    "lines.json": '{\n "bind": x\n}',
    "path.json": '{"pid": ""}',
    "tls.json": '{"bind": "unix:/x", "certfile": "x"}',
    "syntax.ts": "\nexport default { workers: ; };\n",
    "importer.ts": 'import "./syntax.ts";\nexport default {};\n',
    "throws.ts": 'throw new RangeError("too far");\n',
    "null.ts": "throw null;\n",
    "bigint.ts": "export default { workers: 10n };\n",
    "circle.ts":
      "const it = {};\nexport default { bind: Object.assign(it, { it }) };\n",
    "function.ts": "export default { bind: () => {} };\n",
    "only_bigint.ts": "export default 10n;\n",
    "getter.ts": 'export default { get bind() { throw new Error("dry"); } };\n',
    "typo.ts": "export default { wrkers: undefined };\n",
  });
  const { path } = folder;
  const cannot_read = (name: string, why: string) =>
    `cannot read the configuration ${name}: ${why}`;
  const refused: [name: string, message: string | RegExp][] = [
    ["missing.json", /^cannot read the configuration missing.json: .+/],
    ["list.json", "list.json must hold an object of settings, got [1]"],
    ["broken.json", /^cannot read the configuration broken.json: .+/],
    [
      "unknown.json",
      "in unknown.json: unknown setting bnd: did you mean bind?",
    ],
    ["type.json", 'in type.json: reload takes true or false, got "yes"'],
    ["text.json", "in text.json: bind takes a string or a number, got true"],
    [
      "value.json",
      'in value.json: --workers takes a whole number, 0 or more, got "many"',
    ],
    [
      "nothing.ts",
      "nothing.ts must hold an object of settings as its default export, got undefined",
    ],
    [
      "lines.json",
      cannot_read(
        "lines.json",
        `Unexpected token 'x', "{ "bind": x }" is not valid JSON`,
      ),
    ],
    ["path.json", 'in path.json: --pid takes a file, got ""'],
    ["tls.json", "--certfile needs --bind HOST:PORT, got unix:/x"],
    [
      "syntax.ts",
      cannot_read(
        "syntax.ts",
        `SyntaxError: Expression expected (at ${folder.url("syntax.ts")}:2:27)`,
      ),
    ],
    [
      "importer.ts",
      cannot_read(
        "importer.ts",
        `SyntaxError: Expression expected (at ${folder.url("syntax.ts")}:2:27)`,
      ),
    ],
    [
      "throws.ts",
      cannot_read(
        "throws.ts",
        `it threw RangeError: too far (at ${folder.url("throws.ts")}:1:7)`,
      ),
    ],
    ["null.ts", cannot_read("null.ts", "it threw null")],
    [
      "bigint.ts",
      "in bigint.ts: workers takes a string or a number, got 10n",
    ],
    [
      "circle.ts",
      "in circle.ts: bind takes a string or a number, got an object of class Object",
    ],
    [
      "function.ts",
      "in function.ts: bind takes a string or a number, got a function",
    ],
    [
      "only_bigint.ts",
      "only_bigint.ts must hold an object of settings as its default export, got 10n",
    ],
    [
      "getter.ts",
      cannot_read(
        "getter.ts",
        `it threw Error: dry (at Object.get bind (${
          folder.url("getter.ts")
        }:1:37))`,
      ),
    ],
    ["typo.ts", "in typo.ts: unknown setting wrkers: did you mean workers?"],
  ];
  for (const [name, message] of refused) {
    const { code, stdout, stderr } = await run(["-c", name], { cwd: path });
    assertEquals({ code, stdout }, { code: 2, stdout: "" }, name);
    const line = stderr.replace(/^error: /, "").replace(/\n$/, "");
    if (typeof message === "string") assertEquals(line, message);
    else assertMatch(line, message);
  }
});

Deno.test("a configuration may leave a setting undefined", async () => {
  const names = [...Object.keys(OPTIONS), "application"];
  const unset = names.map((name) => `${name}: undefined,`).join("\n");
  await using folder = await make_folder({
    "tsgi.ts": `export default {\n${unset}\n};`,
  });
  const { settings } = await parse_command(["-c", `${folder.path}/tsgi.ts`]);
  assertEquals(settings, DEFAULTS);
});

Deno.test("--print-config prints what --config takes", async () => {
  await using folder = await make_folder({});
  const args = ["app.ts", "--bind", ":1", "-w", "2", "--debug-anywhere"];
  const { code, stdout } = await run([...args, "--print-config"]);
  assertEquals(code, 0);
  await Deno.writeTextFile(`${folder.path}/c.json`, stdout);
  const printed = await parse_command(["-c", `${folder.path}/c.json`]);
  assertEquals(printed.settings, (await parse_command(args)).settings);
});
