/** The error page of `--debug`: what it shows, what it keeps to itself, how it looks to a browser. */

import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { debug_handler, is_loopback } from "../../../cli/debug/debug_page.ts";
import { BaseCGIHandler } from "../../../handlers.ts";
import { ServerHandler, WSGIRequestHandler } from "../../../simple_server.ts";
import type { HeaderList, WSGIEnvironment } from "../../../types.ts";
import fail from "./debug_page_app.ts";
import { find_program, installed } from "../../fronts/fronts.ts";
import {
  ask,
  open_gateway,
  protocols,
} from "../../gateways/gateway_clients.ts";
import {
  Log,
  root,
  run_app,
  serve,
  Sink,
  stream_of,
  text,
  until,
} from "../../support/support.ts";

const FOOTNOTE = "This page is shown because of --debug, by @tsgi/serve 0.1.0" +
  ` on Deno ${Deno.version.deno}. ******** stands for what may be secret.`;

const MASK = "********";

const DebugHandler = debug_handler(BaseCGIHandler);

/** What `error_output` gives. */
interface Output {
  status: string;
  headers: Record<string, string>;
  exc_info: unknown;
  body: string;
  log: string;
}

/** Has `error_output` answer an error, for a request with these variables. */
function output_of(
  error: unknown,
  environ: Record<string, unknown> = {},
  adapt: (handler: BaseCGIHandler) => void = () => {},
): Output {
  const log = new Log();
  const handler = new DebugHandler(stream_of(), new Sink(), log, {});
  handler.exc_info = error;
  handler.os_environ = {};
  adapt(handler);
  const calls: [string, HeaderList, unknown][] = [];
  const result = handler.error_output(
    environ as WSGIEnvironment,
    (...call) => {
      calls.push(call as [string, HeaderList, unknown]);
      return async () => {};
    },
  );
  assertEquals(calls.length, 1);
  const [[status, headers, exc_info]] = calls as [typeof calls[0]];
  const [body] = result as Uint8Array[];
  return {
    status,
    headers: Object.fromEntries(headers),
    exc_info,
    body: new TextDecoder().decode(body),
    log: log.text,
  };
}

/** The page as text. */
function text_of(
  error: unknown,
  environ: Record<string, unknown> = {},
): string {
  return output_of(error, environ).body;
}

/** The page as HTML. */
function html_of(
  error: unknown,
  environ: Record<string, unknown> = {},
): string {
  return output_of(error, { ...environ, HTTP_ACCEPT: "text/html" }).body;
}

/** An error without frames. */
function bare(message: string, options?: ErrorOptions): Error {
  const error = new Error(message, options);
  error.stack = "";
  return error;
}

/** What the page shows of the environ: its lines by their names. */
function shown_environ(page: string): Record<string, string> {
  const [, lines = ""] = page.match(/^Request: .*\n\n([^]*?)\n\n/m) ?? [];
  return Object.fromEntries(
    lines.split("\n").map((line) => line.split(" = ", 2)),
  );
}

// The page as a whole

Deno.test("error_output() gives a page of text, status 500, with the error", () => {
  const error = Object.assign(bare("no luck"), { code: "E_LUCK" });
  const output = output_of(error, {
    REQUEST_METHOD: "POST",
    REQUEST_URI: "/a%20b?c=d",
    PATH_INFO: "/a b",
    SERVER_PROTOCOL: "HTTP/1.1",
    HTTP_X_NAME: "Andr\u00c3\u00a9",
    HTTP_X_LATIN: "Andr\u00e9",
    "wsgi.version": [1, 0],
  });
  assertEquals(output.status, "500 Internal Server Error");
  assert(output.exc_info === error);
  assertEquals(output.log, "");
  const policy = output.headers["Content-Security-Policy"]!;
  assertEquals(output.headers, {
    "Content-Type": "text/plain; charset=utf-8",
    "Cache-Control": "no-store",
    "Content-Security-Policy": policy,
    "X-Content-Type-Options": "nosniff",
  });
  assertEquals(
    output.body,
    `Error: no luck
  code = 'E_LUCK'

Request: POST /a%20b?c=d HTTP/1.1

HTTP_X_LATIN = 'Andr\u00e9'
HTTP_X_NAME = 'Andr\u00e9'
PATH_INFO = '/a b'
REQUEST_METHOD = 'POST'
REQUEST_URI = '/a%20b?c=d'
SERVER_PROTOCOL = 'HTTP/1.1'
wsgi.version = [ 1, 0 ]

${FOOTNOTE}
`,
  );
});

