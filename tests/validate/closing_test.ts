/** A result behind the validator is let go of once; and the warning of one that was not closed. */

import { assertEquals, assertThrows } from "@std/assert";
import type {
  WSGIApplication,
  WSGIEnvironment,
  WSGIResult,
} from "../../types.ts";
import { validator, WSGIError } from "../../validate.ts";
import { bytes, run_app, serve, until } from "../support/support.ts";
import {
  answering,
  call,
  environ_with,
  fail_on_warning,
  good_server,
  start_anything,
  TEXT,
} from "./exchange.ts";
import { type Broken, DETAILS, hello, long_body, returning } from "./rows.ts";
import { SOUND } from "./sound.ts";

Deno.test("validator() does not warn of a close() that nobody waited for", async () => {
  const app = validator(hello as WSGIApplication, {
    warn: fail_on_warning,
    close_within: 0,
  });
  for (let request = 0; request < 2; request++) {
    const result = app(environ_with(), start_anything);
    for (const _ of result as Iterable<Uint8Array>);
    (result as WSGIResult).close!();
  }
  await Promise.resolve();
});

/** How a body comes to its end: the client takes all, the application fails, the client leaves. */
const ENDS: Record<string, (app: WSGIApplication) => Promise<void>> = {
  async "the end"(app) {
    await run_app(app);
  },
  async "an error before the headers"(app) {
    await run_app(app, { environ: { "test.fail_at": "0" } });
  },
  async "an error after the headers"(app) {
    await run_app(app, { environ: { "test.fail_at": "2" } });
  },
  async "a client that leaves"(app) {
    let writes = 0;
    await run_app(app, {
      adapt(handler) {
        handler._flush = async () => {
          if (++writes > 1) throw new Deno.errors.BrokenPipe("gone");
        };
      },
    });
  },
};

/** Blocks, and an error in the place of the one that the environ names. */
function* blocks(environ: WSGIEnvironment): Generator<Uint8Array> {
  for (let index = 0; index < 4; index++) {
    if (environ["test.fail_at"] === String(index)) {
      throw new Error("on purpose");
    }
    yield bytes("ab");
  }
}

/** Results that count how often they are let go of. */
const CLOSING: Record<
  string,
  (environ: WSGIEnvironment, count: () => void) => WSGIResult
> = {
  "close() of an iterable": (environ, close) => ({
    [Symbol.iterator]: () => blocks(environ),
    close,
  }),
  "close() of an array": (environ, close) => {
    const last = environ["test.fail_at"] ? "no bytes" : bytes("cd");
    return Object.assign([bytes("ab"), last] as Uint8Array[], { close });
  },
  "close() of a file": (environ, close) => {
    const source = blocks(environ);
    return environ["wsgi.file_wrapper"]!({
      read: async (p) => {
        const { done, value } = source.next();
        if (!done) p.set(value);
        return done ? null : value.length;
      },
      close,
    });
  },
  "the finally of a generator": function* (environ, count) {
    try {
      yield* blocks(environ);
    } finally {
      count();
    }
  },
  "the finally of an async generator": async function* (environ, count) {
    try {
      yield* blocks(environ);
    } finally {
      count();
    }
  },
};

for (const [end, drive] of Object.entries(ENDS)) {
  for (const [what, make] of Object.entries(CLOSING)) {
    Deno.test(`validator() has ${what} called once at ${end}`, async () => {
      let closed = 0;
      await drive(validator(
        answering((environ) => make(environ, () => closed++)),
        { warn: fail_on_warning },
      ));
      assertEquals(closed, 1);
    });
  }
}

Deno.test("validator() has a stream cancelled when its client leaves while a block is awaited", async () => {
  let cancelled = 0;
  const stream = () =>
    new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(bytes("ab")),
      pull: () => new Promise(() => {}),
      cancel: () => void cancelled++,
    });
  await using server = serve(validator(answering(stream)));
  const response = await fetch(server.url);
  await response.body!.cancel();
  await until(() => cancelled > 0);
  assertEquals(cancelled, 1);
});

Deno.test("validator() stops a result that its server closes without having taken anything", async () => {
  let cancelled = 0;
  const result = await call(
    answering(() => new ReadableStream({ cancel: () => void cancelled++ })),
  );
  await result.close!();
  assertEquals(cancelled, 1);
});

Deno.test("validator() gives a server time to close before it warns", async () => {
  const app = validator(hello as WSGIApplication, { warn: fail_on_warning });
  const result = await app(environ_with(), start_anything);
  await Array.fromAsync(result);
  await good_server(app, environ_with());
  await result.close!();
});

Deno.test("validator() does not warn of a result that is still being read", async () => {
  const app = validator(SOUND["a generator"]!.app, {
    warn: fail_on_warning,
    close_within: 0,
  });
  const result = await app(environ_with(), start_anything) as
    & Iterable<Uint8Array>
    & WSGIResult;
  result[Symbol.iterator]().next();
  await good_server(app, environ_with());
  await result.close!();
});

/** Results that are over before their end, and how a server takes of them. */
const OVER: Record<
  string,
  { app: Broken["app"]; take(iterator: Iterator<Uint8Array>): unknown }
> = {
  "has failed": {
    app: returning(blocks({ ...environ_with(), "test.fail_at": "0" })),
    take: (iterator) => assertThrows(() => iterator.next(), Error, "purpose"),
  },
  "breaks a rule": {
    app: returning(new Set(["text"])),
    take: (iterator) => assertThrows(() => iterator.next(), WSGIError),
  },
  "was left by its server": {
    app: returning(long_body()),
    take: (iterator) => iterator.return!(),
  },
  "has reached its Content-Length": {
    app: returning(long_body(), [...TEXT, ["Content-Length", "3"]]),
    take: (iterator) => iterator.next(),
  },
};

for (const [when, { app, take }] of Object.entries(OVER)) {
  Deno.test(`validator() warns, once, of a result that ${when} and was not closed`, async () => {
    const warnings: string[] = [];
    const checked = validator(app as WSGIApplication, {
      warn: ({ message }) => warnings.push(message),
      close_within: 0,
    });
    const result = await checked(environ_with(), start_anything);
    take((result as Iterable<Uint8Array>)[Symbol.iterator]());
    await checked(environ_with(), start_anything);
    await checked(environ_with(), start_anything);
    assertEquals(warnings, [
      `the server must call close() of every result, got none for the result of "GET /", which ended before this request ${DETAILS}`,
    ]);
  });
}
