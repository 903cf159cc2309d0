/** A fetch handler below a path: its URL, and where its responses point. */

import { assertEquals } from "@std/assert";
import { from_fetch, type FromFetchOptions } from "../../../gateways/fetch.ts";
import { run_app } from "../../support/support.ts";

/** The URL that a handler gets, and the `Location` that a client gets. */
async function passed(
  environ: Record<string, unknown>,
  location = "/",
  options: FromFetchOptions = {},
): Promise<{ url: string; location: string }> {
  let url = "";
  const app = from_fetch((request) => {
    url = request.url;
    return new Response(null, { status: 303, headers: { location } });
  }, options);
  const { output, errors } = await run_app(app, {
    environ: { HTTP_HOST: "h", ...environ },
  });
  assertEquals(errors, "");
  return { url, location: output.match(/^location: (.*)\r$/mi)![1]! };
}

Deno.test("from_fetch() leaves SCRIPT_NAME out of the URL", async () => {
  const rows: [environ: Record<string, string>, target: string][] = [
    [{ SCRIPT_NAME: "/app", PATH_INFO: "/x" }, "/x"],
    [{ SCRIPT_NAME: "/app", PATH_INFO: "" }, "/"],
    [{ SCRIPT_NAME: "/app", PATH_INFO: "", QUERY_STRING: "a=1" }, "/?a=1"],
    [{ SCRIPT_NAME: "/a b/c.cgi", PATH_INFO: "/d e" }, "/d%20e"],
    // Spelled as it was sent, where that says the same.
    [
      { SCRIPT_NAME: "/app", PATH_INFO: "/a/b", REQUEST_URI: "/app/a%2Fb" },
      "/a%2Fb",
    ],
    [
      {
        SCRIPT_NAME: "/a b",
        PATH_INFO: "/c",
        REQUEST_URI: "/%61%20b/%63?d",
        QUERY_STRING: "d",
      },
      "/%63?d",
    ],
    [{ SCRIPT_NAME: "/app", PATH_INFO: "", REQUEST_URI: "/app" }, "/"],
    [{ SCRIPT_NAME: "/app", PATH_INFO: "", REQUEST_URI: "/app?" }, "/?"],
    [{ SCRIPT_NAME: "/%zz", PATH_INFO: "/x", REQUEST_URI: "/%zz/x" }, "/x"],
    [{ SCRIPT_NAME: "/app", PATH_INFO: "/x", REQUEST_URI: "//app/x" }, "/x"],
    [{ SCRIPT_NAME: "/app", PATH_INFO: "/x", REQUEST_URI: "/other" }, "/x"],
    // Apache removes what repeats, and leaves REQUEST_URI as it was sent.
    [{ SCRIPT_NAME: "/app", PATH_INFO: "/a", REQUEST_URI: "/app//a" }, "/a"],
  ];
  for (const [environ, target] of rows) {
    const { url } = await passed(environ);
    assertEquals(url, `http://h${target}`, JSON.stringify(environ));
  }
});

Deno.test("from_fetch() puts SCRIPT_NAME before where a handler points to its own URLs", async () => {
  const environ = { SCRIPT_NAME: "/a b", PATH_INFO: "/x", HTTP_HOST: "H:80" };
  const rows: [given: string, sent: string][] = [
    ["/login", "/a%20b/login"],
    ["/", "/a%20b/"],
    ["http://h/login?a#b", "http://h/a%20b/login?a#b"],
    ["http://h", "http://h/a%20b"],
    ["http://h?a", "http://h/a%20b?a"],
    // Already there.
    ["/a%20b/login", "/a%20b/login"],
    ["/a%20b", "/a%20b"],
    ["http://h/a%20b/login", "http://h/a%20b/login"],
    ["/a%20bc", "/a%20b/a%20bc"],
    // A client resolves these by the URL that it asked for.
    ["login", "login"],
    ["../login", "../login"],
    ["?page=2", "?page=2"],
    // Somebody else's.
    ["//other/login", "//other/login"],
    ["https://h/login", "https://h/login"],
    ["http://h.example/login", "http://h.example/login"],
    ["http://h:8080/login", "http://h:8080/login"],
    ["mailto:a@h", "mailto:a@h"],
  ];
  for (const [given, sent] of rows) {
    const { location } = await passed(environ, given);
    assertEquals(location, sent, given);
  }
});

Deno.test("from_fetch() leaves URL and Location alone where the handler knows of the path", async () => {
  const environ = { SCRIPT_NAME: "/app", PATH_INFO: "/x" };
  assertEquals(
    await passed(environ, "/login", { keep_script_name: true }),
    { url: "http://h/app/x", location: "/login" },
  );
  assertEquals(
    await passed({ SCRIPT_NAME: "", PATH_INFO: "/x" }, "/login"),
    { url: "http://h/x", location: "/login" },
  );
});
