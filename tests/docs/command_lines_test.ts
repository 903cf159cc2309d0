/** The command lines in the pages are understood by the command. */

import { assert } from "@std/assert";
import { parse_command } from "../../cli/settings/parse_options.ts";
import { make_folder } from "../support/command.ts";
import { all_files, read } from "../support/project.ts";

const pages = all_files.filter((path) => /^(README|docs\/.+)\.md$/.test(path));

/** The command lines in a page: the variables before them, and the arguments. */
function command_lines(
  page: string,
): { environ: Record<string, string>; args: string[] }[] {
  const shell = Array.from(
    read(page).matchAll(/^```sh\n([^]*?)^```$/gm),
    ([, code]) => code!.replaceAll("\\\n", ""),
  ).join("");
  const lines = shell
    .matchAll(/^(?:(\w+)="(.*)" )?deno run .*jsr:@tsgi\/serve\b([^#\n]*)/gm);
  return Array.from(lines, ([, name, value, rest]) => ({
    environ: name ? { [name]: value! } : {},
    args: rest!.trim().split(/\s+/).filter((word) => word !== ""),
  }));
}

/** The example of a configuration file, which a command line may name. */
function configuration(): string {
  const [, json] = read("docs/cli.md").match(
    /^```json\n([^]*?"bind"[^]*?)^```$/m,
  )!;
  return json!;
}

for (const page of pages.filter((page) => command_lines(page).length > 0)) {
  Deno.test(`${page} shows command lines that are understood`, async () => {
    await using folder = await make_folder({ "tsgi.json": configuration() });
    const file = `${folder.path}/tsgi.json`;
    for (const { environ, args } of command_lines(page)) {
      const here = args.map((arg) => arg === "tsgi.json" ? file : arg)
        .filter((arg) => !/^\[.*\]$/.test(arg)); // What stands for arguments.
      await parse_command(here, environ);
    }
  });
}

Deno.test("there are pages that show command lines", () => {
  const found = pages.filter((page) => command_lines(page).length > 0);
  for (const page of ["README.md", "docs/cli.md"]) assert(found.includes(page));
});