Deno.test("error_output() gives a page of HTML that fetches nothing and runs no script", () => {
  const error = Object.assign(bare("no luck"), { code: 7 });
  const { headers, body } = output_of(error, {
    HTTP_ACCEPT: "text/html",
    PATH_INFO: "/x",
    REQUEST_METHOD: "GET",
  });
  assertEquals(headers["Content-Type"], "text/html; charset=utf-8");
  assertEquals(headers["Cache-Control"], "no-store");
  const [, nonce = "", style = ""] =
    body.match(/<style nonce="([0-9a-f-]{36})">([^<]+)<\/style>/) ?? [];
  assertEquals(
    headers["Content-Security-Policy"],
    `default-src 'none'; style-src 'nonce-${nonce}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  );
  assertEquals(/url\(|@import/.test(style), false);
  assertEquals(
    body.replace(nonce, "NONCE").replace(style, "STYLE"),
    `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Error: no luck</title>
<style nonce="NONCE">STYLE</style>
</head>
<body>
<header>GET /x -</header>
<main>
<section class="depth-0">
<h1>Error</h1>
<p class="message">no luck</p>
<table>
<tr><th scope="row">code</th><td>7</td></tr>
</table>
</section>
<section>
<h2>Request</h2>
<table>
<tr><th scope="row">HTTP_ACCEPT</th><td>&#39;text/html&#39;</td></tr>
<tr><th scope="row">PATH_INFO</th><td>&#39;/x&#39;</td></tr>
<tr><th scope="row">REQUEST_METHOD</th><td>&#39;GET&#39;</td></tr>
</table>
</section>
</main>
<footer>${FOOTNOTE}</footer>
</body>
</html>
`,
  );
});

Deno.test("each page has a nonce of its own", () => {
  const [one, two] = [output_of(bare("")), output_of(bare(""))];
  const name = "Content-Security-Policy";
  assert(one.headers[name] !== two.headers[name]);
});

Deno.test("the page is HTML only where Accept names it, and no text before it", () => {
  const expected: [string | undefined, "html" | "plain"][] = [
    [undefined, "plain"],
    ["", "plain"],
    ["*/*", "plain"], // curl
    ["text/*", "plain"],
    ["application/json", "plain"],
    ["text/html", "html"],
    ["TEXT/HTML", "html"],
    ["text/html;charset=utf-8", "html"],
    [
      "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8",
      "html",
    ],
    ["application/xml, text/html ; q=0.1", "html"],
    ["text/html;q=0", "plain"],
    ["text/html; q=0.000, */*", "plain"],
    ["text/html;q=what", "plain"],
    ["text/html, text/plain", "html"],
    ["text/html;q=0.5, text/plain", "plain"],
    ["text/html;q=0.5, text/plain;q=0.4", "html"],
    ["text/htmlx", "plain"],
  ];
  for (const [accept, form] of expected) {
    const environ = accept === undefined ? {} : { HTTP_ACCEPT: accept };
    const { headers, body } = output_of(bare("x"), environ);
    const type = headers["Content-Type"];
    assertEquals([accept, type], [accept, `text/${form}; charset=utf-8`]);
    assertEquals(body.startsWith("<!doctype html>"), form === "html");
  }
});

// Through handlers and servers

Deno.test("debug_handler() extends a handler, whose log stays as it is", async () => {
  const { handler, output, errors } = await run_app(fail, {
    environ: { PATH_INFO: "/order" },
    handler_class: DebugHandler,
  });
  assert(handler instanceof BaseCGIHandler);
  const page = output.slice(output.indexOf("\r\n\r\n") + 4);
  assertMatch(output, /^Status: 500 Internal Server Error\r\nContent-Type: /);
  assertStringIncludes(output, `\r\nContent-Length: ${page.length}\r\n`);
  assertStringIncludes(page, "Error: nothing to sell\n  at order (");
  assertEquals(errors.match(/Error: nothing to sell/g)?.length, 1);
});

Deno.test("the servers behind a web server show the page, without the variables of the process", async () => {
  for (const protocol of protocols) {
    await using gateway = await open_gateway(protocol, fail);
    const { server } = gateway;
    server.handler_class = debug_handler(server.handler_class);
    const { text } = await ask(protocol, server, {
      PATH_INFO: "/order",
      HTTP_ACCEPT: "text/plain",
      MY_VARIABLE: "mine",
    });
    assertMatch(
      text,
      /^500 Internal Server Error\r\nContent-Type: text\/plain/,
    );
    const page = text.slice(text.indexOf("\r\n\r\n") + 4);
    assertStringIncludes(page, "Error: nothing to sell\n  at order (");
    const names = Object.keys(shown_environ(page));
    assertEquals(names.filter((name) => !/^(wsgi\.|SCGI$)/.test(name)), [
      ...["CONTENT_LENGTH", "HTTP_ACCEPT", "MY_VARIABLE", "PATH_INFO"],
      ...["QUERY_STRING", "REQUEST_METHOD", "SCRIPT_NAME"],
      ...["SERVER_NAME", "SERVER_PORT", "SERVER_PROTOCOL"],
    ]);
    assertMatch(page, / Left out: \d+ variables? of the server's process\.\n$/);
  }
});

/** Serves the application by a `ServerHandler` with the page. */
function serve_debug() {
  class Handler extends WSGIRequestHandler {
    override handler_class = debug_handler(ServerHandler);
  }
  return serve(fail, Handler);
}

const ACCEPT_HTML = { accept: "text/html" };

async function get_html(url: string): Promise<string> {
  const response = await fetch(url, { headers: ACCEPT_HTML });
  assertEquals(response.status, 500);
  return await response.text();
}

Deno.test("a server shows the page, and leaves it out for HEAD", async () => {
  await using server = serve_debug();
  const url = `${server.url}/order?x=1`;
  const page = await get_html(url);
  assertStringIncludes(page, "<header>GET /order?x=1 HTTP/1.1</header>\n");
  assertStringIncludes(
    page,
    `<h1>Error</h1>\n<p class="message">nothing to sell</p>`,
  );
  const head = await fetch(url, { headers: ACCEPT_HTML, method: "HEAD" });
  assertEquals(head.status, 500);
  assertEquals(head.headers.get("content-type"), "text/html; charset=utf-8");
  assertEquals(await head.text(), "");
  await until(() => server.log.text.includes("HEAD"));
  assertStringIncludes(
    server.log.text,
    `"GET /order?x=1 HTTP/1.1" 500 ${new TextEncoder().encode(page).length}\n`,
  );
});

Deno.test("a page that cannot be made is logged, and the fixed one answers", () => {
  const { status, headers, exc_info, body, log } = output_of(
    "thrown",
    { HTTP_ACCEPT: "text/html", X: "y" },
    (handler) => handler.os_environ = null as never,
  );
  assertEquals(status, "500 Internal Server Error");
  assertEquals(headers, { "Content-Type": "text/plain" });
  assertEquals(exc_info, "thrown");
  assertEquals(
    body,
    "A server error occurred.  Please contact the administrator.",
  );
  assertMatch(log, /^TypeError: .+\n +at is_of_process /);
});

Deno.test("the page is made without an environ as well", () => {
  const { body } = output_of(bare("early"), null as never);
  assertEquals(
    body,
    `Error: early\n\nRequest: -  -\n\n\n\n${FOOTNOTE}\n`,
  );
});

Deno.test("a handler shows the page for an error that not even its stack can be read of", async () => {
  const error = new Error("unreadable");
  Object.defineProperty(error, "stack", {
    get() {
      throw new Error("trap");
    },
  });
  const { output } = await run_app(() => {
    throw error;
  }, { handler_class: DebugHandler });
  assertStringIncludes(output, "\r\n\r\nError: unreadable\n");
});

// Escaping

Deno.test("nothing that was thrown or sent becomes markup", () => {
  const markup = `</title><script>alert("1")</script><b a='x'>&amp;`;
  const escaped =
    "&#60;/title&#62;&#60;script&#62;alert(&#34;1&#34;)&#60;/script&#62;&#60;b a=&#39;x&#39;&#62;&#38;amp;";
  const named = bare("");
  named.name = markup;
  const cases: [unknown, Record<string, unknown>, string][] = [
    [bare(markup), {}, `<p class="message">${escaped}</p>`],
    [named, {}, `<h1>${escaped}</h1>`],
    [markup, {}, `<p class="message">${escaped}</p>`],
    [bare("", { cause: bare(markup) }), {}, `class="message">${escaped}</p>`],
    [
      Object.assign(bare(""), { [markup]: 1 }),
      {},
      `<th scope="row">${escaped}</th><td>1</td>`,
    ],
    [bare(""), { REQUEST_URI: markup }, `<header>- ${escaped} -</header>`],
    [bare(""), { HTTP_X: [markup] }, "&#60;script&#62;"],
    [bare(""), { [markup]: "1" }, `${escaped}</th><td>&#39;1&#39;</td>`],
    [
      bare(""),
      { PATH_INFO: "<script>'&" },
      `<td>&#34;&#60;script&#62;&#39;&#38;&#34;</td>`,
    ],
    [
      Object.assign(bare(""), {
        stack: `Error\n    at <script> (file:///<script>"'&.ts:1:2)`,
      }),
      {},
      "<code>&#60;script&#62;</code>" +
      ` <span class="place">/&#60;script&#62;&#34;&#39;&#38;.ts:1:2</span>`,
    ],
  ];
  for (const [error, environ, fragment] of cases) {
    const page = html_of(error, environ);
    assertStringIncludes(page, fragment);
    assertEquals(/<script|<b /.test(page), false, page);
    assertEquals(page.split("</title>").length, 2, page);
  }
});

