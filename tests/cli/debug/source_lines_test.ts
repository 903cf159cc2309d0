/** The frames on the page of `--debug`, and their lines of source. */

import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { root } from "../../support/support.ts";
import {
  app_path,
  app_url,
  headlines,
  html_of,
  line_of,
  page_for,
  run_child,
  source,
  text_of,
} from "./pages.ts";

/** Lines of source in the format of the page of text. */
function excerpt(line: number, around: number): string {
  const first = line - around;
  const lines = source.slice(first - 1, line + around);
  const width = String(line + around).length;
  return lines.map((text, index) => {
    const here = first + index === line ? ">" : " ";
    const number = String(first + index).padStart(width);
    return `    ${here} ${number} | ${text}`.trimEnd() + "\n";
  }).join("");
}

Deno.test("frames of asynchronous functions show their source", async () => {
  const page = await page_for("/order");
  const order = line_of("thrown in order");
  const find = line_of("thrown in find");
  const awaited = line_of("awaited in order");
  assert(
    page.startsWith(
      `Error: nothing to sell
  at order (${app_path}:${order}:11)
${excerpt(order, 5)}  at async `,
    ),
    page,
  );
  assertStringIncludes(
    page,
    `\n\nCaused by: RangeError: there is no article 7
  at find (${app_path}:${find}:9)
${excerpt(find, 5)}  at async order (${app_path}:${awaited}:12)
${excerpt(awaited, 2)}  at async `,
  );
});

Deno.test("frames of generators and callbacks show their source", async () => {
  const blocks = line_of("thrown in blocks");
  assertStringIncludes(
    await page_for("/blocks"),
    ` (${app_path}:${blocks}:21)\n${
      excerpt(blocks, 5)
    }  at blocks.next (<anonymous>)\n`,
  );
  const [compare, sorted] = [line_of("thrown in compare"), line_of("sorted")];
  assertStringIncludes(
    await page_for("/sorted"),
    `Error: cannot compare 1 and 3
  at compare (${app_path}:${compare}:9)
${excerpt(compare, 5)}  at ${app_path}:${sorted}:35
${excerpt(sorted, 2)}  at Array.sort (<anonymous>)
  at `,
  );
});

Deno.test("the word at the position of a frame is marked", async () => {
  const page = await page_for("/sorted", "text/html");
  const compare = line_of("thrown in compare");
  const sorted = line_of("sorted");
  assertStringIncludes(
    page,
    `<details class="frame" open>
<summary><code>compare</code> <span class="place">${app_path}:${compare}:9</span></summary>
<ol start="${compare - 5}">
`,
  );
  assertStringIncludes(
    page,
    `<li class="here" aria-current="true">  throw <mark>new</mark> Error(\`cannot compare \${a} and \${b}\`); // thrown in compare</li>
`,
  );
  assertStringIncludes(
    page,
    `<summary><code>(anonymous)</code> <span class="place">${app_path}:${sorted}:35</span></summary>
<ol start="${sorted - 2}">
<li></li>
<li>function sorted(): number[] {</li>
<li class="here" aria-current="true">  return [3, 1, 2].sort((a, b) =&#62; <mark>compare</mark>(a, b)); // sorted</li>
<li>}</li>
<li></li>
</ol>
`,
  );
});

Deno.test("frames of the package and of Deno are folded if there are others", async () => {
  const page = await page_for("/sorted", "text/html");
  assertStringIncludes(
    page,
    `<details class="others">
<summary>1 frame of Deno</summary>
<ul>
<li><code>Array.sort</code> <span class="place">&#60;anonymous&#62;</span></li>
</ul>
</details>
`,
  );
  assertMatch(
    page,
    /<details class="others">\n<summary>\d frames of @tsgi\/serve<\/summary>\n<ul>\n<li><code>\S*\.#call<\/code> /,
  );
  // The first three are open, the fourth is not.
  const fail_line = line_of("called by the package");
  assertStringIncludes(
    page,
    `<details class="frame">
<summary><code>fail</code> <span class="place">${app_path}:${fail_line}:`,
  );
});

Deno.test("frames of the package are not folded if there are no others", () => {
  const error = new Error("x");
  const { href } = new URL("_internal/bag.ts", root);
  error.stack = `Error: x\n    at f (${href}:1:1)`;
  const breach = html_of(error);
  assertMatch(
    breach,
    /<details class="others" open>\n<summary>1 frame of @tsgi\/serve/,
  );
  assertEquals(breach.includes('class="frame"'), false);
});

/** The frames that the page shows for an error with these frames. */
function frames_shown(...frames: string[]): string {
  const error = new Error("x");
  error.stack = ["Error: x", ...frames.map((frame) => `    at ${frame}`)]
    .join("\n");
  return text_of(error).split("\n\nRequest")[0]!.replace("Error: x\n", "");
}

