/** Applications that do not answer in time: the page in their place, and what becomes of what comes too late. */

import { assertEquals, assertRejects } from "@std/assert";
import { from_fetch } from "../../gateways/fetch.ts";
import { limit_time } from "../../middleware/mod.ts";
import type {
  StartResponse,
  Write,
  WSGIApplication,
  WSGIResult,
} from "../../types.ts";
import { FileWrapper } from "../../util.ts";
import { validator } from "../../validate.ts";
import { ask, open_gateway, protocols } from "../gateways/gateway_clients.ts";
import {
  bytes,
  Log,
  raw_request,
  run_app,
  serve,
  until,
} from "../support/support.ts";
import {
  GIVEN_UP,
  HELLO,
  LIMIT,
  PAGE,
  PLAIN,
  run,
  sleep,
  slow,
  TARGET,
  UNAVAILABLE,
} from "./timed.ts";

for (const [what, make] of Object.entries(slow)) {
  Deno.test(`limit_time() gives up ${what}`, async () => {
    for (const validated of [false, true]) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const app = make(promise);
      const { output, errors, messages } = await run(
        validated ? validator(app) : app,
      );
      assertEquals(output, UNAVAILABLE);
      assertEquals(errors, "");
      resolve();
      await sleep(0);
      assertEquals(messages, [GIVEN_UP]);
    }
  });
}

Deno.test("limit_time() answers by HTTP, and the request is in both logs", async () => {
  const messages: string[] = [];
  const late = Promise.withResolvers<void>();
  const app = limit_time(
    slow["an async function"]!(late.promise),
    { timeout: LIMIT, log: (message) => void messages.push(message) },
  );
  await using server = serve(app);
  const request =
    "GET /slow?x=1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
  const { status, headers, body } = await raw_request(server.port, request);
  assertEquals(status, "HTTP/1.1 503 Service Unavailable");
  assertEquals(headers.filter((line) => /^content-/i.test(line)), [
    "Content-Type: text/plain",
    "content-length: 19",
  ]);
  assertEquals(body, "Service Unavailable");
  late.resolve();
  await until(() => server.log.text !== "");
  assertEquals(server.log.text, '"GET /slow?x=1 HTTP/1.1" 503 19\n');
  assertEquals(messages, [GIVEN_UP]);
});

for (const protocol of protocols) {
  Deno.test(`limit_time() answers by ${protocol.name}`, async () => {
    for (
      const make of [slow["an async function"]!, slow["an async generator"]!]
    ) {
      const late = Promise.withResolvers<void>();
      const app = limit_time(make(late.promise), {
        timeout: LIMIT,
        log: () => {},
      });
      await using gateway = await open_gateway(protocol, app);
      const answer = await ask(protocol, gateway.server);
      assertEquals(answer.text, `503 Service Unavailable\r\n${PAGE}`);
      assertEquals(answer.ended, true);
      late.resolve();
    }
  });
}

Deno.test("limit_time() answers a HEAD without a body", async () => {
  for (const make of Object.values(slow)) {
    const late = Promise.withResolvers<void>();
    const app = limit_time(make(late.promise), {
      timeout: LIMIT,
      log: () => {},
    });
    const { output, errors } = await run_app(validator(app), {
      environ: { REQUEST_METHOD: "HEAD" },
    });
    assertEquals(output, UNAVAILABLE.slice(0, -"Service Unavailable".length));
    assertEquals(errors, "");
    late.resolve();
  }
});

Deno.test("limit_time() gives each of many requests its time", async () => {
  const messages: string[] = [];
  const app = limit_time(
    async (environ, start_response) => {
      const name = environ.REQUEST_URI;
      if (name !== "/quick") await new Promise(() => {});
      start_response("200 OK", PLAIN);
      return [bytes("hello")];
    },
    { timeout: LIMIT, log: (message) => void messages.push(message) },
  );
  const ask = async (REQUEST_URI: string) =>
    (await run_app(app, { environ: { ...TARGET, REQUEST_URI } })).output;
  const targets = ["/1", "/quick", "/2", "/3", "/quick"];
  const asked: Promise<string>[] = [];
  for (const target of targets) {
    asked.push(ask(target));
    await sleep(LIMIT / 4);
  }
  const expected = targets.map((name) =>
    name === "/quick" ? HELLO : UNAVAILABLE
  );
  assertEquals(await Promise.all(asked), expected);
  assertEquals(await ask("/4"), UNAVAILABLE); // When the timer had stopped.
  assertEquals(
    messages,
    ["/1", "/2", "/3", "/4"].map((name) => GIVEN_UP.replace("/slow?x=1", name)),
  );
});

