/** The limit of requests at once: what is counted, from when on, and until when. */

import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
} from "@std/assert";
import { BaseCGIHandler } from "../../handlers.ts";
import { limit_concurrency } from "../../middleware/mod.ts";
import { ServerHandler } from "../../simple_server.ts";
import type {
  StartResponse,
  WSGIApplication,
  WSGIEnvironment,
  WSGIResult,
} from "../../types.ts";
import { FileWrapper } from "../../util.ts";
import { validator } from "../../validate.ts";
import { bytes, Log, run_app, stream_of, until } from "../support/support.ts";

const PLAIN: [string, string][] = [["Content-Type", "text/plain"]];

const REFUSED =
  "Status: 503 Service Unavailable\r\nContent-Type: text/plain\r\n" +
  "Content-Length: 19\r\nRetry-After: 1\r\n\r\nService Unavailable";

const ENVIRON = { REQUEST_METHOD: "GET" } as WSGIEnvironment;
const start: StartResponse = () => async () => {};

/** An application that gives a result, at once or not. */
function giving(make: () => WSGIResult, is_async = false): WSGIApplication {
  return (_environ, start_response) => {
    start_response("200 OK", PLAIN);
    return is_async ? Promise.resolve().then(make) : make();
  };
}

/** Whether one more request is let through to an application that lets one at once. */
async function is_free(app: WSGIApplication): Promise<boolean> {
  let status = "";
  const result = await app(ENVIRON, (given) => {
    status = given;
    return async () => {};
  });
  await result.close?.();
  return status !== "503 Service Unavailable";
}

const never: WSGIApplication = () => new Promise(() => {});

Deno.test("limit_concurrency() of 0 is the application itself", () => {
  assertStrictEquals(limit_concurrency(never, { max_concurrent: 0 }), never);
});

Deno.test("limit_concurrency() lets so many through, and tells the others to come again", async () => {
  let calls = 0;
  const app = limit_concurrency(() => {
    calls++;
    return new Promise(() => {});
  }, { max_concurrent: 3 });
  for (let i = 0; i < 3; i++) app(ENVIRON, start);
  for (let i = 0; i < 2; i++) {
    const { output, errors } = await run_app(validator(app));
    assertEquals([output, errors], [REFUSED, ""]);
  }
  const { output } = await run_app(app, {
    environ: { REQUEST_METHOD: "HEAD" },
  });
  assertEquals(output, REFUSED.slice(0, -"Service Unavailable".length));
  assertEquals(calls, 3);
});

// What the application returns

class OwnWrapper extends FileWrapper {
  #name = "own";
  get name(): string {
    return this.#name;
  }
}

/** Results of every kind, each made anew. */
const kinds: Record<string, () => WSGIResult> = {
  "an array": () => [bytes("he"), bytes("llo")],
  "an array of one": () => [bytes("hello")],
  "an array of none": () => [],
  "a frozen array": () => Object.freeze([bytes("hello")]) as Uint8Array[],
  "an array with close()": () =>
    Object.assign([bytes("hello")], { close() {} }),
  "an array of a class": () =>
    new (class extends Array<Uint8Array> {})(bytes("hello")) as Uint8Array[],
  "a set": () => new Set([bytes("he"), bytes("llo")]),
  "a generator": function* () {
    yield bytes("he");
    yield bytes("llo");
  },
  "an async generator": async function* () {
    yield bytes("he");
    yield bytes("llo");
  },
  "a stream": () => stream_of("he", "llo"),
  "a file": () => new FileWrapper(stream_of("hello")),
  "a file of a class": () => new OwnWrapper(stream_of("hello")),
  "a frozen object": () =>
    Object.freeze({
      [Symbol.iterator]: () => [bytes("hello")][Symbol.iterator](),
      close() {},
    }),
  "an iterable that is no iterator": () => ({
    async *[Symbol.asyncIterator]() {
      yield bytes("hello");
    },
  }),
};

