/** How a request can end, at every door: what a fetch handler is told, and that its work goes on. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { installed } from "../../../fronts/fronts.ts";
import { markdown_table } from "../../../support/markdown.ts";
import { root } from "../../../support/support.ts";
import { type Case, cases } from "./cases.ts";
import { type EndsDoor, front_doors, own_doors } from "./doors.ts";
import { limits } from "./limits.ts";

/** How long is waited for what does not come, in milliseconds; what comes needs a part of it. */
const PATIENCE = 10_000;

/** Waits until the handler has noted all of that. */
async function noted(door: EndsDoor, key: string, expected: string[]) {
  const end = performance.now() + PATIENCE;
  const is_there = () => {
    const notes = door.notes(key);
    return expected.every((what) => notes.includes(what));
  };
  while (!is_there() && performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** Runs a case; gives the check of what was noted. */
async function run(
  door: EndsDoor,
  one: Case,
  expected: string[],
): Promise<() => void> {
  const key = crypto.randomUUID();
  const { method, response, watched, body } = one;
  const target = `/${response}/${key}${watched ? "?watched" : ""}`;
  const conversation = await door.start(key, { method, target, body });
  await one.act(conversation);
  await noted(door, key, ["begun", ...expected]);
  const check = () =>
    assertEquals(door.notes(key), ["begun", ...expected].sort());
  check();
  return check;
}

/** The errors in a log, without their stacks. */
function errors_of(log: string): string[] {
  return log.match(/\w*(?:Error|Aborted|Eof): .*/g) ?? [];
}

for (const [name, open] of Object.entries(own_doors)) test_door(name, open);
for (const [program, doors] of Object.entries(front_doors)) {
  if (!installed(program, "openssl")) continue;
  for (const [name, open] of Object.entries(doors)) test_door(name, open);
}

function test_door(name: string, open: () => Promise<EndsDoor>): void {
  Deno.test({
    name: `a fetch handler is told how its requests end, through ${name}`,
    sanitizeOps: false, // The command's limit of time keeps its timer.
    sanitizeResources: false,
    async fn(t) {
      const door = await open();
      const checks: (() => void)[] = [];
      for (const one of cases) {
        const limit = limits[name]?.[one.name];
        await t.step({
          name: limit ? `${one.name}: ${limit.reason}` : one.name,
          ignore: limit?.noted === null,
          fn: async () =>
            void checks.push(await run(door, one, limit?.noted ?? one.noted)),
        });
      }
      assertEquals(errors_of(door.log()), ["Error: the well is dry"]);
      await door[Symbol.asyncDispose]();
      for (const check of checks) check(); // Nothing has been noted twice.
    },
  });
}

/** The table of docs/fetch.md: what a handler is told in each case. */
function table(): string {
  const rows = cases.filter(({ is_documented }) => is_documented)
    .map(({ name, noted }) => [
      name,
      noted.includes("aborted") ? "is aborted" : "",
      noted.includes("cancelled") ? "is called once" : "",
      noted.includes("completed") ? "resolves" : "rejects",
    ]);
  const head = ["", "`request.signal`", "`cancel()` of the response's body"];
  return markdown_table([[...head, "`info.completed`"], ...rows]);
}

Deno.test("docs/fetch.md has the table of how requests end", () => {
  const page = Deno.readTextFileSync(new URL("docs/fetch.md", root));
  assertStringIncludes(page, table());
});
