/** docs/middleware.md has a row for each middleware. */

import { assertEquals } from "@std/assert";
import { root } from "../support/support.ts";

/** What `deno doc --json` says of something that is exported. */
interface Documented {
  name: string;
  declarations: {
    kind: string;
    def: { properties?: { name: string }[] };
  }[];
}

async function documented(): Promise<Documented[]> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--json", "middleware/mod.ts"],
    cwd: root,
  }).output();
  const { nodes } = JSON.parse(new TextDecoder().decode(stdout));
  const [{ symbols }] = Object.values(nodes) as [{ symbols: Documented[] }];
  return symbols;
}

Deno.test("docs/middleware.md has a table of every middleware with its options", async () => {
  const symbols = await documented();
  const options_of = (name: string): string[] => {
    const type = `${
      name.replace(/(?:^|_)(.)/g, (_, letter) => letter.toUpperCase())
    }Options`;
    const { declarations } = symbols.find(({ name }) => name === type)!;
    return declarations[0]!.def.properties!.map(({ name }) => name);
  };
  const expected = symbols
    .filter(({ declarations }) => declarations[0]!.kind === "function")
    .map(({ name }) => [name, ...options_of(name)]);
  assertEquals(expected.length > 5, true);

  const page = Deno.readTextFileSync(new URL("docs/middleware.md", root));
  const rows = Array.from(
    page.matchAll(/^\| (`.+?) +\| (`.+?) +\|/gm),
    ([, name, options]) =>
      Array.from(`${name} ${options}`.matchAll(/`(\w+)`/g), ([, it]) => it!),
  );
  assertEquals(rows, expected);
});
