/** docs/cli.md says of the command what is so: its options, its formats, its examples. */

import { assertEquals, assertThrows } from "@std/assert";
import { compile_format } from "../../cli/logs/access_format.ts";
import { OTHERS } from "../../cli/settings/help.ts";
import { flag_of, type Option, OPTIONS } from "../../cli/settings/options.ts";
import { parse_command } from "../../cli/settings/parse_options.ts";
import { UsageError } from "../../cli/settings/usage_error.ts";
import { make_folder } from "../support/command.ts";
import { markdown_table } from "../support/markdown.ts";
import { root } from "../support/support.ts";

const manual = Deno.readTextFileSync(new URL("docs/cli.md", root));

/** An option, and the group that it stands in. */
type Entry = [name: string, option: Omit<Option, "parse">];

/** Every option that the parser knows, in the order of `--help`. */
const entries: Entry[] = [
  ...Object.entries(OPTIONS),
  ...OTHERS.map(([name, option]): Entry => [
    name,
    { ...option, group: "Others" },
  ]),
];

/** How an option is written: `--bind ADDRESS`, `-b`. */
function written([name, { short, value }]: Entry): string {
  const long = `\`${flag_of(name)}${value ? ` ${value}` : ""}\``;
  return short ? `${long}, \`-${short}\`` : long;
}

/** A row for each option: how it is written, what it is when it is not said, and what `--help` says of it. */
function options_table(): string {
  const rows = entries.map((entry) => {
    const [, { default: fallback, help }] = entry;
    const value = fallback === undefined ? "" : `\`${fallback}\``;
    return [written(entry), value, help.replaceAll("*", "\\*")];
  });
  return markdown_table([["Option", "Default", "What it is"], ...rows]);
}

/** The part of the page under a heading of the second level. */
function part_of(heading: string): string {
  const [, part] = manual.split(`\n## ${heading}\n`);
  return part!.split("\n## ")[0]!;
}

/** The blocks of code in some language. */
function blocks(language: string, text = manual): string[] {
  const pattern = new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\`$`, "gm");
  return Array.from(text.matchAll(pattern), ([, code]) => code!);
}

/** The rows of the first table in a text, cell by cell, without its heading. */
function rows_of(text: string): string[][] {
  const [table] = text.match(/^\|.*\n(\|.*\n)+/m)!;
  return table.trim().split("\n").slice(2)
    .map((row) => row.split("|").slice(1, -1).map((cell) => cell.trim()));
}

Deno.test("docs/cli.md has a table of all options, as the parser has them", () => {
  const [table] = part_of("Options").match(/^\|.*\n(\|.*\n)+/m)!;
  assertEquals(table, options_table());
});

Deno.test("docs/cli.md tells of each option by itself, in the order of --help", () => {
  const groups = Map.groupBy(entries, ([, { group }]) => group);
  const expected = Array.from(groups, ([group, options]) => [
    `### ${group.replace(/ \(.*/, "")}`,
    ...options.map((option) => `#### ${written(option)}`),
  ]).flat();
  assertEquals(part_of("Options").match(/^###.*$/gm), expected);
});

Deno.test("docs/cli.md has a table of all atoms, as the parser has them", () => {
  const { message } = assertThrows(() => compile_format("%(?)s"), UsageError);
  const [, known] = message.match(/X is one of (.+?), and %%/)!;
  const atoms = rows_of(part_of("Log formats"))
    .map(([atom]) => atom!.match(/^`%\((.+)\)s`$/)?.[1]);
  assertEquals(atoms.sort(), known!.split(" ").sort());
});

Deno.test("docs/cli.md has the formats that have a name", () => {
  const [texts] = blocks("", part_of("Log formats"));
  const answered = {
    environ: { HTTP_REFERER: "r", HTTP_USER_AGENT: "a", REMOTE_ADDR: "h" },
    status: "200 OK",
    size: 1,
    headers: null,
    started: 0,
  };
  const names = ["common", "combined"];
  for (const [index, format] of texts!.trim().split("\n").entries()) {
    const [named, spelled] = [names[index]!, format]
      .map((format) => compile_format(format).line(answered))
      .map((line) => line.replace(/\[.+?\]/, ""));
    assertEquals(named, spelled);
  }
  const [json] = blocks("json", part_of("Log formats"));
  const line = compile_format("json").line(answered);
  assertEquals(Object.keys(JSON.parse(json!)), Object.keys(JSON.parse(line)));
});

Deno.test("docs/cli.md has configuration files that are ones", async () => {
  const part = part_of("The configuration file");
  const [json = ""] = blocks("json", part);
  const [module = ""] = blocks("ts ignore", part);
  const files = { "tsgi.json": json, "tsgi.ts": module };
  await using folder = await make_folder(files);
  for (const name of Object.keys(files)) {
    const { settings } = await parse_command(["-c", `${folder.path}/${name}`]);
    assertEquals(settings.application, "app.ts");
  }
});

Deno.test("docs/cli.md quotes examples/serve.ts", () => {
  const example = Deno.readTextFileSync(new URL("examples/serve.ts", root));
  const [code = ""] = blocks("ts ignore", part_of("In a program"));
  assertEquals([code !== "", example.includes(code)], [true, true]);
});