for (const [kind, make] of Object.entries(kinds)) {
  Deno.test(`limit_concurrency() sends ${kind} as it is sent without it`, async () => {
    for (const is_async of [false, true]) {
      const plain = giving(make, is_async);
      for (
        const [app, wrap] of [
          [plain, (app: WSGIApplication) => app],
          [validator(plain), (app: WSGIApplication) => app],
          [plain, validator],
        ] as const
      ) {
        const limited = limit_concurrency(app, { max_concurrent: 1 });
        const expected = await run_app(wrap(app));
        for (let i = 0; i < 3; i++) {
          const { output, errors, chunks } = await run_app(wrap(limited));
          assertEquals([output, errors], [expected.output, ""]);
          assertEquals(chunks, expected.chunks);
        }
      }
    }
  });

  Deno.test(`limit_concurrency() counts a request until ${kind} is closed`, async () => {
    for (const is_async of [false, true]) {
      const app = limit_concurrency(giving(make, is_async), {
        max_concurrent: 1,
      });
      const result = await app(ENVIRON, start);
      assertEquals(await is_free(app), false);
      let text = "";
      for await (const block of result) text += new TextDecoder().decode(block);
      assertEquals(text, kind === "an array of none" ? "" : "hello");
      assertEquals(await is_free(app), false);
      await result.close!();
      assertEquals(await is_free(app), true);
      await result.close!(); // A second time: no other request ends by it.
      const next = await app(ENVIRON, start);
      assertEquals(await is_free(app), false);
      await next.close!();
      assertEquals(await is_free(app), true);
    }
  });
}

Deno.test("limit_concurrency() leaves alone what an application returns again and again", async () => {
  const shared: WSGIResult[] = [
    [bytes("hello")],
    { [Symbol.iterator]: () => [bytes("hello")][Symbol.iterator]() },
  ];
  for (const result of shared) {
    const before = Reflect.ownKeys(result);
    const app = limit_concurrency(giving(() => result), { max_concurrent: 2 });
    const [first, second] = [
      await app(ENVIRON, start),
      await app(ENVIRON, start),
    ];
    assertEquals(await is_free(app), false);
    await first.close!();
    assertEquals(await is_free(app), true);
    await second.close!();
    assertEquals(Reflect.ownKeys(result), before);
  }
});

Deno.test("limit_concurrency() leaves a server to see what it can send its best way", async () => {
  class SendingHandler extends BaseCGIHandler {
    sent: unknown = null;
    override sendfile(): boolean {
      this.sent = (this.result as FileWrapper).filelike;
      return false;
    }
  }
  const file = stream_of("hello");
  for (const wrapper of [FileWrapper, OwnWrapper]) {
    const app = limit_concurrency((environ, start_response) => {
      start_response("200 OK", PLAIN);
      return environ["wsgi.file_wrapper"]!(file);
    }, { max_concurrent: 1 });
    const { handler } = await run_app(app, {
      handler_class: SendingHandler,
      adapt: (handler) => handler.wsgi_file_wrapper = wrapper,
    });
    assertStrictEquals(handler.sent, file);
  }
});

Deno.test("limit_concurrency() has the result closed exactly once, when the client has it or has left", async () => {
  for (const leaves of [false, true]) {
    const seen: string[] = [];
    const app = limit_concurrency(
      giving(() =>
        Object.assign(
          (async function* () {
            try {
              yield bytes("he");
              yield bytes("llo");
            } finally {
              seen.push("ended");
            }
          })(),
          { close: () => void seen.push("closed") },
        )
      ),
      { max_concurrent: 1 },
    );
    const handler = new ServerHandler(stream_of(), new Log(), ENVIRON);
    const response = await handler.respond(app);
    const reader = response.body!.getReader();
    assertEquals((await reader.read()).value, bytes("he"));
    assertEquals(await is_free(app), false);
    if (leaves) await reader.cancel();
    else while (!(await reader.read()).done);
    await until(() => seen.includes("closed"));
    await Promise.resolve();
    assertEquals(seen, ["ended", "closed"]);
    assertEquals(await is_free(app), true);
  }
});