Deno.test("frames of libraries, data URLs and missing files show no source", () => {
  const places: [string, string][] = [
    ["f (https://example.com/a.ts:1:2)", "f (https://example.com/a.ts:1:2)"],
    ["async file:///gone/a%20b.ts:1:2", "async (/gone/a b.ts:1:2)"],
    ["file:///gone/x.ts?v=2#y:1:2", "/gone/x.ts:1:2"],
    ["file:///gone/%zz.ts:1:2", "file:///gone/%zz.ts:1:2"],
    ["f (file:///a(b)/x.ts:1:2)", "f (/a(b)/x.ts:1:2)"],
    ["async Promise.all (index 0)", "async Promise.all (index 0)"],
    ["new Promise (<anonymous>)", "new Promise (<anonymous>)"],
    ["Object.f [as g] (ext:a/b.js:1:2)", "Object.f [as g] (ext:a/b.js:1:2)"],
    [
      "eval (eval at f (file:///x.ts:1:2), <anonymous>:3:4)",
      "eval (eval at f (file:///x.ts:1:2), <anonymous>:3:4)",
    ],
    [
      `data:text/javascript,${"x".repeat(300)}:1:2`,
      `data:text/javascript,${"x".repeat(179)}…:1:2`,
    ],
    ["what", "what"],
    [`${app_url}:99999:1`, `${app_path}:99999:1`],
    [`${app_url}:0:1`, `${app_path}`],
  ];
  for (const [frame, shown] of places) {
    assertEquals(frames_shown(frame), `  at ${shown}`);
  }
});

Deno.test("the owner of a frame is known by its location", () => {
  const owners: [string, string][] = [
    [new URL("mod.ts", root).href, "@tsgi/serve"],
    [new URL("simple_server.ts", root).href, "@tsgi/serve"],
    [new URL("gateways/scgi.ts", root).href, "@tsgi/serve"],
    [new URL("_internal/x.ts", root).href, "@tsgi/serve"],
    ["https://jsr.io/@std/http/1.1.3/status.ts", "libraries"],
    ["file:///a/node_modules/hono/dist/hono.js", "libraries"],
    ["file:///c/npm/registry.npmjs.org/hono/4.6.1/dist/x.js", "libraries"],
    ["file:///c/npm/registry.npmjs.org/@a/b/4.6.1/dist/x.js", "libraries"],
    ["ext:core/01_core.js", "Deno"],
    ["node:internal/x", "Deno"],
    // The application's:
    ["file:///home/npm/app.ts", ""],
    [new URL("app.ts", root).href, ""],
    [new URL("examples/hello.ts", root).href, ""],
    ["data:text/javascript,x", ""],
  ];
  for (const [url, owner] of owners) {
    const error = new Error("x");
    error.stack = `Error: x\n    at f (${url}:100000:1)`;
    const page = html_of(error);
    const [, found = ""] = page.match(/<summary>1 frame of (.+)</) ?? [];
    assertEquals([url, found], [url, owner]);
    assertEquals(page.includes('<p class="frame">'), owner === "");
  }
});

Deno.test("a long line of source is cut to the part around the column", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/long.js`;
    const line = `${"a".repeat(1000)} throw_up() ${"b".repeat(1000)}`;
    await Deno.writeTextFile(path, `${"c".repeat(300)}\r\n${line}\r\n`);
    const error = new Error("x");
    error.stack = `Error: x\n    at f (file://${path}:2:1002)`;
    assertStringIncludes(
      text_of(error),
      `    > 2 | …${"a".repeat(59)} throw_up() ${"b".repeat(129)}…\n`,
    );
    const page = html_of(error);
    assertStringIncludes(page, `<li>${"c".repeat(200)}…</li>\n<li class`);
    assertStringIncludes(page, "a <mark>throw_up</mark>() b");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("an invalid stack is ignored", () => {
  for (const stack of [undefined, null, 42, {}, "", "\n\n", "nothing"]) {
    const error = new Error("x");
    error.stack = stack as never;
    assertEquals(headlines(error), ["Error: x"]);
  }
  const error = new Error("x");
  Object.defineProperty(error, "stack", {
    get() {
      throw new Error("trap");
    },
  });
  Object.defineProperty(error, "cause", {
    enumerable: true,
    get() {
      throw new Error("trap");
    },
  });
  assertEquals(headlines(error), ["Error: x"]);
});

Deno.test("no file is read for a message that looks like frames", () => {
  const fake = `no such file\n    at f (${app_url}:3:1)`;
  const error = new Error(fake);
  error.stack = `Error: ${fake}\n    at g (file:///gone.ts:1:2)`;
  assertEquals(
    headlines(error),
    [`Error: ${fake}\n  at g (/gone.ts:1:2)`],
  );
});

Deno.test("only modules are read, whatever the stack says", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const shown: string[] = [];
    for (const name of ["a.ts", "a.mjs", "a.tsx", "a.env", "a", "a.ts.txt"]) {
      await Deno.writeTextFile(`${folder}/${name}`, "content");
      const page = frames_shown(`file://${folder}/${name}:1:1`);
      if (page.includes("content")) shown.push(name);
    }
    await Deno.mkdir(`${folder}/b.ts`);
    frames_shown(`file://${folder}/b.ts:1:1`);
    assertEquals(shown, ["a.ts", "a.mjs", "a.tsx"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("source is shown only with permission to read it, which is never asked for", async () => {
  const line = line_of("thrown in order");
  const lines = `    > ${line} | ${source[line - 1]}\n`;
  const tests = new URL("tests/", root).pathname;
  const cases: [string[], boolean][] = [
    [[], false],
    [["--allow-read=/nowhere"], false],
    [[`--allow-read=${tests}`, `--deny-read=${app_url.pathname}`], false],
    [[`--allow-read=${tests}`], true],
  ];
  for (const [permissions, expected] of cases) {
    const { page, stderr } = await run_child(permissions, ["/order"]);
    assertEquals(stderr, "");
    assertStringIncludes(page, `${app_path}:${line}:11)\n`);
    assertEquals(page.includes(lines), expected, permissions.join(" "));
  }
});
