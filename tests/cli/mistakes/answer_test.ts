/** Mistakes of an application that show when it answers, as its user reads them: what the command logs. */

import { assertEquals } from "@std/assert";
import { make_folder, start } from "../../support/command.ts";
import { until } from "../../support/support.ts";
import { gateway_line } from "./gateway_line.ts";

const RESULT = "TypeError: an application must return an iterable of " +
  "Uint8Array, got";
const BLOCK = "TypeError: the body must consist of Uint8Array, got";
const STATUS = "TypeError: the status must be";
const HEADERS = "TypeError: headers must be an array of [name, value], got";

/** What stands in an application, and what is logged, with the line of its module where there is one. */
const MISTAKES: [body: string, said: string, at?: string][] = [
  ["return;", `${RESULT} undefined: is a return missing?`],
  ["return null;", `${RESULT} null`],
  [
    'return "Hello";',
    `${RESULT} "Hello": encode it, and return [encode_text(text)]`,
  ],
  [
    "return new Response();",
    `${RESULT} an object of class Response: a function that returns one is a fetch handler: export default { fetch: handler }, or from_fetch(handler)`,
  ],
  [
    "return { a: 1 };",
    `${RESULT} an object of class Object: return [encode_text(JSON.stringify(value))]`,
  ],
  [
    "return new ArrayBuffer(1);",
    `${RESULT} an object of class ArrayBuffer: return [new Uint8Array(buffer)]`,
  ],
  ["return function* () {};", `${RESULT} a function: call it`],
  [
    "return new Uint8Array(1);",
    "TypeError: an application must return an iterable of byte blocks, got a bare Uint8Array: return [data]",
  ],
  ['return ["Hello"];', `${BLOCK} "Hello": encode it with encode_text()`],
  [
    "return [Promise.resolve()];",
    `${BLOCK} an object of class Promise: await it`,
  ],
  [
    "return [new ArrayBuffer(1)];",
    `${BLOCK} an object of class ArrayBuffer: new Uint8Array(buffer) is one`,
  ],
  [
    'start("200 OK", [])("Hello");',
    `${RESULT} undefined: is a return missing?`,
  ],
  ["start(200, []);", `${STATUS} a string, got 200 (such as "200 OK")`, "3:3"],
  [
    'start("404", []);',
    `${STATUS} three digits from 200 on, a space and a reason, got "404" (such as "404 Not Found")`,
    "3:3",
  ],
  [
    'start("OK", []);',
    `${STATUS} three digits from 200 on, a space and a reason, got "OK"`,
    "3:3",
  ],
  [
    'start("200 OK", { "X-A": "b" });',
    `${HEADERS} an object of class Object: Object.entries(headers) is one`,
    "3:3",
  ],
  [
    'start("200 OK", new Headers());',
    `${HEADERS} an object of class Headers: [...headers] is one`,
    "3:3",
  ],
  [
    'start("200 OK", new Map());',
    `${HEADERS} an object of class Map: [...headers] is one`,
    "3:3",
  ],
  [
    'start("200 OK", ["X-A", "b"]);',
    'TypeError: a header must be a pair [name, value], got "X-A"',
    "3:3",
  ],
  [
    'start("200 OK", [["Content-Length", 5]]);',
    "TypeError: the value of header Content-Length must be a string, got 5",
    "3:3",
  ],
  [
    'start("200 OK", [["X-A:", "b"]]);',
    'TypeError: a header name must be a token, got "X-A:"',
    "3:3",
  ],
  [
    'start("200 OK", []); start("200 OK", []);',
    "Error: start_response() was called a second time without exc_info",
    "3:24",
  ],
  ["return [];", "Error: the application did not call start_response()"],
  [
    "return [new Uint8Array(1)];",
    "Error: the body began before start_response() was called",
  ],
  ['throw new Error("dry");', "Error: dry", "3:9"],
  ['throw "dry";', '"dry"'],
];

/** Lines of a log without their times and ids. */
function plain(log: string): string {
  return log.replace(/^\[[^\]]+\] \[\d+\] /gm, "");
}

