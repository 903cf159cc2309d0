/** The time that an application has to answer: those that do, and what it does not concern. */

import { assertEquals, assertStrictEquals } from "@std/assert";
import { from_fetch } from "../../gateways/fetch.ts";
import { BaseCGIHandler } from "../../handlers.ts";
import { limit_time } from "../../middleware/mod.ts";
import { ServerHandler } from "../../simple_server.ts";
import type { WSGIApplication, WSGIResult } from "../../types.ts";
import { FileWrapper } from "../../util.ts";
import { validator } from "../../validate.ts";
import {
  connect,
  fastcgi,
  open_gateway,
  whole_request,
} from "../gateways/gateway_clients.ts";
import {
  bytes,
  Log,
  run_app,
  run_script,
  stream_of,
  until,
} from "../support/support.ts";
import { HELLO, LIMIT, PLAIN, run, sleep, STREAMED, TARGET } from "./timed.ts";

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
