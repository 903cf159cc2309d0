/** What an application may return or give to `start_response()` and `write()`, and how all else is refused. */

import { assertEquals } from "@std/assert";
import type {
  HeaderList,
  StartResponse,
  WSGIApplication,
} from "../../types.ts";
import { bytes, run_app, stream_of } from "../support/support.ts";
import { answering, ERROR_PAGE } from "./answers.ts";

Deno.test("run() takes every kind of application and of result", async () => {
  const file = await Deno.makeTempFile();
  await Deno.writeTextFile(file, "hello");
  const kinds: Record<string, WSGIApplication> = {
    array: answering(["he", "llo"], []),
    "async function": (environ, start_response) =>
      Promise.resolve(answering(["he", "llo"], [])(environ, start_response)),
    *generator(_environ, start_response) {
      start_response("200 OK", []);
      yield bytes("he");
      yield bytes("llo");
    },
    async *"async generator"(_environ, start_response) {
      start_response("200 OK", []);
      yield bytes("he");
      await Promise.resolve();
      yield bytes("llo");
    },
    stream: (_environ, start_response) => {
      start_response("200 OK", []);
      return stream_of("he", "llo");
    },
    set: (_environ, start_response) => {
      start_response("200 OK", []);
      return new Set([bytes("he"), bytes("llo")]);
    },
    buffer: (_environ, start_response) => {
      start_response("200 OK", []);
      return [new Uint8Array(bytes("xhellox").buffer, 1, 2), bytes("llo")];
    },
    file: async (environ, start_response) => {
      start_response("200 OK", []);
      return environ["wsgi.file_wrapper"]!(await Deno.open(file));
    },
    write: async (_environ, start_response) => {
      const write = start_response("200 OK", []);
      await write(bytes("he"));
      return [bytes("llo")];
    },
  };
  for (const [kind, app] of Object.entries(kinds)) {
    const { output, errors } = await run_app(app);
    assertEquals([kind, output, errors], [
      kind,
      "Status: 200 OK\r\n\r\nhello",
      "",
    ]);
  }
  await Deno.remove(file);
});

