/** The page of `--debug` in a browser. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { find_program, installed } from "../../fronts/fronts.ts";
import { text } from "../../support/support.ts";
import { serve_debug } from "./pages.ts";

/** The maximum time for the browser, in milliseconds; it needs far less. */
const DEADLINE = 60_000;

/** Loads a page in a browser; returns its document after loading, and a screenshot. */
async function browse(
  url: string,
): Promise<{ document: string; picture: Uint8Array<ArrayBuffer> }> {
  const folder = await Deno.makeTempDir();
  try {
    const child = new Deno.Command(find_program("chromium")!, {
      args: [
        ...["--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"],
        ...[`--user-data-dir=${folder}`, "--window-size=600,400"],
        ...[`--screenshot=${folder}/page.png`, url],
      ],
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const timer = setTimeout(() => child.kill("SIGKILL"), DEADLINE);
    const { success, stdout } = await child.output();
    clearTimeout(timer);
    assert(success, "the browser did not load the page");
    return {
      document: new TextDecoder().decode(stdout),
      picture: await Deno.readFile(`${folder}/page.png`),
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Red, green and blue of the first pixel of a PNG, which is the same with every filter. */
async function first_pixel(
  picture: Uint8Array<ArrayBuffer>,
): Promise<number[]> {
  const view = new DataView(picture.buffer);
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for (let at = 8; at < picture.length;) {
    const length = view.getUint32(at);
    const type = text(picture.subarray(at + 4, at + 8));
    if (type === "IDAT") parts.push(picture.subarray(at + 8, at + 8 + length));
    at += length + 12;
  }
  const data = new Blob(parts).stream()
    .pipeThrough(new DecompressionStream("deflate"));
  const bytes = new Uint8Array(await new Response(data).arrayBuffer());
  return Array.from(bytes.subarray(1, 4));
}

if (installed("chromium")) {
  Deno.test("a browser shows the page, escaped and styled, and runs only its script", async () => {
    await using server = serve_debug();
    const { document, picture } = await browse(`${server.url}/hostile?<b>`);
    const title = document.match(/<title>(.*)<\/title>/)?.[1];
    assertEquals(
      title,
      `Error: &lt;/title&gt;&lt;/style&gt;&lt;script&gt;alert("1")&lt;/script&gt;&lt;b onclick='x'&gt;&amp;`,
    );
    assertEquals(
      Array.from(document.matchAll(/<h[12]>.*<\/h[12]>/g), String),
      [
        "<h1>Error</h1>",
        "<h2>Query</h2>",
        "<h2>Headers</h2>",
        "<h2>Environ</h2>",
      ],
    );
    const tags = Array.from(
      document.matchAll(/<([a-z]\w*)/g),
      (match) => match[1]!,
    );
    assertEquals(Array.from(new Set(tags)).sort(), [
      ...["body", "button", "code", "details", "footer", "h1", "h2", "head"],
      ...["header", "html", "li", "main", "mark", "meta", "ol", "p", "pre"],
      ...["script", "section", "span"],
      ...[
        "style",
        "summary",
        "table",
        "tbody",
        "td",
        "th",
        "title",
        "tr",
        "ul",
      ],
    ]);
    assertStringIncludes(
      document,
      `<p class="message">&lt;/title&gt;&lt;/style&gt;&lt;script&gt;alert("1")&lt;/script&gt;&lt;b onclick='x'&gt;&amp;</p>`,
    );
    assertStringIncludes(document, "<header>GET /hostile?%3Cb%3E HTTP/1.1<");
    assertStringIncludes(
      document,
      "  const markup = `&lt;/title&gt;&lt;/style&gt;&lt;script&gt;",
    );
    // Shown by the page's own script.
    assertStringIncludes(
      document,
      `<button type="button">Copy as text</button>`,
    );
    // The bar at the top: the policy allows the style.
    assertEquals(await first_pixel(picture), [0xb3, 0x26, 0x1e]);
  });
}
