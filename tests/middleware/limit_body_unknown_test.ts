/** The limit of a body of unknown length: what an application makes of one that grows too long, and what the client gets. */

import { assertEquals, assertStrictEquals } from "@std/assert";
import { limit_body } from "../../middleware/mod.ts";
import type { WSGIApplication, WSGIResult } from "../../types.ts";
import { FileWrapper } from "../../util.ts";
import {
  bytes,
  read_all,
  serve,
  stream_of,
  text,
  until,
  write_all,
} from "../support/support.ts";
import {
  CHUNKED,
  chunked,
  echo,
  hello,
  PLAIN,
  post,
  read,
  read_until,
  TOO_LARGE,
  upload,
} from "./limited.ts";

/** What an application does that reads its body, by what it makes of one that is too long. */
const readers: Record<string, WSGIApplication> = {
  "throws": echo,
  "throws something else": async (environ, start_response) => {
    try {
      return await echo(environ, start_response);
    } catch {
      throw new Error("what was that?");
    }
  },
  "answers with a 500": async (environ, start_response) => {
    try {
      return await echo(environ, start_response);
    } catch {
      start_response("500 Internal Server Error", PLAIN);
      return [bytes("sorry")];
    }
  },
  "answers with a 500 in the place of a 200": async (
    environ,
    start_response,
  ) => {
    start_response("200 OK", PLAIN);
    try {
      return [bytes(await read(environ["wsgi.input"]))];
    } catch (error) {
      start_response("500 Internal Server Error", PLAIN, error);
      return [bytes("sorry")];
    }
  },
  "answers by write()": async (environ, start_response) => {
    try {
      return await echo(environ, start_response);
    } catch {
      const write = start_response("500 Internal Server Error", PLAIN);
      await write(bytes("sorry"));
      return [];
    }
  },
  "answers by the write() that it had": async (environ, start_response) => {
    const write = start_response("200 OK", PLAIN);
    try {
      await write(bytes(await read(environ["wsgi.input"])));
    } catch {
      await write(bytes("sorry"));
    }
    return [];
  },
  "answers with a generator": async (environ, start_response) => {
    try {
      return await echo(environ, start_response);
    } catch {
      return (function* () {
        start_response("500 Internal Server Error", PLAIN);
        yield bytes("sorry");
      })();
    }
  },
  "answers with a stream": async (environ, start_response) => {
    try {
      return await echo(environ, start_response);
    } catch {
      start_response("500 Internal Server Error", PLAIN);
      return stream_of("sorry");
    }
  },
  "returns nothing": async (environ, start_response) => {
    try {
      return await echo(environ, start_response);
    } catch {
      return undefined as unknown as WSGIResult;
    }
  },
  "is a generator that throws": async function* (environ, start_response) {
    const body = await read(environ["wsgi.input"]);
    start_response("200 OK", PLAIN);
    yield bytes(body);
  },
  "is a generator that throws after start_response()": async function* (
    environ,
    start_response,
  ) {
    start_response("200 OK", PLAIN);
    yield bytes("");
    yield bytes(await read(environ["wsgi.input"]));
  },
  "is a generator that answers": async function* (environ, start_response) {
    start_response("200 OK", PLAIN);
    try {
      yield bytes(await read(environ["wsgi.input"]));
    } catch (error) {
      start_response("500 Internal Server Error", PLAIN, error);
      yield bytes("sorry");
      yield bytes("indeed");
    }
  },
  "is a generator that ends": async function* (environ, start_response) {
    start_response("200 OK", PLAIN);
    try {
      yield bytes(await read(environ["wsgi.input"]));
    } catch {
      // It has nothing to say.
    }
  },
  "returns a stream that reads": (environ, start_response) => {
    start_response("200 OK", PLAIN);
    return new ReadableStream({
      async pull(controller) {
        controller.enqueue(bytes(await read(environ["wsgi.input"])));
        controller.close();
      },
    }, { highWaterMark: 0 });
  },
};

for (const [what, app] of Object.entries(readers)) {
  Deno.test(`limit_body() answers a body that grows too long where the application ${what}`, async () => {
    const allowed = await upload(app, "hello");
    assertEquals(allowed.output.slice(0, 14), "Status: 200 OK");
    assertEquals(allowed.output.slice(-9), "\r\n\r\nhello");
    assertEquals(allowed.errors, "");
    const refused = await upload(app, "hello!");
    assertEquals(refused.output, TOO_LARGE);
    assertEquals(refused.errors, "");
  });
}

Deno.test("limit_body() has the input fail with an error that says what is wrong", async () => {
  const parts: string[] = [];
  let caught: unknown;
  await upload(async (environ, start_response) => {
    try {
      for await (const part of environ["wsgi.input"]) parts.push(text(part));
    } catch (error) {
      caught = error;
    }
    return hello(environ, start_response);
  }, "hello!");
  assertEquals(parts.join(""), "hello");
  assertEquals(
    `${caught}`,
    "RangeError: the request body must not be longer than 5 bytes",
  );
});