const WRONG: [what: string, app: unknown, message: string][] = [
  [
    "a string",
    answer_with("text"),
    'TypeError: an application must return an iterable of Uint8Array, got "text": encode it, and return [encode_text(text)]',
  ],
  [
    "undefined",
    answer_with(undefined),
    "TypeError: an application must return an iterable of Uint8Array, got undefined: is a return missing?",
  ],
  [
    "null",
    answer_with(null),
    "TypeError: an application must return an iterable of Uint8Array, got null",
  ],
  [
    "a number",
    answer_with(42),
    "TypeError: an application must return an iterable of Uint8Array, got 42",
  ],
  [
    "a Response",
    answer_with(new Response()),
    "TypeError: an application must return an iterable of Uint8Array, got an object of class Response: a function that returns one is a fetch handler: export default { fetch: handler }, or from_fetch(handler)",
  ],
  [
    "a bare Uint8Array",
    answer_with(bytes("data")),
    "TypeError: an application must return an iterable of byte blocks, got a bare Uint8Array: return [data]",
  ],
  [
    "an array of strings",
    answer_with(["text"]),
    'TypeError: the body must consist of Uint8Array, got "text": encode it with encode_text()',
  ],
  [
    "an array of ArrayBuffers",
    answer_with([new ArrayBuffer(1)]),
    "TypeError: the body must consist of Uint8Array, got an object of class ArrayBuffer: new Uint8Array(buffer) is one",
  ],
  [
    "a generator of promises",
    answer_with([Promise.resolve(bytes("x"))]),
    "TypeError: the body must consist of Uint8Array, got an object of class Promise: await it",
  ],
  [
    "no start_response() and no block",
    () => [],
    "Error: the application did not call start_response()",
  ],
  [
    "a block before start_response()",
    () => [bytes("x")],
    "Error: the body began before start_response() was called",
  ],
  [
    "start_response() without headers",
    answer_headers(undefined),
    "TypeError: start_response() takes a status and a list of headers, got the status only: start_response(status, [])",
  ],
  [
    "start_response() twice",
    (_: unknown, start_response: StartResponse) => {
      start_response("200 OK", []);
      start_response("200 OK", []);
      return [];
    },
    "Error: start_response() was called a second time without exc_info",
  ],
  [
    "a string to write()",
    async (_: unknown, start_response: StartResponse) => {
      await start_response("200 OK", [])("x" as unknown as Uint8Array);
      return [];
    },
    'TypeError: the body must consist of Uint8Array, got "x": encode it with encode_text()',
  ],
  [
    "a string to write(), not awaited",
    (_: unknown, start_response: StartResponse) => {
      start_response("200 OK", [])("x" as unknown as Uint8Array);
      return [];
    },
    'TypeError: the body must consist of Uint8Array, got "x": encode it with encode_text()',
  ],
  [
    "more to write() than Content-Length",
    async (_: unknown, start_response: StartResponse) => {
      await start_response("200 OK", [["Content-Length", "1"]])(bytes("xy"));
      return [];
    },
    "RangeError: write() exceeds the Content-Length of 1: 2 bytes",
  ],
  ["status 1xx", answer_status("100 Continue"), status_message("100 Continue")],
  [
    "a status without reason",
    answer_status("200"),
    `${status_message("200")} (such as "200 OK")`,
  ],
  ["a status of words", answer_status("OK 200"), status_message("OK 200")],
  [
    "a status that is a number",
    answer_status(200),
    'TypeError: the status must be a string, got 200 (such as "200 OK")',
  ],
  [
    "a status with a line feed",
    answer_status("200 OK\nX: y"),
    'TypeError: the status must not contain control characters, got "200 OK\\nX: y"',
  ],
  [
    "a status with a character that is no byte",
    answer_status("200 \u20ac"),
    'TypeError: the status must hold characters up to U+00FF only, got "200 \u20ac"',
  ],
  [
    "headers that are an object",
    answer_headers({ "Content-Type": "text/plain" }),
    "TypeError: headers must be an array of [name, value], got an object of class Object: Object.entries(headers) is one",
  ],
  [
    "headers of Headers",
    answer_headers(new globalThis.Headers()),
    "TypeError: headers must be an array of [name, value], got an object of class Headers: [...headers] is one",
  ],
  [
    "a header that is no pair",
    answer_headers([["X"]]),
    "TypeError: a header must be a pair [name, value], got an array of 1",
  ],
  [
    "a header name with a space",
    answer_headers([["X Y", "z"]]),
    'TypeError: a header name must be a token, got "X Y"',
  ],
  [
    "a header value with a line end",
    answer_headers([["X", "y\r\nSet-Cookie: z"]]),
    'TypeError: the value of header X must not contain control characters, got "y\\r\\nSet-Cookie: z"',
  ],
  [
    "a header value that is a number",
    answer_headers([["Content-Length", 4]]),
    "TypeError: the value of header Content-Length must be a string, got 4",
  ],
  [
    "a header value with a character that is no byte",
    answer_headers([["X", "\u20ac"]]),
    'TypeError: the value of header X must hold characters up to U+00FF only, got "\u20ac"',
  ],
  [
    "a hop-by-hop header",
    answer_headers([["Connection", "close"]]),
    "TypeError: an application must not send the hop-by-hop header Connection",
  ],
  [
    "a Content-Length of words",
    answer_headers([["Content-Length", "four"]]),
    'TypeError: Content-Length must be decimal digits, got "four"',
  ],
];

function answer_with(result: unknown): unknown {
  return (_: unknown, start_response: StartResponse) => {
    start_response("200 OK", []);
    return result;
  };
}

function answer_status(status: unknown): unknown {
  return (_: unknown, start_response: StartResponse) => {
    start_response(status as string, []);
    return [];
  };
}

function answer_headers(headers: unknown): unknown {
  return (_: unknown, start_response: StartResponse) => {
    start_response("200 OK", headers as HeaderList);
    return [];
  };
}

function status_message(status: string): string {
  return `TypeError: the status must be three digits from 200 on, a space and a reason, got "${status}"`;
}

for (const [what, app, message] of WRONG) {
  Deno.test(`run() logs ${what} once and answers the error page`, async () => {
    const { output, errors } = await run_app(app as WSGIApplication);
    assertEquals(errors.split("\n")[0], message);
    assertEquals(errors.split(message).length, 2);
    assertEquals(output, ERROR_PAGE);
  });
}