Deno.test("limit_concurrency() has a stream let go whose client leaves while it is waited for", async () => {
  let cancelled = false;
  const app = limit_concurrency(
    giving(() =>
      new ReadableStream({
        start: (controller) => controller.enqueue(bytes("x")),
        cancel: () => void (cancelled = true),
      })
    ),
    { max_concurrent: 1 },
  );
  const handler = new ServerHandler(stream_of(), new Log(), ENVIRON);
  const response = await handler.respond(app);
  const reader = response.body!.getReader();
  await reader.read();
  await reader.cancel();
  await until(() => cancelled);
  assertEquals(await is_free(app), true);
});

Deno.test("limit_concurrency() counts a request while its close() takes time", async () => {
  const closing = Promise.withResolvers<void>();
  const app = limit_concurrency(
    giving(() => Object.assign([bytes("x")], { close: () => closing.promise })),
    { max_concurrent: 1 },
  );
  const running = run_app(app);
  await Promise.resolve();
  const result = await app(ENVIRON, start);
  assertEquals("close" in result, false); // The page of the refusal.
  closing.resolve();
  await running;
  assert("close" in await app(ENVIRON, start));
});

// What goes wrong

const failing: Record<string, WSGIApplication> = {
  "throws": () => {
    throw new Error("oh");
  },
  "rejects": async () => {
    throw new Error("oh");
  },
  "returns nothing": () => undefined as unknown as WSGIResult,
  "returns a text": async () => "hello" as unknown as WSGIResult,
  "returns bytes": () => bytes("hello") as unknown as WSGIResult,
  "is a generator that throws": function* (_environ, start_response) {
    start_response("200 OK", PLAIN);
    yield bytes("x");
    throw new Error("oh");
  },
  "is an async generator that throws": async function* () {
    yield await Promise.reject(new Error("oh"));
  },
  "fails in close()": giving(() =>
    Object.assign([bytes("x")], {
      close() {
        throw new Error("oh");
      },
    })
  ),
  "returns a stream that is locked": giving(() => {
    const stream = stream_of("x");
    stream.getReader();
    return stream;
  }),
};

for (const [what, app] of Object.entries(failing)) {
  Deno.test(`limit_concurrency() counts no more a request whose application ${what}`, async () => {
    const limited = limit_concurrency(app, { max_concurrent: 1 });
    const expected = await run_app(app);
    for (let i = 0; i < 3; i++) {
      const { output, errors } = await run_app(limited);
      assertEquals(output, expected.output);
      assertEquals(errors.split("\n")[0], expected.errors.split("\n")[0]);
    }
  });
}

Deno.test("limit_concurrency() refuses what an application may not return, as a server does", async () => {
  const app = limit_concurrency(failing["returns a text"]!, {
    max_concurrent: 1,
  });
  await assertRejects(
    async () => await app(ENVIRON, start),
    TypeError,
    'an application must return an iterable of Uint8Array, got "hello"',
  );
});

// Who counts

Deno.test("limit_concurrency() asks a counter that it is given, and hands the result on as it is", async () => {
  const counter = { active: 0 };
  for (const make of Object.values(kinds)) {
    const result = make();
    const app = limit_concurrency(giving(() => result), {
      max_concurrent: 2,
      counter,
    });
    counter.active = 2; // This request and another one.
    assertStrictEquals(await app(ENVIRON, start), result);
    counter.active = 3;
    const { output } = await run_app(app);
    assertEquals(output, REFUSED);
  }
});

Deno.test("limit_concurrency() counts for each application by itself", async () => {
  const [first, second] = [1, 2].map(() =>
    limit_concurrency(giving(() => []), { max_concurrent: 1 })
  );
  await first!(ENVIRON, start);
  assertEquals(await is_free(first!), false);
  assertEquals(await is_free(second!), true);
});
