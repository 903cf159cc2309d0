/** The time that an application has to answer, and what becomes of one that does not. */

import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { Deadlines, type Waiting } from "../../middleware/deadlines.ts";
import { limit_time } from "../../middleware/mod.ts";
import { from_fetch } from "../../gateways/fetch.ts";
import { BaseCGIHandler } from "../../handlers.ts";
import { ServerHandler } from "../../simple_server.ts";
import type {
  StartResponse,
  Write,
  WSGIApplication,
  WSGIResult,
} from "../../types.ts";
import { FileWrapper } from "../../util.ts";
import { validator } from "../../validate.ts";
import {
  ask,
  connect,
  fastcgi,
  open_gateway,
  protocols,
  whole_request,
} from "../gateways/gateway_clients.ts";
import {
  bytes,
  Log,
  raw_request,
  run_app,
  run_script,
  serve,
  stream_of,
  until,
} from "../support/support.ts";

const PLAIN: [string, string][] = [["Content-Type", "text/plain"]];

/** Long enough for every application that answers, short enough to be waited for. */
const LIMIT = 0.05;

const PAGE =
  "Content-Type: text/plain\r\nContent-Length: 19\r\n\r\nService Unavailable";
const UNAVAILABLE = `Status: 503 Service Unavailable\r\n${PAGE}`;
const HELLO =
  "Status: 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello";
const STREAMED = "Status: 200 OK\r\nContent-Type: text/plain\r\n\r\nhello";

const TARGET = {
  REQUEST_METHOD: "GET",
  REQUEST_URI: "/slow?x=1",
  SERVER_PROTOCOL: "HTTP/1.1",
};
const GIVEN_UP = '"GET /slow?x=1 HTTP/1.1" was not answered within 0.05 s: 503';

/** Waits longer than an application may. */
function sleep(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
}

/** What a request through the limit left behind. */
async function run(app: WSGIApplication, seconds = LIMIT) {
  const messages: string[] = [];
  const limited = limit_time(
    app,
    { timeout: seconds, log: (message) => void messages.push(message) },
  );
  const { output, errors } = await run_app(limited, { environ: TARGET });
  return { output, errors, messages };
}

// Applications that answer

Deno.test("limit_time() of 0 is the application itself", () => {
  const app: WSGIApplication = () => [];
  assertStrictEquals(limit_time(app, { timeout: 0, log: () => {} }), app);
});

Deno.test("limit_time() hands on what is returned at once, or was begun, as it is", async () => {
  const results: WSGIResult[] = [
    [bytes("hello")],
    (function* () {
      yield bytes("hello");
    })(),
    (async function* () {
      yield bytes("hello");
    })(),
    stream_of("hello"),
    new FileWrapper(stream_of("hello")),
  ];
  for (const result of results) {
    for (const is_async of [false, true]) {
      const app = limit_time(
        (_environ, start_response) => {
          start_response("200 OK", []);
          return is_async ? Promise.resolve(result) : result;
        },
        { timeout: LIMIT, log: () => {} },
      );
      const start_response = () => () => Promise.resolve();
      const environ = TARGET as unknown as Parameters<WSGIApplication>[0];
      assertStrictEquals(await app(environ, start_response), result);
    }
  }
});

Deno.test("limit_time() changes nothing about an application that answers in time", async () => {
  const apps: Record<string, [WSGIApplication, string]> = {
    "a function": [(_environ, start_response) => {
      start_response("200 OK", PLAIN);
      return [bytes("hello")];
    }, HELLO],
    "an async function": [async (_environ, start_response) => {
      await sleep(0);
      start_response("200 OK", PLAIN);
      return [bytes("hello")];
    }, HELLO],
    "a generator": [function* (_environ, start_response) {
      start_response("200 OK", PLAIN);
      yield bytes("hel");
      yield bytes("lo");
    }, STREAMED],
    "an async generator": [async function* (_environ, start_response) {
      await sleep(0);
      start_response("200 OK", PLAIN);
      yield bytes("hel");
      await sleep(0);
      yield bytes("lo");
    }, STREAMED],
    "an async function that returns a generator": [
      async (_environ, start_response) =>
        (async function* () {
          await sleep(0);
          start_response("200 OK", PLAIN);
          yield bytes("hello");
        })(),
      STREAMED,
    ],
    "a fetch handler": [
      from_fetch(async () => {
        await sleep(0);
        return new Response("hello", {
          headers: { "content-type": "text/plain", "content-length": "5" },
        });
      }),
      HELLO.replace("Content-Type", "content-length: 5\r\ncontent-type")
        .replace("\r\nContent-Length: 5", ""),
    ],
    "write()": [async (_environ, start_response) => {
      const write = start_response("200 OK", PLAIN);
      await write(bytes("hel"));
      await write(bytes("lo"));
      return [];
    }, STREAMED],
    "an error page": [async (_environ, start_response) => {
      start_response("404 Not Found", PLAIN);
      await sleep(0);
      start_response("200 OK", PLAIN, new Error("never mind"));
      return [bytes("hello")];
    }, HELLO],
  };
  for (const [what, [app, expected]] of Object.entries(apps)) {
    for (const checked of [app, validator(app)]) {
      const { output, errors, messages } = await run(checked, 60);
      assertEquals(output, expected, what);
      assertEquals(errors, "");
      assertEquals(messages, []);
    }
  }
});

