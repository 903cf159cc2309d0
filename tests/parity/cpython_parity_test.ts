/**
 * `make_server` beside CPython's own: the same requests, the same environ, the same answers, but for what the
 * table of differences says.
 */

import { assert, assertEquals, assertStringIncludes, fail } from "@std/assert";
import {
  type Difference,
  differences,
  differences_table,
  mended,
} from "./differences.ts";
import { generated } from "./generated.ts";
import { handwritten } from "./handwritten.ts";
import {
  type Deviation,
  deviations,
  type Observation,
  observe,
} from "./observation.ts";
import { type ParityRequest, wire } from "./request.ts";
import { has_python, start_ours, start_python } from "./servers.ts";
import { root } from "../support/support.ts";

const NO_PYTHON =
  "python3 3.9 or newer is needed to compare with wsgiref, and was not found";
const PYTHON = await has_python();
// Where the tests guard a merge, a comparison that did not take place must not look like one that did.
const REQUIRED = Deno.env.get("CI") === "true";
if (!PYTHON && !REQUIRED) console.warn(`${NO_PYTHON}: tests ignored`);

const SEED = 3333;
const GENERATED = 500;
/** How many requests are under way at the same time. */
const AT_ONCE = 8;

/** A request, and what the two servers made of it. */
interface Comparison {
  request: ParityRequest;
  python: Observation;
  ours: Observation;
}

Deno.test({
  name:
    "get_environ() and the answer are CPython's but for the known differences",
  ignore: !PYTHON && !REQUIRED,
  async fn(t) {
    if (!PYTHON) fail(NO_PYTHON);
    await using python = await start_python();
    await using ours = start_ours();
    const compare_all = (requests: ParityRequest[]) =>
      in_parallel(requests, async (request): Promise<Comparison> => {
        const [theirs, own] = await Promise.all([
          observe(python.port, request),
          observe(ours.port, request),
        ]);
        return { request, python: theirs, ours: own };
      });
    const comparable = handwritten.filter((request) =>
      is_comparable(request, python.version)
    );
    const comparisons = await compare_all(comparable);

    await t.step("get_environ() and the answer to requests by hand", () => {
      assert(handwritten.length >= 100);
      assert_same(comparisons);
    });

    await t.step(
      "get_environ() and the answer to random requests",
      async () => {
        const requests = generated(SEED, GENERATED);
        assert_same(
          await compare_all(
            requests.filter((request) =>
              is_comparable(request, python.version)
            ),
          ),
        );
      },
    );

    for (const row of differences) {
      await t.step(`differences has a row for ${row.what}`, () => {
        assert(comparisons.some((comparison) => needs(comparison, row)));
      });
    }
  },
});

Deno.test("docs/python.md has the table of differences", async () => {
  const page = await Deno.readTextFile(new URL("docs/python.md", root));
  assertStringIncludes(page, `\n\n${differences_table()}\n`);
});

Deno.test("differences_table() is as deno fmt has it", async () => {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--ext", "md", "-"],
    cwd: root,
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const table = differences_table();
  await ReadableStream.from([table])
    .pipeThrough(new TextEncoderStream())
    .pipeTo(child.stdin);
  const { stdout } = await child.output();
  assertEquals(new TextDecoder().decode(stdout), table);
});

/** Runs `work` for all `items`, a few at a time. The results are in the order of the items. */
async function in_parallel<Item, Result>(
  items: Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const entries = items.entries();
  async function take_turns() {
    for (const [i, item] of entries) results[i] = await work(item);
  }
  await Promise.all(Array.from({ length: AT_ONCE }, take_turns));
  return results;
}

/** Releases before these leave the slashes that a target starts with (gh-87389). */
const COLLAPSING: Record<string, number> = { "3.9": 14, "3.10": 6 };

function is_comparable(
  { target }: ParityRequest,
  [major, minor, micro]: number[],
): boolean {
  const since = COLLAPSING[`${major}.${minor}`] ?? 0;
  return !target.startsWith("//") || micro! >= since;
}

function unexplained(
  { request, python, ours }: Comparison,
  rows: readonly Difference[],
): Deviation[] {
  return deviations(mended(python, request, rows), ours);
}

/** Whether the comparison is only equal thanks to `row`. */
function needs(comparison: Comparison, row: Difference): boolean {
  const others = differences.filter((other) => other !== row);
  return unexplained(comparison, differences).length === 0 &&
    unexplained(comparison, others).length > 0;
}

function assert_same(comparisons: Comparison[]): void {
  const found = comparisons.flatMap((comparison) => {
    const different = unexplained(comparison, differences);
    return different.length > 0 ? [describe(comparison, different)] : [];
  });
  if (found.length === 0) return;
  const [some, all] = [found.length, comparisons.length];
  fail(
    `${some} of ${all} requests are not treated alike:\n${found.join("\n")}`,
  );
}

function describe({ request }: Comparison, different: Deviation[]): string {
  // An answer of another status has everything else different too.
  const telling = different[0]!.key === "status" ? [different[0]!] : different;
  return [
    clipped(request.script ? describe_script(request) : wire(request)),
    ...telling.map(({ key, python, ours }) =>
      `  ${key}: expected ${clipped(python)}, got ${clipped(ours)}`
    ),
  ].join("\n");
}

function describe_script({ method, script }: ParityRequest): string {
  return `${method} ${JSON.stringify(script)}`;
}

function clipped(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 300 ? `${text.slice(0, 300)}...` : text;
}
