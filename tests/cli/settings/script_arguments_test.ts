/** The command line of a CGI script, to which a web server may have added the query in any of several ways. */

import { assertEquals, assertRejects } from "@std/assert";
import { parse_command } from "../../../cli/settings/parse_options.ts";
import { UsageError } from "../../../cli/settings/usage_error.ts";
import { make_folder, run } from "../../support/command.ts";

/** What a script is told. */
async function read(
  args: string[],
  query: string,
  more: Record<string, string> = {},
): Promise<unknown> {
  const environ = {
    ...{ GATEWAY_INTERFACE: "CGI/1.1", REQUEST_METHOD: "GET" },
    ...{ QUERY_STRING: query, ...more },
  };
  const { request, settings } = await parse_command(args, environ);
  return { request, settings };
}

/** What web servers make of a query. */
const SERVERS: Record<string, (query: string) => string[]> = {
  "words, decoded (RFC 3875, section 4.4)": (query) =>
    query.split("+").map(decodeURIComponent),
  "words, decoded, and none that is empty": (query) =>
    query.split("+").map(decodeURIComponent).filter((word) => word),
  "words, decoded, with backslashes": (query) =>
    query.split("+").map(decodeURIComponent)
      .map((word) => word.replace(/[^\w/.:=-]/g, "\\$&")),
  "one word, its plus signs blanks": (query) => [query.replaceAll("+", " ")],
  "one word, decoded": (
    query,
  ) => [decodeURIComponent(query.replaceAll("+", " "))],
  "one word, as it is": (query) => [query],
  "the first word only": (query) => [decodeURIComponent(query.split("+")[0]!)],
  "nothing": () => [],
};

const QUERIES = [
  ...["hello", "hello+world", "a%20b", "caf%C3%A9", "x/y", "5", "it%27s"],
  ...["--debug-anywhere", "--debug%2Danywhere", "--validate+--debug-anywhere"],
  ...["-c+/evil.ts", "-c/evil.ts", "--config%3D/evil.ts", "/evil.ts", "--help"],
  ...["--config=/evil.ts", "--bind=:0&x", "--protocol+http", "--", "-", "+"],
];

Deno.test("what came as the query is neither option nor module of a CGI script, however it came", async () => {
  for (const own of [["/app.ts"], ["--root-path", "/x", "--", "/app.ts"]]) {
    const expected = await read(own, "");
    for (const query of QUERIES) {
      for (const [server, words_of] of Object.entries(SERVERS)) {
        assertEquals(
          {
            server,
            query,
            found: await read([...own, ...words_of(query)], query),
          },
          { server, query, found: expected },
        );
      }
    }
  }
});

Deno.test("a query that repeats the words of a CGI script takes none of them away", async () => {
  const own = ["--root-path", "/x", "--limit-request-body", "1k", "/app.ts"];
  const expected = await read(own, "");
  for (
    const query of [
      ...["--root-path+/x", "--limit-request-body+1k", "1k", "/x", "app"],
      ...["--root-path+/x+--limit-request-body+1k+/app.ts", "/app.ts+/app.ts"],
    ]
  ) {
    const words = query.split("+");
    assertEquals(await read([...own, ...words], query), expected, query);
  }
  // Where the web server hands on nothing.
  for (const query of ["--root-path+/x", "--limit-request-body+1k", "1k"]) {
    const found = await read(own, query).catch(() => "refused");
    if (found !== "refused") assertEquals(found, expected, query);
  }
});

Deno.test("a CGI script has its own options, whatever the query", async () => {
  for (const query of ["", "y", "a=1", "hello+world", "x"]) {
    for (
      const own of [
        ["/app.ts", "--validate"],
        ["--validate", "/app.ts", "--log-level", "error"],
        ["--log-level=error"],
        [],
      ]
    ) {
      assertEquals(await read(own, query), await read(own, ""));
    }
  }
});

Deno.test("a CGI script refuses what may be its own as well as the query", async () => {
  const cases: [args: string[], query: string][] = [
    [["/app.ts"], "/app.ts"],
    [["--debug-anywhere", "/app.ts"], "--debug-anywhere"],
    [["-c", "/evil.json", "/app.ts"], "-c+/evil.json"],
    [["/evil.ts"], "/evil.ts"],
  ];
  for (const [args, query] of cases) {
    await assertRejects(() => read(args, query), UsageError, "the query");
  }
});

Deno.test("a command that is no CGI script takes QUERY_STRING for nothing", async () => {
  const { settings } = await parse_command(["/app.ts", "--validate"], {
    QUERY_STRING: "--validate",
  });
  assertEquals(settings.validate, true);
});

Deno.test("the command as a CGI script neither shows errors nor runs a module because the query says so", async () => {
  await using folder = await make_folder({
    "app.ts": `export default (environ, start_response) => {
  if (environ.PATH_INFO) throw new Error("the well is dry");
  start_response("200 OK", []);
  return [new TextEncoder().encode(environ.QUERY_STRING)];
};`,
    "evil.ts": `console.error("EVIL");
export default { debug_anywhere: true };
export const application = () => [];`,
  });
  const { path } = folder;
  const ask = (query: string, PATH_INFO: string, words: string[]) =>
    run(["app.ts", ...words], {
      cwd: path,
      env: {
        ...{ GATEWAY_INTERFACE: "CGI/1.1", REQUEST_METHOD: "GET", PATH_INFO },
        ...{ SERVER_NAME: "a", SERVER_PORT: "80", SERVER_PROTOCOL: "HTTP/1.1" },
        QUERY_STRING: query,
      },
    });
  const failed = await ask("--debug-anywhere", "/", ["--debug-anywhere"]);
  assertEquals(failed.stdout.includes("the well is dry"), false);
  for (const words of [["-c", "evil.ts"], ["evil.ts"], ["--help"]]) {
    const query = words.join("+");
    const { code, stdout, stderr } = await ask(query, "", words);
    assertEquals(
      { code, body: stdout.split("\r\n\r\n")[1], stderr },
      { code: 0, body: query, stderr: "" },
    );
  }
});
