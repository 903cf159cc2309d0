/** A fetch handler that is mounted below a path: its URL, and the `Location` of its responses. */

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
    // In its original spelling, if that still matches.
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
    // Apache removes repeated slashes from PATH_INFO, but not from REQUEST_URI.
    [{ SCRIPT_NAME: "/app", PATH_INFO: "/a", REQUEST_URI: "/app//a" }, "/a"],
  ];
  for (const [environ, target] of rows) {
    const { url } = await passed(environ);
    assertEquals(url, `http://h${target}`, JSON.stringify(environ));
  }
});

Deno.test("from_fetch() adds SCRIPT_NAME to a Location that is one of the handler's own URLs", async () => {
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
    // A client resolves these against the URL that it requested.
    ["login", "login"],
    ["../login", "../login"],
    ["?page=2", "?page=2"],
    // URLs of others.
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

Deno.test("from_fetch() does not change URL and Location if the handler knows its mount point", async () => {
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
