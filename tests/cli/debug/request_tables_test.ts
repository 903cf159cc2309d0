/** The tables on the page of `--debug`: query, form, cookies and headers of the request. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import type { WSGIApplication } from "../../../types.ts";
import { decode_native } from "../../../util.ts";
import { Log, Sink, stream_of } from "../../support/support.ts";
import { bare, DebugHandler, html_of, MASK, text_of } from "./pages.ts";

/** The tables in a page of text. */
function tables_of(page: string): Record<string, string[]> {
  const parts = page.split("\n\n")
    .filter((part) => /^(Query|Form fields|Cookies):\n/.test(part));
  return Object.fromEntries(parts.map((part) => {
    const [title = "", ...rows] = part.trimEnd().split("\n");
    return [title.slice(0, -1), rows.map((row) => row.trim())];
  }));
}

Deno.test("the page shows the query, decoded, with secrets masked", () => {
  const environ = { QUERY_STRING: "a=1&q=caf%C3%A9+x&a=2&api_key=abc&empty=" };
  assertEquals(tables_of(text_of(bare("x"), environ)), {
    Query: [
      "a = 1",
      "q = caf\u00e9 x",
      "a = 2",
      `api_key = ${MASK}`,
      "empty =",
    ],
  });
});

Deno.test("the page lists the cookies, with secrets masked", () => {
  const environ = { HTTP_COOKIE: 'theme=dark; session=abc; id="0123456789"' };
  assertEquals(tables_of(text_of(bare("x"), environ)), {
    Cookies: ["theme = dark", `session = ${MASK}`, `id = "${MASK}"`],
  });
});

Deno.test("the HTML page lists the headers by name", () => {
  const page = html_of(bare("x"), {
    HTTP_X_FORWARDED_FOR: "192.0.2.1",
    HTTP_AUTHORIZATION: "Basic abc",
    CONTENT_TYPE: "text/plain",
    CONTENT_LENGTH: "",
  });
  assertStringIncludes(
    page,
    `<h2>Headers</h2>
<table>
<tr><th scope="row">Accept</th><td>text/html</td></tr>
<tr><th scope="row">Authorization</th><td class="masked">${MASK}</td></tr>
<tr><th scope="row">Content-Type</th><td>text/plain</td></tr>
<tr><th scope="row">X-Forwarded-For</th><td>192.0.2.1</td></tr>
</table>`,
  );
});

const URLENCODED = "application/x-www-form-urlencoded";

/** Reads a number of blocks of the body, then fails. */
function failing_after(blocks: number): WSGIApplication {
  return async (environ) => {
    const reader = environ["wsgi.input"].getReader();
    for (let i = 0; i < blocks; i++) {
      const { value } = await reader.read();
      value?.fill(0); // The application may change the block.
    }
    throw bare("full");
  };
}

/** The form fields that the page shows for a body in several blocks. */
async function form_of(
  type: string,
  blocks: string[],
  application: WSGIApplication,
): Promise<string[] | undefined> {
  const environ = {
    CONTENT_TYPE: type,
    CONTENT_LENGTH: String(blocks.join("").length),
    REQUEST_METHOD: "POST",
    PATH_INFO: "/",
  };
  const sink = new Sink();
  const handler = new DebugHandler(
    stream_of(...blocks),
    sink,
    new Log(),
    environ,
  );
  await handler.run(application);
  return tables_of(
    decode_native(sink.text).replaceAll("\r\n", "\n"),
  )["Form fields"];
}

Deno.test("the page shows the fields of a form, as far as the application has read them", async () => {
  const blocks = ["item=tea&password=abc&n", "ame=Zo%C3%AB"];
  const all = ["item = tea", `password = ${MASK}`, "name = Zo\u00eb"];
  assertEquals(await form_of(URLENCODED, blocks, failing_after(3)), all);
  assertEquals(await form_of(URLENCODED, blocks, failing_after(2)), all);
  assertEquals(
    await form_of(URLENCODED, blocks, failing_after(1)),
    [...all.slice(0, 2), "n ="],
  );
  assertEquals(
    await form_of(URLENCODED, blocks, failing_after(0)),
    undefined,
  );
});

Deno.test("the page names the files of a form, and shows nothing of an incomplete multipart body", async () => {
  const whole = `--b\r
Content-Disposition: form-data; name="item"\r
\r
tea\r
--b\r
Content-Disposition: form-data; name="photo"; filename="a.png"\r
Content-Type: image/png\r
\r
12345\r
--b--\r
`;
  const type = "multipart/form-data; boundary=b";
  assertEquals(await form_of(type, [whole], failing_after(2)), [
    "item = tea",
    "photo = a.png (image/png, 5 bytes)",
  ]);
  assertEquals(
    await form_of(
      type,
      [whole.slice(0, 60), whole.slice(60)],
      failing_after(1),
    ),
    undefined,
  );
});

Deno.test("a body that is not a form is not shown", async () => {
  assertEquals(
    await form_of("application/json", ["{}"], failing_after(2)),
    undefined,
  );
});
