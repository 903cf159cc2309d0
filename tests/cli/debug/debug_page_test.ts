/** The page of `--debug`: its two forms, how handlers and servers show it, escaping, and where it may be shown. */

import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { debug_handler, is_loopback } from "../../../cli/debug/debug_page.ts";
import { BaseCGIHandler } from "../../../handlers.ts";
import fail from "./debug_page_app.ts";
import {
  ask,
  open_gateway,
  protocols,
} from "../../gateways/gateway_clients.ts";
import { run_app, until } from "../../support/support.ts";
import {
  ACCEPT_HTML,
  bare,
  DebugHandler,
  get_html,
  html_of,
  output_of,
  serve_debug,
  shown_environ,
  text_of,
} from "./pages.ts";

const FOOTNOTE = "This page is shown because of --debug, by @tsgi/serve 0.1.0" +
  ` on Deno ${Deno.version.deno}. ******** replaces what may be secret.`;

Deno.test("error_output() returns a page of text with the error, and status 500", () => {
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

Deno.test("error_output() returns a page of HTML that fetches nothing and runs only its own script", () => {
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
    `default-src 'none'; style-src 'nonce-${nonce}'; script-src 'nonce-${nonce}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  );
  assertEquals(/url\(|@import/.test(style), false);
  const [, script = ""] = body.match(/<script [^>]*>([^<]+)<\/script>/) ?? [];
  assertEquals(/fetch|import|http|innerHTML|eval/.test(script), false);
  assertEquals(
    body.replaceAll(nonce, "NONCE").replace(style, "STYLE")
      .replace(script, "SCRIPT"),
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
<button type="button" hidden>Copy as text</button>
<main>
<section class="depth-0">
<h1>Error</h1>
<p class="message">no luck</p>
<table>
<tr><th scope="row">code</th><td>7</td></tr>
</table>
</section>
<section>
<h2>Headers</h2>
<table>
<tr><th scope="row">Accept</th><td>text/html</td></tr>
</table>
</section>
<section>
<h2>Environ</h2>
<table>
<tr><th scope="row">HTTP_ACCEPT</th><td>&#39;text/html&#39;</td></tr>
<tr><th scope="row">PATH_INFO</th><td>&#39;/x&#39;</td></tr>
<tr><th scope="row">REQUEST_METHOD</th><td>&#39;GET&#39;</td></tr>
</table>
</section>
</main>
<footer>${FOOTNOTE}</footer>
<details class="text">
<summary>All of this as text</summary>
<pre>Error: no luck
  code = 7

Request: GET /x -

HTTP_ACCEPT = &#39;text/html&#39;
PATH_INFO = &#39;/x&#39;
REQUEST_METHOD = &#39;GET&#39;

${FOOTNOTE}
</pre>
</details>
<script nonce="NONCE">SCRIPT</script>
</body>
</html>
`,
  );
});

Deno.test("every page has a new nonce", () => {
  const [one, two] = [output_of(bare("")), output_of(bare(""))];
  const name = "Content-Security-Policy";
  assert(one.headers[name] !== two.headers[name]);
});

Deno.test("the page is HTML only if Accept names it and does not prefer text", () => {
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

Deno.test("debug_handler() extends a handler, and leaves its log unchanged", async () => {
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

Deno.test("the gateways show the page, without the variables of the process", async () => {
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

Deno.test("a server shows the page, and sends only its head for HEAD", async () => {
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

Deno.test("if the page cannot be made, that is logged, and the generic one is sent", () => {
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

Deno.test("the page can be made without an environ", () => {
  const { body } = output_of(bare("early"), null as never);
  assertEquals(
    body,
    `Error: early\n\nRequest: -  -\n\n\n\n${FOOTNOTE}\n`,
  );
});

Deno.test("a handler shows the page for an error whose stack cannot be read", async () => {
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

Deno.test("everything from the error and the request is escaped", () => {
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
    assertEquals(/<script(?! nonce=)|<b /.test(page), false, page);
    assertEquals(page.split("</title>").length, 2, page);
  }
});

Deno.test("control characters are escaped in both pages", () => {
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

Deno.test("long values are shortened", () => {
  const error = Object.assign(bare("m".repeat(5000)), {
    detail: "d".repeat(400),
  });
  const page = text_of(error, { HTTP_X: "x".repeat(2000) });
  const [first, second] = page.split("\n");
  assertEquals(first, `Error: ${"m".repeat(4000)}…`);
  assertEquals(second, `  detail = '${"d".repeat(300)}…'`);
  assertEquals(shown_environ(page), { HTTP_X: `'${"x".repeat(1000)}…'` });
});

Deno.test("the time that the page takes is linear in the size of the request", () => {
  const parts = ["KEY", "key=", "key='", 'key="', "key   ", "://", "://a@"];
  for (const part of [...parts, '"', '\\"', "key,'", "-", "\n", "   at f ("]) {
    const long = part.repeat(50_000 / part.length);
    const error = new Error(long);
    error.stack = `${error.stack}`;
    // If the time were not linear, this would not end.
    assert(html_of(error, { HTTP_X: long }).length < 100_000);
  }
});

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
