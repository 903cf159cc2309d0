/** What the compiler says to somebody whose program the types refuse. */

import { assertEquals } from "@std/assert";
import { root, text } from "../support/support.ts";

const url = new URL("tests/types/refused.ts", root);
const source = Deno.readTextFileSync(url);

/** The messages of `deno check`, their first lines, by the line of the program. */
async function messages_of(program: string): Promise<Record<number, string>> {
  const path = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(path, program);
    const { stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["check", "--config", new URL("deno.json", root).pathname, path],
      env: { NO_COLOR: "1" },
    }).output();
    const errors = text(stderr).matchAll(
      /^TS\d+ \[ERROR\]: (.*)\n[^]*?^ {4}at \S+:(\d+):\d+$/gm,
    );
    return Object.fromEntries(
      Array.from(errors, ([, message, line]) => [line!, message!]),
    );
  } finally {
    await Deno.remove(path);
  }
}

Deno.test("deno check says of each program in refused.ts what stands above it", async () => {
  const expected: Record<number, string> = {};
  source.split("\n").forEach((line, index) => {
    const [, message] = line.match(/@ts-expect-error (.+)/) ?? [];
    if (message !== undefined) expected[index + 2] = message;
  });
  const program = source
    .replaceAll("@ts-expect-error", "said:")
    .replaceAll(/(?<= from ")\.[^"]+/g, (path) => new URL(path, url).href);
  assertEquals(await messages_of(program), expected);
});