Deno.test("limit_time() passes on what is thrown in time", async () => {
  const apps: WSGIApplication[] = [
    () => {
      throw new Error("oh");
    },
    async () => {
      await sleep(0);
      throw new Error("oh");
    },
    async function* () {
      await sleep(0);
      yield await Promise.reject(new Error("oh"));
    },
  ];
  for (const app of apps) {
    const { output, errors, messages } = await run(app, 60);
    assertEquals(output.slice(0, 11), "Status: 500");
    assertEquals(errors.split("\n")[0], "Error: oh");
    assertEquals(messages, []);
  }
});

Deno.test("limit_time() needs no timer for an application that answers at once, and one for all others", async () => {
  const set_timeout = globalThis.setTimeout;
  let timers = 0;
  globalThis.setTimeout = ((...args: Parameters<typeof setTimeout>) => {
    timers++;
    return set_timeout(...args);
  }) as typeof setTimeout;
  try {
    const plain: WSGIApplication = (_environ, start_response) => {
      start_response("200 OK", PLAIN);
      return [bytes("hello")];
    };
    const limited = limit_time(plain, { timeout: 60, log: () => {} });
    for (let i = 0; i < 100; i++) await run_app(limited);
    assertEquals(timers, 0);
    const is_async = limit_time(
      async (...args) => plain(...args),
      { timeout: 60, log: () => {} },
    );
    for (let i = 0; i < 100; i++) await run_app(is_async);
    assertEquals(timers, 1);
  } finally {
    globalThis.setTimeout = set_timeout;
  }
});

Deno.test("limit_time() keeps the process alive until the answer, and no longer", async () => {
  const { code, stdout, stderr } = await run_script(["-"], {
    stdin: `
      import { limit_time } from "./middleware/mod.ts";
      const at_once = async (_environ, start_response) => {
        start_response("200 OK", []);
        return [];
      };
      const never = () => new Promise(() => {});
      const environ = {
        REQUEST_METHOD: "GET",
        REQUEST_URI: "/",
        SERVER_PROTOCOL: "HTTP/1.1",
      };
      await limit_time(at_once, { timeout: 1e6, log: console.log })(environ, () => {});
      await limit_time(never, { timeout: 0.01, log: console.log })(environ, () => {});
    `,
  });
  const message = '"GET / HTTP/1.1" was not answered within 0.01 s: 503\n';
  assertEquals([code, stdout, stderr], [0, message, ""]);
});

// Applications that do not

/** What an application does that does not answer in time. */
const slow: Record<string, (late: Promise<void>) => WSGIApplication> = {
  "an async function": (late) => async (_environ, start_response) => {
    await late;
    start_response("200 OK", PLAIN);
    return [bytes("hello")];
  },
  "an async function that has called start_response()":
    (late) => async (_environ, start_response) => {
      start_response("200 OK", PLAIN);
      await late;
      return [bytes("hello")];
    },
  "an async generator": (late) =>
    async function* (_environ, start_response) {
      await late;
      start_response("200 OK", PLAIN);
      yield bytes("hello");
    },
  "an async generator that has called start_response()": (late) =>
    async function* (_environ, start_response) {
      start_response("200 OK", PLAIN);
      await late;
      yield bytes("hello");
    },
  "an async function that returns a generator":
    (late) => async (_environ, start_response) => {
      await sleep(0);
      return (async function* () {
        await late;
        start_response("200 OK", PLAIN);
        yield bytes("hello");
      })();
    },
  "a stream that calls start_response()":
    (late) => (_environ, start_response) =>
      new ReadableStream({
        async pull(controller) {
          await late;
          start_response("200 OK", PLAIN);
          controller.enqueue(bytes("hello"));
        },
      }, { highWaterMark: 0 }),
  "a fetch handler": (late) =>
    from_fetch(async () => {
      await late;
      return new Response("hello");
    }),
  "a fetch handler that looks at its signal": () =>
    from_fetch(({ signal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason));
      })
    ),
};

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

// What it does not concern

Deno.test("limit_time() does not limit the time between the blocks", async () => {
  const { output, messages } = await run(
    async function* (_environ, start_response) {
      start_response("200 OK", PLAIN);
      yield bytes("hel");
      await sleep(3 * LIMIT);
      yield bytes("lo");
    },
  );
  assertEquals(output, STREAMED);
  assertEquals(messages, []);
});

Deno.test("limit_time() takes an empty block for an answer", async () => {
  const { output, messages } = await run(
    async function* (_environ, start_response) {
      start_response("200 OK", PLAIN);
      yield bytes("");
      await sleep(3 * LIMIT);
      yield bytes("hello");
    },
  );
  assertEquals(output, STREAMED);
  assertEquals(messages, []);
});