Deno.test("the command logs each mistake with its remedy and the place in the application, and no frames of its own", async () => {
  const cases = MISTAKES.map(([body], index) =>
    `export const app_${index} = (_environ, start) => {\n  // Line 2.\n  ${body}\n};\n`
  );
  const files = Object.fromEntries(
    cases.map((source, index) => [
      `app_${index}.js`,
      source,
    ]),
  );
  const imports = cases.map((_, index) =>
    `import { app_${index} } from "./app_${index}.js";`
  );
  await using folder = await make_folder({
    ...files,
    "app.js": `${imports.join("\n")}
const apps = [${cases.map((_, index) => `app_${index}`).join(", ")}];
export default (environ, start_response) => {
  const app = apps[environ.QUERY_STRING];
  return app(environ, start_response);
};
`,
  });
  await using command = await start(["app.js", "--access-logfile", "none"], {
    cwd: folder.path,
  });
  for (const [index, [body, said, at]] of MISTAKES.entries()) {
    command.printed.stderr = "";
    const response = await fetch(`${command.address}?${index}`);
    assertEquals(response.status, 500, body);
    await response.body?.cancel();
    const place = at
      ? `    at app_${index} (${folder.url(`app_${index}.js`)}:${at})\n`
      : "    in app.js\n";
    const expected =
      `[ERROR] error while answering "GET /?${index} HTTP/1.1":\n${said}\n${place}`;
    await until(() => command.printed.stderr.split("\n").length > 3);
    const log = plain(command.printed.stderr);
    assertEquals(log.slice(0, expected.length), expected, body);
    // Who called it may follow, but nothing of the package.
    const others = log.slice(expected.length).split("\n").filter(Boolean);
    assertEquals(
      others.filter((line) => !line.includes(folder.url("app.js"))),
      [],
      body,
    );
  }
});

Deno.test("HTTP that comes to another protocol's port is named, and what its web server needs", async () => {
  const expected = {
    fastcgi:
      "expected a record of FastCGI version 1, got 71: this is HTTP, but nginx speaks fastcgi with fastcgi_pass, and Apache with fcgi://",
    scgi:
      'expected the length of the head and a colon, got "GET / HTTP/1.1\\\\r\\\\nhost": this is HTTP, but nginx speaks scgi with scgi_pass, and Apache with scgi://',
    uwsgi:
      "expected modifier 0, got 71: this is HTTP, but nginx speaks uwsgi with uwsgi_pass, and Apache with uwsgi://",
  };
  for (const [protocol, said] of Object.entries(expected)) {
    assertEquals(
      plain(await gateway_line(protocol, "GET / HTTP/1.1\r\nhost: a\r\n\r\n")),
      `[ERROR] closed a connection: TypeError: ${said}\n`,
    );
  }
});

Deno.test("another protocol that comes to FastCGI's port is named", async () => {
  const beginnings = {
    "TLS": "\x16\x03\x01\x02\x00\x01",
    "SCGI": "24:CONTENT_LENGTH\x000\x00SCGI\x001\x00,",
    "uwsgi": "\x00\x0d\x00\x00\x01\x00A\x01\x00b",
  };
  for (const [name, data] of Object.entries(beginnings)) {
    const [, said] = (await gateway_line("fastcgi", data)).match(
      /got \d+: (.*),/,
    )!;
    assertEquals(
      said,
      `this is ${name}, but nginx speaks fastcgi with fastcgi_pass`,
    );
  }
});

/** What a handler returns, and what is logged of it. */
const OF_HANDLERS: [body: string, said: string][] = [
  ["", "undefined: is a return missing?"],
  ['return "Hello";', '"Hello": return new Response(text)'],
  [
    "return { a: 1 };",
    "an object of class Object: return Response.json(value)",
  ],
  ["return [1];", "an array of 1: return Response.json(value)"],
  ["return Response;", "a function"],
  [
    "return { fetch() {} };",
    "an object of class Object: this has a method fetch, so export it itself, not a function that returns it",
  ],
];

Deno.test("the command logs what a fetch handler has returned in the place of a Response", async () => {
  const files = Object.fromEntries(
    OF_HANDLERS.map(([body], index) => [
      `handler_${index}.js`,
      `export default { fetch(request) { ${body} } };`,
    ]),
  );
  const imports = OF_HANDLERS.map((_, index) =>
    `import app_${index} from "./handler_${index}.js";`
  );
  await using folder = await make_folder({
    ...files,
    "app.js": `${imports.join("\n")}
const apps = [${OF_HANDLERS.map((_, index) => `app_${index}`).join(", ")}];
const read = new Response("read");
await read.text();
export default {
  fetch: (request) => {
    const index = new URL(request.url).search.slice(1);
    return index === "read" ? read : apps[index].fetch(request);
  },
};
`,
  });
  await using command = await start(["app.js", "--access-logfile", "none"], {
    cwd: folder.path,
  });
  const cases: [query: string, said: string][] = OF_HANDLERS.map((
    [_, said],
    index,
  ) => [
    String(index),
    `TypeError: a fetch handler must return a Response, got ${said}`,
  ]);
  cases.push([
    "read",
    "TypeError: the body of the Response has been read before: a fetch handler must return a new one for each request",
  ]);
  for (const [query, said] of cases) {
    command.printed.stderr = "";
    const response = await fetch(`${command.address}?${query}`);
    assertEquals(response.status, 500);
    await response.body?.cancel();
    await until(() => command.printed.stderr.split("\n").length > 3);
    assertEquals(
      plain(command.printed.stderr),
      `[ERROR] error while answering "GET /?${query} HTTP/1.1":\n${said}\n    in app.js\n`,
    );
  }
});