Deno.test("what a terminal obeys does not get into either page", () => {
  const error = bare("\x1b[31mred\x1b[0m \x07\x9b \u202eback\tand\nforth");
  const environ = { HTTP_X: "\x1b[2J", HTTP_Y: "\u00e2\u0080\u00ae" };
  const page = text_of(error, environ);
  assertEquals(
    page.split("\n\nRequest")[0],
    "Error: red \\u{7}\\u{9b} \\u{202e}back\tand\nforth",
  );
  assertEquals(shown_environ(page), {
    HTTP_X: "'\\x1b[2J'",
    HTTP_Y: "'\\u{202e}'",
  });
  assertStringIncludes(
    html_of(error),
    `<p class="message long">red \\u{7}\\u{9b} \\u{202e}back\tand\nforth</p>`,
  );
});

Deno.test("what is long is shortened", () => {
  const error = Object.assign(bare("m".repeat(5000)), {
    detail: "d".repeat(400),
  });
  const page = text_of(error, { HTTP_X: "x".repeat(2000) });
  const [first, second] = page.split("\n");
  assertEquals(first, `Error: ${"m".repeat(4000)}…`);
  assertEquals(second, `  detail = '${"d".repeat(300)}…'`);
  assertEquals(shown_environ(page), { HTTP_X: `'${"x".repeat(1000)}…'` });
});