Deno.test("limit_time() escapes the target in the log", async () => {
  const messages: string[] = [];
  const app = limit_time(
    () => new Promise(() => {}),
    { timeout: LIMIT, log: (message) => void messages.push(message) },
  );
  await run_app(app, { environ: { ...TARGET, REQUEST_URI: "/\n\x1b[2J" } });
  assertEquals(messages, [GIVEN_UP.replace("/slow?x=1", "/\\x0a\\x1b[2J")]);
});

Deno.test("limit_time() closes a result that comes too late, exactly once", async () => {
  const seen: string[] = [];
  const results: Record<string, () => WSGIResult> = {
    "an array": () => [bytes("x")],
    "a generator": function* () {
      seen.push("run");
      yield bytes("x");
    },
    "an async generator": async function* () {
      seen.push("run");
      yield bytes("x");
    },
    "a file": () =>
      new FileWrapper({
        read: () => Promise.resolve(null),
        close: () => void seen.push("file"),
      }),
    "a stream": () =>
      new ReadableStream({ cancel: () => void seen.push("cancelled") }),
  };
  const expected: Record<string, string[]> = {
    "a file": ["closed", "file"],
    "a stream": ["cancelled", "closed"],
  };
  for (const [what, make] of Object.entries(results)) {
    for (const validated of [false, true]) {
      seen.length = 0;
      const late = Promise.withResolvers<void>();
      const app: WSGIApplication = async (_environ, start_response) => {
        start_response("200 OK", PLAIN);
        await late.promise;
        const result = make();
        const close = result.close?.bind(result);
        return Object.assign(result, {
          close() {
            seen.push("closed");
            return close?.();
          },
        });
      };
      const { output, messages } = await run(validated ? validator(app) : app);
      assertEquals(output, UNAVAILABLE);
      assertEquals(seen, []);
      late.resolve();
      await until(() => seen.includes("closed"));
      await sleep(0);
      assertEquals(seen, expected[what] ?? ["closed"], what);
      assertEquals(messages, [GIVEN_UP]);
    }
  }
});

Deno.test("limit_time() ends a generator whose first block comes too late", async () => {
  for (const validated of [false, true]) {
    const seen: string[] = [];
    const late = Promise.withResolvers<void>();
    const app: WSGIApplication = async function* (_environ, start_response) {
      start_response("200 OK", PLAIN);
      try {
        await late.promise;
        yield bytes("x");
        seen.push("went on");
      } finally {
        seen.push("ended");
      }
    };
    const { output, messages } = await run(validated ? validator(app) : app);
    assertEquals(output, UNAVAILABLE);
    assertEquals(seen, []);
    late.resolve();
    await until(() => seen.length > 0);
    await sleep(0);
    assertEquals(seen, ["ended"]);
    assertEquals(messages, [GIVEN_UP]);
  }
});

Deno.test("limit_time() closes a result at once whose first step is awaited", async () => {
  const seen: string[] = [];
  const { output } = await run(() => ({
    [Symbol.asyncIterator]: () => ({
      next: () => new Promise<never>(() => {}),
    }),
    close: () => void seen.push("closed"),
  }));
  assertEquals(output, UNAVAILABLE);
  assertEquals(seen, ["closed"]);
});

Deno.test("limit_time() has the signal of a fetch handler aborted", async () => {
  let signal: AbortSignal | null = null;
  const { messages } = await run(from_fetch((request) => {
    signal = request.signal;
    return new Promise(() => {});
  }));
  assertEquals(signal!.aborted, true);
  assertEquals(messages, [GIVEN_UP]);
});

