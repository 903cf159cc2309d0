/** What `run()` sends: status line, headers, length and body; and what `start_response()` and `write()` do to it. */

import {
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { SimpleHandler } from "../../handlers.ts";
import type { HeaderList, Write } from "../../types.ts";
import { bytes, run_app, type Sink } from "../support/support.ts";
import { answering } from "./answers.ts";

Deno.test("run() sends status, headers and body", async () => {
  const { output, errors } = await run_app(answering(["data"]));
  assertEquals(
    output,
    "Status: 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\ndata",
  );
  assertEquals(errors, "");
});

Deno.test("run() sends a Content-Length of the bytes when the result is one block", async () => {
  const { output } = await run_app((_environ, start_response) => {
    start_response("200 OK", []);
    return [new TextEncoder().encode("тест")];
  });
  assertEquals(
    output,
    "Status: 200 OK\r\nContent-Length: 8\r\n\r\n\xd1\x82\xd0\xb5\xd1\x81\xd1\x82",
  );
});

Deno.test("run() sends no Content-Length when the body is written or has several blocks", async () => {
  const written = await run_app((_environ, start_response) => {
    start_response("200 OK", [])(bytes("http"));
    return [];
  });
  assertEquals(written.output, "Status: 200 OK\r\n\r\nhttp");
  const several = await run_app(answering(["ht", "tp"], []));
  assertEquals(several.output, "Status: 200 OK\r\n\r\nhttp");
});

Deno.test("run() sends a Content-Length of 0 when there is no body", async () => {
  const { output, errors } = await run_app(answering([], []));
  assertEquals(output, "Status: 200 OK\r\nContent-Length: 0\r\n\r\n");
  assertEquals(errors, "");
});

Deno.test("run() sends the Content-Length of the application and logs that the body is shorter", async () => {
  const { output, errors } = await run_app(
    answering([], [["Content-Length", "12345"]]),
  );
  assertEquals(output, "Status: 200 OK\r\nContent-Length: 12345\r\n\r\n");
  assertStringIncludes(
    errors,
    "RangeError: the application declared a Content-Length of 12345, but produced 0 bytes",
  );
});

Deno.test("run() sends no more than the Content-Length, asks for no more, and logs it", async () => {
  const taken: string[] = [];
  const { output, errors } = await run_app(
    function* (_environ, start_response) {
      start_response("200 OK", [["Content-Length", "3"]]);
      for (const block of ["he", "llo", "never"]) {
        taken.push(block);
        yield bytes(block);
      }
    },
  );
  assertEquals(output, "Status: 200 OK\r\nContent-Length: 3\r\n\r\nhel");
  assertEquals(taken, ["he", "llo"]);
  assertStringIncludes(
    errors,
    "RangeError: the application declared a Content-Length of 3, but produced more: the rest was not sent",
  );
});

Deno.test("run() stops asking when the Content-Length is reached", async () => {
  const taken: number[] = [];
  const { output, errors } = await run_app(
    function* (_environ, start_response) {
      start_response("200 OK", [["Content-Length", "2"]]);
      for (let n = 1;; n++) {
        taken.push(n);
        yield bytes("x");
      }
    },
  );
  assertEquals(output, "Status: 200 OK\r\nContent-Length: 2\r\n\r\nxx");
  assertEquals(taken, [1, 2]);
  assertEquals(errors, "");
});

Deno.test("run() writes the head of an origin server by version, software and protocol", async () => {
  const date =
    "Date: \\w{3}, \\d\\d \\w{3} \\d{4} \\d\\d:\\d\\d:\\d\\d GMT\r\n";
  for (const server_software of ["FooBar/1.0", null]) {
    for (const http_version of ["1.0", "1.1"]) {
      for (const SERVER_PROTOCOL of ["HTTP/0.9", "HTTP/1.0", "HTTP/1.1"]) {
        const run = (origin_server: boolean) =>
          run_app(answering([], []), {
            environ: { SERVER_PROTOCOL },
            adapt: (handler) =>
              Object.assign(handler, {
                origin_server,
                http_version,
                server_software,
              }),
          });
        assertEquals(
          (await run(false)).output,
          "Status: 200 OK\r\nContent-Length: 0\r\n\r\n",
        );
        const server = server_software ? `Server: ${server_software}\r\n` : "";
        const expected = SERVER_PROTOCOL === "HTTP/0.9"
          ? "^$"
          : `^HTTP/${http_version} 200 OK\r\n${date}${server}Content-Length: 0\r\n\r\n$`;
        assertMatch((await run(true)).output, new RegExp(expected));
      }
    }
  }
});

Deno.test("send_preamble() leaves a Date and a Server of the application alone", async () => {
  const headers: HeaderList = [
    ["date", "Mon, 05 Jun 2006 18:49:54 GMT"],
    ["server", "mine"],
  ];
  const { output } = await run_app(answering(["x"], headers), {
    handler_class: SimpleHandler,
    adapt: (handler) => {
      handler.server_software = "theirs";
    },
  });
  assertEquals(
    output,
    "HTTP/1.0 200 OK\r\ndate: Mon, 05 Jun 2006 18:49:54 GMT\r\nserver: mine\r\nContent-Length: 1\r\n\r\nx",
  );
});

Deno.test("run() sends the headers and the first block together", async () => {
  const { chunks } = await run_app(answering(["a", "b"], []));
  assertEquals(chunks, ["Status: 200 OK\r\n\r\na", "b"]);
});

Deno.test("run() sends the headers with the first block that is not empty", async () => {
  const { output } = await run_app(function* (_environ, start_response) {
    start_response("200 OK", []);
    yield bytes("");
    start_response("404 Not Found", [], new Error("found out later"));
    yield bytes("");
    yield bytes("x");
  });
  assertEquals(output, "Status: 404 Not Found\r\n\r\nx");
});

Deno.test("write() sends the headers even when it is given nothing", async () => {
  const chunks: string[][] = [];
  const { output } = await run_app(
    async (_environ, start_response) => {
      const write = start_response("200 OK", []);
      await write(bytes(""));
      assertThrows(
        () => start_response("404 Not Found", [], new Error("too late")),
        Error,
        "too late",
      );
      return [bytes("x")];
    },
  );
  assertEquals(chunks, []);
  assertEquals(output, "Status: 200 OK\r\n\r\nx");
});

Deno.test("write() and the result follow each other, awaited or not", async () => {
  for (const awaited of [true, false]) {
    const { output } = await run_app(async (_environ, start_response) => {
      const write = start_response("200 OK", []);
      for (const part of ["a", "b"]) {
        const written = write(bytes(part));
        if (awaited) await written;
      }
      return [bytes("c"), bytes("d")];
    });
    assertEquals(output, "Status: 200 OK\r\n\r\nabcd");
  }
});

for (
  const [what, environ, status] of [
    ["a HEAD", { REQUEST_METHOD: "HEAD" }, "200 OK"],
    ["a 204", {}, "204 No Content"],
    ["a 205", {}, "205 Reset Content"],
    ["a 304", {}, "304 Not Modified"],
  ] as const
) {
  Deno.test(`run() sends no body for ${what}, and closes the result`, async () => {
    for (const kind of ["array", "generator", "write"]) {
      let closed = 0;
      const { output, errors, handler } = await run_app(
        async (_environ, start_response) => {
          const write = start_response(status, [["X-A", "1"]]);
          if (kind === "write") await write(bytes("body"));
          const blocks = function* () {
            while (true) yield bytes("for ever");
          };
          return Object.assign(
            kind === "array" ? [bytes("bo"), bytes("dy")] : blocks(),
            { close: () => void closed++ },
          );
        },
        { environ },
      );
      assertEquals(output, `Status: ${status}\r\nX-A: 1\r\n\r\n`);
      assertEquals([errors, closed, handler.bytes_sent], ["", 1, 0]);
    }
  });
}

Deno.test("run() keeps the Content-Length that a GET would have for a HEAD", async () => {
  const environ = { REQUEST_METHOD: "HEAD" };
  const one = await run_app(answering(["hello"], []), { environ });
  assertEquals(one.output, "Status: 200 OK\r\nContent-Length: 5\r\n\r\n");
  const declared = await run_app(
    answering([], [["Content-Length", "12345"]]),
    { environ },
  );
  assertEquals(
    declared.output,
    "Status: 200 OK\r\nContent-Length: 12345\r\n\r\n",
  );
  const none = await run_app(answering([], []), { environ });
  assertEquals(none.output, "Status: 200 OK\r\n\r\n");
  assertEquals([one.errors, declared.errors, none.errors], ["", "", ""]);
});

Deno.test("run() sends no body for a HEAD that the application takes for a GET", async () => {
  const { output } = await run_app((environ, start_response) => {
    environ.REQUEST_METHOD = "GET";
    start_response("200 OK", []);
    return [bytes("body")];
  }, { environ: { REQUEST_METHOD: "HEAD" } });
  assertEquals(output, "Status: 200 OK\r\nContent-Length: 4\r\n\r\n");
});

Deno.test("cleanup_headers() takes the Content-Length from a 204", async () => {
  const { output } = await run_app((_environ, start_response) => {
    start_response("204 No Content", [["Content-Length", "0"]]);
    return [];
  });
  assertEquals(output, "Status: 204 No Content\r\n\r\n");
});

Deno.test("start_response() copies the headers that it is given", async () => {
  const { output } = await run_app((_environ, start_response) => {
    const headers: HeaderList = [["X-A", "1"]];
    start_response("200 OK", headers);
    headers[0]![1] = "2\r\nX-Injected: 1";
    headers.push(["X-B", "3"]);
    return [];
  });
  assertEquals(
    output,
    "Status: 200 OK\r\nX-A: 1\r\nContent-Length: 0\r\n\r\n",
  );
});

Deno.test("start_response() after the end of the response is refused", async () => {
  let late = () => {};
  const { output, handler } = await run_app((_environ, start_response) => {
    start_response("200 OK", []);
    late = () => void start_response("404 Not Found", []);
    return [bytes("x")];
  });
  assertThrows(
    late,
    Error,
    "start_response() was called after the response had ended",
  );
  assertEquals([output.split("\r\n")[0], handler.status], [
    "Status: 200 OK",
    null,
  ]);
});

Deno.test("run() takes no offence at a write() that failed and was caught", async () => {
  const { output, errors } = await run_app(async (_environ, start_response) => {
    const write = start_response("200 OK", [["Content-Length", "3"]]);
    await write(bytes("abc"));
    await write(bytes("d")).catch(() => {});
    return [];
  });
  assertEquals(output, "Status: 200 OK\r\nContent-Length: 3\r\n\r\nabc");
  assertEquals(errors, "");
});

Deno.test("write() after the end of the response is refused", async () => {
  let write: Write | null = null;
  const { handler } = await run_app((_environ, start_response) => {
    write = start_response("200 OK", []);
    return [bytes("x")];
  });
  await assertRejects(
    () => write!(bytes("y")),
    Error,
    "write() was called after the response had ended",
  );
  assertEquals((handler.stdout as Sink).locked, false);
});