// Errors and what belongs to them

/** The lines that begin an error, in the page as text. */
function headlines(error: unknown): string[] {
  return text_of(error).split("\n\nRequest: ")[0]!.split("\n\n");
}

Deno.test("the chain of causes is shown, and a loop of it once", () => {
  const last = bare("three", { cause: "four" });
  const first = bare("one", { cause: new TypeError("two", { cause: last }) });
  (first.cause as Error).stack = "";
  assertEquals(headlines(first), [
    "Error: one",
    "Caused by: TypeError: two",
    "Caused by: Error: three",
    "Caused by: Not an error, but a string: four",
  ]);
  last.cause = first;
  assertEquals(headlines(first), [
    "Error: one",
    "Caused by: TypeError: two",
    "Caused by: Error: three",
  ]);
});

Deno.test("the errors of an AggregateError are shown, each with its causes", () => {
  const inner = bare("inner", { cause: bare("why") });
  const error = new AggregateError([inner, 0, 0], "all", {
    cause: bare("cause"),
  });
  error.stack = "";
  assertEquals(headlines(error), [
    "AggregateError: all",
    "    Error 1 of 3: Error: inner",
    "    Caused by: Error: why",
    "    Error 2 of 3: Not an error, but a number: 0",
    "    Error 3 of 3: Not an error, but a number: 0",
    "Caused by: Error: cause",
  ]);
  assertStringIncludes(
    html_of(error),
    `<section class="depth-1">\n<h2>Error 1 of 3: <span>Error</span></h2>`,
  );
});