/** What has been sent before the body was too long, by the applications whose response is broken off then. */
const begun: Record<string, [WSGIApplication, string]> = {
  "the result has begun": [
    (environ, start_response) => {
      start_response("200 OK", PLAIN);
      return environ["wsgi.input"];
    },
    "hello",
  ],
  "the application has written": [
    async (environ, start_response) => {
      const write = start_response("200 OK", PLAIN);
      await write(bytes("a"));
      await write(bytes(await read(environ["wsgi.input"])));
      return [];
    },
    "a",
  ],
  "the application has written, and says nothing of it": [
    async (environ, start_response) => {
      const write = start_response("200 OK", PLAIN);
      await write(bytes("a"));
      try {
        await read(environ["wsgi.input"]);
      } catch {
        await write(bytes("b"));
      }
      return [bytes("c")];
    },
    "a",
  ],
  "a generator goes on": [
    async function* (environ, start_response) {
      start_response("200 OK", PLAIN);
      yield bytes("a");
      try {
        yield bytes(await read(environ["wsgi.input"]));
      } catch {
        yield bytes("b");
      }
    },
    "a",
  ],
};

for (const [what, [app, sent]] of Object.entries(begun)) {
  Deno.test(`limit_body() breaks the response off where ${what}`, async () => {
    const { output, errors, handler } = await upload(app, "hello!");
    assertEquals(
      output,
      `Status: 200 OK\r\nContent-Type: text/plain\r\n\r\n${sent}`,
    );
    assertEquals(
      errors.split("\n")[0],
      "RangeError: the request body must not be longer than 5 bytes",
    );
    assertEquals(handler.broken, true);
  });
}

Deno.test("limit_body() breaks a response by HTTP off", async () => {
  const app: WSGIApplication = (environ, start_response) => {
    start_response("200 OK", PLAIN);
    return environ["wsgi.input"];
  };
  await using server = serve(limit_body(app, { max_size: 5 }));
  using conn = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  await write_all(conn, post("/", CHUNKED, chunked("hello")));
  const first = await read_until(conn, "5\r\nhello\r\n");
  assertEquals(first.slice(0, 15), "HTTP/1.1 200 OK");
  await write_all(conn, bytes(`${chunked("!")}0\r\n\r\n`));
  // Without the chunk of no length that would end it.
  assertEquals(await read_all(conn), "");
  await until(() => server.log.text.endsWith('"POST / HTTP/1.1" 200 5\n'));
});

Deno.test("limit_body() closes the result exactly once", async () => {
  const kinds: Record<string, (read: () => Promise<unknown>) => WSGIResult> = {
    "a generator": async function* (read) {
      await read();
      yield bytes("x");
    },
    "a generator that answers": async function* (read) {
      await read().catch(() => {});
      yield bytes("x");
      yield bytes("y");
    },
    "an array": () => [bytes("x")],
    "a stream": (read) =>
      new ReadableStream({
        async pull(controller) {
          await read();
          controller.enqueue(bytes("x"));
          controller.close();
        },
      }, { highWaterMark: 0 }),
  };
  for (const [kind, make] of Object.entries(kinds)) {
    for (const body of ["hello", "hello!"]) {
      for (const early of [false, true]) {
        let closed = 0;
        const app: WSGIApplication = async (environ, start_response) => {
          const read_all = () => read(environ["wsgi.input"]);
          if (early) await read_all().catch(() => {});
          start_response("200 OK", PLAIN);
          const result = make(early ? () => Promise.resolve() : read_all);
          return Object.assign(result, { close: () => void closed++ });
        };
        const { errors } = await upload(app, body);
        assertEquals(errors, "");
        assertEquals(closed, 1, `${kind}, ${body}`);
      }
    }
  }
});

Deno.test("limit_body() stops a generator that is in the middle of its answer", async () => {
  const seen: string[] = [];
  const { output } = await upload(async function* (environ, start_response) {
    start_response("200 OK", PLAIN);
    try {
      await read(environ["wsgi.input"]).catch(() => {});
      yield bytes("x");
      seen.push("went on");
    } finally {
      seen.push("stopped");
    }
  }, "hello!");
  assertEquals(output, TOO_LARGE);
  assertEquals(seen, ["stopped"]);
});

Deno.test("limit_body() hands an array and a file on as they are", async () => {
  const file = new FileWrapper(stream_of("file"));
  for (const result of [[bytes("a"), bytes("b")], file]) {
    const { handler } = await upload(async (environ, start_response) => {
      await read(environ["wsgi.input"]);
      start_response("200 OK", PLAIN);
      return result;
    }, "hello");
    assertEquals(handler.broken, false);
    assertStrictEquals(handler.sent, result);
  }
});

Deno.test("limit_body() passes on the error of an application that has nothing to do with it", async () => {
  const { output, errors } = await upload(async function* (environ) {
    yield bytes(await read(environ["wsgi.input"]));
  }, "hello");
  assertEquals(output.slice(0, 11), "Status: 500");
  assertEquals(
    errors.split("\n")[0],
    "Error: the body began before start_response() was called",
  );
});