Deno.test("limit_time() leaves a result alone that comes after start_response()", async () => {
  const events = async function* () {
    await sleep(3 * LIMIT);
    yield bytes("hello");
  };
  const apps: WSGIApplication[] = [
    (_environ, start_response) => {
      start_response("200 OK", PLAIN);
      return events();
    },
    async (_environ, start_response) => {
      start_response("200 OK", PLAIN);
      return ReadableStream.from(events());
    },
  ];
  for (const app of apps) {
    const { output, messages } = await run(app);
    assertEquals(output, STREAMED);
    assertEquals(messages, []);
  }
});

Deno.test("limit_time() leaves an application alone that has written", async () => {
  const { output, messages } = await run(async (_environ, start_response) => {
    const write = start_response("200 OK", PLAIN);
    await write(bytes("hel"));
    await sleep(3 * LIMIT);
    await write(bytes("lo"));
    return [];
  });
  assertEquals(output, STREAMED);
  assertEquals(messages, []);
});

// What comes too late

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
        '"GET /slow?x=1 HTTP/1.1" failed after it was given up: Error: oh',
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
    '"GET /slow?x=1 HTTP/1.1" failed after it was given up: TypeError: an application must return an iterable of Uint8Array, got "hello": encode it, and return [data]',
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
  const message =
    "the application was given up: it had not answered within 0.05 s";
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

// Clients that leave

Deno.test("limit_time() waits no longer than the client", async () => {
  const seen: string[] = [];
  const messages: string[] = [];
  let handler!: BaseCGIHandler;
  const result = {
    [Symbol.asyncIterator]: () => ({
      next: () => {
        seen.push("asked");
        return new Promise<never>(() => {});
      },
    }),
    close: () => void seen.push("closed"),
  };
  const app = limit_time(
    () => result,
    { timeout: LIMIT, log: (message) => void messages.push(message) },
  );
  const running = run_app(app, {
    handler_class: BaseCGIHandler,
    adapt: (made) => handler = made,
  });
  await until(() => seen.length > 0);
  handler.abort();
  const { output, errors } = await running;
  assertEquals(seen, ["asked", "closed"]);
  assertEquals(output, "");
  assertEquals(errors, "");
  await sleep(2 * LIMIT);
  assertEquals(messages, []);
});

Deno.test("limit_time() ends a generator whose client leaves before its first block", async () => {
  const seen: string[] = [];
  const messages: string[] = [];
  const late = Promise.withResolvers<void>();
  const app = limit_time(
    async function* () {
      try {
        seen.push("begun");
        await late.promise;
        yield bytes("x");
      } finally {
        seen.push("ended");
      }
    },
    { timeout: 60, log: (message) => void messages.push(message) },
  );
  await using gateway = await open_gateway(fastcgi, app);
  const conn = await connect(gateway.server.server_address);
  await conn.write(whole_request(fastcgi));
  await until(() => seen.length > 0);
  conn.close();
  await until(() => gateway.log.text !== "");
  late.resolve();
  await until(() => seen.length > 1);
  assertEquals(seen, ["begun", "ended"]);
  assertEquals(messages, []);
});

Deno.test("limit_time() closes a result between its blocks when the client leaves", async () => {
  const seen: string[] = [];
  const steps = [
    Promise.resolve({ value: bytes("x"), done: false }),
    new Promise<never>(() => {}),
  ];
  const app: WSGIApplication = (_environ, start_response) => ({
    [Symbol.asyncIterator]: () => ({
      next() {
        if (steps.length > 1) start_response("200 OK", PLAIN);
        return steps.shift()!;
      },
    }),
    close: () => void seen.push("closed"),
  });
  const handler = new ServerHandler(stream_of(), new Log(), TARGET);
  const response = await handler.respond(
    limit_time(app, { timeout: 60, log: () => {} }),
  );
  const reader = response.body!.getReader();
  assertEquals((await reader.read()).value, bytes("x"));
  await reader.cancel();
  await until(() => seen.length > 0);
  assertEquals(seen, ["closed"]);
});

// Deadlines

Deno.test("Deadlines expire in their order, those alone that still wait", async () => {
  const expired: string[] = [];
  const deadlines = new Deadlines(20);
  const waiting = (name: string): Waiting => ({
    place: 0,
    deadline: 0,
    expire: () => void expired.push(name),
  });
  const [first, second, third, again] = ["first", "second", "third", "again"]
    .map(waiting);
  deadlines.add(first!);
  deadlines.add(second!);
  deadlines.add(again!);
  deadlines.delete(second!);
  await sleep(0.01);
  deadlines.add(third!);
  await until(() => expired.length === 3);
  assertEquals(expired, ["first", "again", "third"]);
  deadlines.add(again!);
  deadlines.delete(again!);
  deadlines.delete(again!);
  await sleep(0.04);
  deadlines.add(again!);
  await until(() => expired.length === 4);
  assertEquals(expired.at(-1), "again");
});