Deno.test("both errors of a SuppressedError are shown", () => {
  const error = new SuppressedError(bare("late"), bare("early"), "both");
  error.stack = "";
  assertEquals(headlines(error), [
    "SuppressedError: both",
    "    While something was disposed of: Error: late",
    "    Before that: Error: early",
  ]);
});

Deno.test("no more than twenty errors are shown", () => {
  const many = Array.from({ length: 100 }, (_, i) => bare(`${i}`));
  const error = new AggregateError(many, "many");
  error.stack = "";
  const shown = headlines(error);
  assertEquals(shown.length, 20);
  assertEquals(shown.at(-1), "    Error 19 of 100: Error: 18");
});

Deno.test("an error without a name of its own has that of its class", () => {
  class OutOfStock extends Error {}
  const error = new OutOfStock("x");
  error.stack = "";
  assertEquals(headlines(error), ["OutOfStock: x"]);
  error.name = "SoldOut";
  assertEquals(headlines(error), ["SoldOut: x"]);
  error.name = 7 as never;
  assertEquals(headlines(error), ["OutOfStock: x"]);
});

Deno.test("what is thrown need not be an error", () => {
  const unreadable = new Proxy({}, {
    get() {
      throw new Error("trap");
    },
    getPrototypeOf() {
      throw new Error("trap");
    },
    ownKeys() {
      throw new Error("trap");
    },
  });
  const expected: [unknown, string][] = [
    ["boom", "a string: boom"],
    ["", "a string: "],
    [42, "a number: 42"],
    [null, "null: null"],
    [undefined, "undefined: undefined"],
    [Symbol("s"), "a symbol: Symbol(s)"],
    [{ status: 404 }, "an object of class Object: { status: 404 }"],
    [{ message: "m" }, 'an object of class Object: { message: "m" }'],
    [[1, 2], "an array of 2: [ 1, 2 ]"],
    [() => 1, "a function: [Function (anonymous)]"],
  ];
  for (const [value, words] of expected) {
    assertEquals(headlines(value), [`Not an error, but ${words}`]);
  }
  assertMatch(headlines(unreadable)[0]!, /^Not an error, but an object/);
});

// Frames

const app_url = new URL("tests/cli/debug/debug_page_app.ts", root);
const source = Deno.readTextFileSync(app_url).split("\n");

/** The number of the line that ends in a comment. */
function line_of(comment: string): number {
  const index = source.findIndex((line) => line.endsWith(`// ${comment}`));
  assert(index >= 0, comment);
  return index + 1;
}

/** The path of a file as the page shows it. */
function shown_path(url: URL): string {
  const path = url.pathname;
  const folder = `${Deno.cwd()}/`;
  return path.startsWith(folder) ? path.slice(folder.length) : path;
}

const app_path = shown_path(app_url);

/** The page for a path of the application, as a client gets it. */
async function page_for(path: string, accept = "*/*"): Promise<string> {
  const { output } = await run_app(fail, {
    environ: { PATH_INFO: path, HTTP_ACCEPT: accept },
    handler_class: DebugHandler,
  });
  return output.slice(output.indexOf("\r\n\r\n") + 4);
}

/** Source lines as the page of text has them. */
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