Deno.test("limit_time() logs what an application throws too late", async () => {
  const fails: Record<string, (late: Promise<void>) => WSGIApplication> = {
    "an async function": (late) => async () => {
      await late;
      throw new Error("oh");
    },
    "an async generator": (late) =>
      async function* () {
        await late;
        yield await Promise.reject(new Error("oh"));
      },
    "a close()": (late) => async () => {
      await late;
      return Object.assign([], {
        close() {
          throw new Error("oh");
        },
      });
    },
  };
  for (const [what, make] of Object.entries(fails)) {
    for (const validated of [false, true]) {
      const late = Promise.withResolvers<void>();
      const app = make(late.promise);
      const { output, messages } = await run(validated ? validator(app) : app);
      assertEquals(output, UNAVAILABLE);
      late.resolve();
      await until(() => messages.length > 1);
      await sleep(0);
      const first_lines = messages.map((message) => message.split("\n")[0]);
      assertEquals(first_lines, [
        GIVEN_UP,
        '"GET /slow?x=1 HTTP/1.1" failed after it had timed out: Error: oh',
      ], what);
      assertEquals(/\n {4}at .+$/.test(messages[1]!), true);
    }
  }
});

Deno.test("limit_time() logs a late result that is none", async () => {
  const late = Promise.withResolvers<void>();
  const { messages } = await run(async () => {
    await late.promise;
    return "hello" as unknown as WSGIResult;
  });
  late.resolve();
  await until(() => messages.length > 1);
  assertEquals(
    messages[1]!.split("\n")[0],
    '"GET /slow?x=1 HTTP/1.1" failed after it had timed out: TypeError: an application must return an iterable of Uint8Array, got "hello": encode it, and return [encode_text(text)]',
  );
});

Deno.test("limit_time() tells an application that starts or writes too late what has happened", async () => {
  let write!: Write;
  let start!: StartResponse;
  const { output, messages } = await run((_environ, start_response) => {
    write = start_response("200 OK", PLAIN);
    start = start_response;
    return new Promise(() => {});
  });
  assertEquals(output, UNAVAILABLE);
  const message = "the application timed out: it did not respond within 0.05 s";
  for (const exc_info of [undefined, new Error("oh")]) {
    await assertRejects(
      async () => start("200 OK", PLAIN, exc_info),
      Error,
      message,
    );
  }
  await assertRejects(() => write(bytes("x")), Error, message);
  write(bytes("x")); // Nobody's rejection, as with every write().
  await sleep(0);
  assertEquals(messages, [GIVEN_UP]);
});

Deno.test("limit_time() lets nothing of a late application into the page", async () => {
  // It goes on in the very moment when it is given up.
  const given_up = Promise.withResolvers<void>();
  const app = limit_time(
    async (_environ, start_response) => {
      const write = start_response("200 OK", PLAIN);
      await given_up.promise;
      await write(bytes("x")).catch(() => {});
      try {
        start_response("200 OK", PLAIN, new Error("oh"));
      } catch {
        // As it should.
      }
      return [bytes("x")];
    },
    { timeout: LIMIT, log: () => given_up.resolve() },
  );
  const { output, errors } = await run_app(app);
  assertEquals(output, UNAVAILABLE);
  assertEquals(errors, "");
});

Deno.test("limit_time() writes to wsgi.errors where it is given no log", async () => {
  const late = Promise.withResolvers<void>();
  const app = limit_time(async () => {
    await late.promise;
    throw new Error("oh");
  }, { timeout: LIMIT });
  const log = new Log();
  let flushed = 0;
  log.flush = () => void flushed++;
  const { output } = await run_app(app, {
    environ: TARGET,
    adapt: (handler) => handler.get_stderr = () => log,
  });
  assertEquals(output, UNAVAILABLE);
  assertEquals(log.text, `${GIVEN_UP}\n`);
  assertEquals(flushed, 1);
  late.resolve();
  await until(() => flushed > 1);
  const [first, second, frame] = log.text.split("\n");
  assertEquals([first, second], [
    GIVEN_UP,
    '"GET /slow?x=1 HTTP/1.1" failed after it had timed out: Error: oh',
  ]);
  assertEquals(/^ {4}at /.test(frame!), true);
});

Deno.test("limit_time() writes to the wsgi.errors of the server, whatever a waiting application makes of it", async () => {
  const app = limit_time(async (environ) => {
    await null;
    Reflect.deleteProperty(environ, "wsgi.errors");
    return await new Promise(() => {});
  }, { timeout: LIMIT });
  const { output, errors } = await run_app(app);
  assertEquals(output.split("\r\n")[0], "Status: 503 Service Unavailable");
  assertEquals(errors.includes("was not answered within"), true);
});