Deno.test("frames of asynchronous functions have their lines of source", async () => {
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

Deno.test("frames of a generator and of a callback have their lines of source", async () => {
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

Deno.test("the word that a frame points at is marked", async () => {
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

Deno.test("frames of the package and of Deno are folded, where there are others", async () => {
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

Deno.test("frames of the package are not folded where there are no others", async () => {
  await using server = serve_debug();
  const breach = await get_html(`${server.url}/string`);
  assertMatch(
    breach,
    /<details class="others" open>\n<summary>\d+ frames of @tsgi\/serve/,
  );
  assertEquals(breach.includes('class="frame"'), false);
});

/** An error with these frames, and what the page shows of them. */
function frames_shown(...frames: string[]): string {
  const error = new Error("x");
  error.stack = ["Error: x", ...frames.map((frame) => `    at ${frame}`)]
    .join("\n");
  return text_of(error).split("\n\nRequest")[0]!.replace("Error: x\n", "");
}

Deno.test("frames of libraries, of data and of what is gone have no source", () => {
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

Deno.test("whose code a frame is of is known by its place", () => {
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

Deno.test("a long line of source is cut around its column", async () => {
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

Deno.test("a stack that is none does not matter", () => {
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

Deno.test("a message that looks like frames has no file read", () => {
  const fake = `no such file\n    at f (${app_url}:3:1)`;
  const error = new Error(fake);
  error.stack = `Error: ${fake}\n    at g (file:///gone.ts:1:2)`;
  assertEquals(
    headlines(error),
    [`Error: ${fake}\n  at g (/gone.ts:1:2)`],
  );
});

Deno.test("nothing but modules is read, whatever the stack says", async () => {
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

/** Runs the application as a script with these permissions, for a path. */
async function run_child(
  permissions: string[],
  args: string[],
  env: Record<string, string> = {},
): Promise<{ page: string; stderr: string }> {
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-lock",
      "--quiet",
      ...permissions,
      app_url.href,
      ...args,
    ],
    cwd: root,
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
  }).output();
  const output = text(stdout);
  const page = output.slice(output.indexOf("\r\n\r\n") + 4);
  return { page, stderr: text(stderr) };
}

Deno.test("sources are shown as far as the process may read them, and it never asks", async () => {
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

// Secrets

Deno.test("a variable is masked by its name", () => {
  const secret = [
    ...["PASSWORD", "DB_PASSWORD", "db_passwd", "mysql_pwd", "SECRET_KEY_BASE"],
    ...["API_KEY", "apiKey", "HTTP_X_API_KEY", "GITHUB_TOKEN", "csrfToken"],
    ...["HTTP_AUTHORIZATION", "HTTP_PROXY_AUTHORIZATION", "HTTP_COOKIE"],
    ...["REDIRECT_HTTP_AUTHORIZATION", "HTTP_X_XSRF", "my.session"],
    ...["SSL_SESSION_ID", "aws_credentials", "PRIVATE_PEM", "SENTRY_DSN"],
    ...["DATABASE_URL", "CONNECTION_STRING", "JWT", "SIGNATURE", "salt"],
  ];
  const plain = ["AUTH_TYPE", "HTTP_HOST", "PWD", "REMOTE_USER", "USER_NAME"];
  const names = [...secret, ...plain];
  const environ = Object.fromEntries(names.map((name) => [name, "value"]));
  const shown = shown_environ(text_of(bare("x"), { ...environ, TOKEN: "" }));
  for (const name of secret) assertEquals([name, shown[name]], [name, MASK]);
  for (const name of plain) {
    assertEquals([name, shown[name]], [name, "'value'"]);
  }
  assertEquals(shown.TOKEN, "''");
  const page = html_of(bare("x"), { A_TOKEN: { value: "abc" } });
  assertStringIncludes(
    page,
    `<tr><th scope="row">A_TOKEN</th><td class="masked">${MASK}</td></tr>`,
  );
});

Deno.test("a secret is masked inside values, messages and source", () => {
  const cases: [unknown, string][] = [
    ["postgres://me:pw@db:1/x?a=@", `postgres://${MASK}@db:1/x?a=@`],
    ["redis://:pw@db, http://t0ken@h", `redis://${MASK}@db, http://${MASK}@h`],
    ["http://h/a@b mailto:me@h", "http://h/a@b mailto:me@h"],
    ["a=1&token=abc&b=2&api_key=x", `a=1&token=${MASK}&b=2&api_key=${MASK}`],
    ["host=db password=pw;x=y", `host=db password=${MASK};x=y`],
    ['{"password":"p\\"w","n":1}', `{"password":${MASK},"n":1}`],
    ["Password: 'pw'", `Password: ${MASK}`],
    ["pin = 1, secret = 1234", `pin = 1, secret = ${MASK}`],
    ['if (token !== "x")', `if (token !== ${MASK})`],
    ['["X-Api-Key", "x"], ["A", "x"]', `["X-Api-Key", ${MASK}], ["A", "x"]`],
    ["a keyboard = b, monkeys", "a keyboard = b, monkeys"],
  ];
  for (const [text, masked] of cases) {
    assertEquals(headlines(bare(String(text))), [`Error: ${masked}`]);
  }
  const inside = {
    "app.config": { user: "u", password: "pw", db: { url: "a://b:c@d" } },
    "app.map": new Map([["api_key", "x"]]),
    "app.headers": new globalThis.Headers({ authorization: "Bearer abc" }),
  };
  assertEquals(shown_environ(text_of(bare("x"), inside)), {
    "app.config":
      `{ user: "u", password: ${MASK}, db: { url: "a://${MASK}@d" } }`,
    "app.map": `Map(1) { "api_key" => ${MASK} }`,
    "app.headers": `Headers { authorization: ${MASK} }`,
  });
});

Deno.test("the secrets of the request are masked wherever they appear", () => {
  const environ = {
    HTTP_COOKIE: 'a=short; sid="0123456789"; b=abcdefgh=',
    HTTP_AUTHORIZATION: `Basic ${btoa("joe:opensesame")}`,
    HTTP_X_TOKEN: "tok\u00c3\u00a9n-value",
    HTTP_X_COPY: "<0123456789>",
    "app.copy": ["opensesame"],
  };
  const message = "0123456789 abcdefgh= opensesame tokén-value " +
    btoa("joe:opensesame");
  const page = text_of(bare(`${message} a=short`), environ);
  assertEquals(
    page.split("\n")[0],
    `Error: ${Array(5).fill(MASK).join(" ")} a=short`,
  );
  assertEquals(shown_environ(page), {
    HTTP_AUTHORIZATION: MASK,
    HTTP_COOKIE: MASK,
    HTTP_X_COPY: `'<${MASK}>'`,
    HTTP_X_TOKEN: MASK,
    "app.copy": `[ "${MASK}" ]`,
  });
});

Deno.test("a secret in the request line is masked", () => {
  const environ = {
    REQUEST_METHOD: "GET",
    REQUEST_URI: "/x?token=abc&a=b",
    QUERY_STRING: "token=abc&a=b",
  };
  const page = text_of(bare("x"), environ);
  assertStringIncludes(page, `\nRequest: GET /x?token=${MASK}&a=b -\n`);
  assertEquals(shown_environ(page), {
    QUERY_STRING: `'token=${MASK}&a=b'`,
    REQUEST_METHOD: "'GET'",
    REQUEST_URI: `'/x?token=${MASK}&a=b'`,
  });
});

Deno.test("a literal that is secret is masked in the source", async () => {
  const page = await page_for("/log_in");
  assertStringIncludes(page, ` | const password = ${MASK};\n`);
  // The message has it without its name.
  assertStringIncludes(page, "Error: wrong: hunter2\n");
});

Deno.test("variables of the process are left out, and its secrets masked", async () => {
  const variables = {
    SOME_FOLDER: "/home/me",
    DB_PASSWORD: "opensesame",
    HTTP_PROXY: "http://me:pw@proxy",
  };
  const { page, stderr } = await run_child(
    ["--allow-env"],
    ["/environment"],
    variables,
  );
  assertEquals(stderr, "");
  assert(page.startsWith(`Error: cannot reach ${MASK}\n`), page);
  assertEquals(
    Object.keys(shown_environ(page)).filter((name) => !/^wsgi\./.test(name)),
    ["PATH_INFO", "REQUEST_METHOD"],
  );
  assertEquals(/me@|SOME_FOLDER|opensesame|proxy/.test(page), false);
  assertMatch(
    page,
    / Left out: \d+ variables of the server's process\.\n$/,
  );
});

Deno.test("a CGI script shows the variables of its request, and no others", async () => {
  const { page } = await run_child(["--allow-env"], ["/environment", "cgi"], {
    SOME_FOLDER: "/home/me",
    DB_PASSWORD: "opensesame",
    GATEWAY_INTERFACE: "CGI/1.1",
    HTTP_COOKIE: "sid=0123456789",
    HTTP_USER_AGENT: "me",
    PATH_INFO: "/environment",
    REQUEST_METHOD: "GET",
    SCRIPT_NAME: "/x.cgi",
  });
  const shown = Object.entries(shown_environ(page))
    .filter(([name]) => !/^wsgi\./.test(name));
  assertEquals(Object.fromEntries(shown), {
    GATEWAY_INTERFACE: "'CGI/1.1'",
    HTTP_COOKIE: MASK,
    HTTP_USER_AGENT: "'me'",
    PATH_INFO: "'/environment'",
    REQUEST_METHOD: "'GET'",
    SCRIPT_NAME: "'/x.cgi'",
  });
});

Deno.test("the page is made in a time that grows with the request and no faster", () => {
  const parts = ["KEY", "key=", "key='", 'key="', "key   ", "://", "://a@"];
  for (const part of [...parts, '"', '\\"', "key,'", "-", "\n", "   at f ("]) {
    const long = part.repeat(50_000 / part.length);
    const error = new Error(long);
    error.stack = `${error.stack}`;
    // What takes longer than a test may is found by the test never ending.
    assert(html_of(error, { HTTP_X: long }).length < 100_000);
  }
});

// Where it may be shown

Deno.test("is_loopback() knows the addresses that only this machine reaches", () => {
  const inside = ["127.0.0.1", "127.1.2.3", "::ffff:127.0.0.1", "localhost"];
  for (
    const host of [...inside, "::1", "[::1]", "0:0:0:0:0:0:0:1", "LOCALHOST"]
  ) {
    assertEquals([host, is_loopback([host, 8000])], [host, true]);
  }
  const outside = ["", "0.0.0.0", "::", "[::]", "192.168.0.1", "example.com"];
  const alike = [
    "127.0.0.1.example.com",
    "localhost.example.com",
    "1127.0.0.1",
  ];
  for (
    const host of [...outside, ...alike, "::ffff:c000:201", "a b", "fe80::1"]
  ) {
    assertEquals([host, is_loopback([host, 8000])], [host, false]);
  }
  assertEquals(is_loopback("/run/app.sock"), false);
});

// In a browser

/** How long the browser may take, in milliseconds; it needs a part of that. */
const DEADLINE = 60_000;

/** What a browser makes of a page: its document, as it is after it was loaded, and a picture of it. */
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

/** The first pixel of a PNG: its red, green and blue. The first of a row is the same by every filter, above it being nothing. */
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
  Deno.test("a browser shows the page: escaped, with its style, without a script", async () => {
    await using server = serve_debug();
    const { document, picture } = await browse(`${server.url}/hostile?<b>`);
    const title = document.match(/<title>(.*)<\/title>/)?.[1];
    assertEquals(
      title,
      `Error: &lt;/title&gt;&lt;/style&gt;&lt;script&gt;alert("1")&lt;/script&gt;&lt;b onclick='x'&gt;&amp;`,
    );
    assertEquals(
      Array.from(document.matchAll(/<h[12]>.*<\/h[12]>/g), String),
      ["<h1>Error</h1>", "<h2>Request</h2>"],
    );
    const tags = Array.from(
      document.matchAll(/<([a-z]\w*)/g),
      (match) => match[1]!,
    );
    assertEquals(Array.from(new Set(tags)).sort(), [
      ...["body", "code", "details", "footer", "h1", "h2", "head", "header"],
      ...["html", "li", "main", "mark", "meta", "ol", "p", "section", "span"],
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
    // The bar at the top: the policy lets the style through.
    assertEquals(await first_pixel(picture), [0xb3, 0x26, 0x1e]);
  });
}
