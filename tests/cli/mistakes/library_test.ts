/** Mistakes in a program that uses the library, as its author reads them. */

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { serve } from "../../../cli/mod.ts";
import { from_fetch, to_fetch } from "../../../gateways/fetch.ts";
import { serve_fastcgi } from "../../../gateways/fastcgi.ts";
import { serve_scgi } from "../../../gateways/scgi.ts";
import { serve_uwsgi } from "../../../gateways/uwsgi.ts";
import { CGIHandler } from "../../../handlers.ts";
import { limit_body } from "../../../middleware/mod.ts";
import { demo_app, make_server, WSGIServer } from "../../../simple_server.ts";
import { encode_text } from "../../../util.ts";
import { validator } from "../../../validate.ts";

// deno-lint-ignore no-explicit-any
type Anything = any;

/** As of Hono, and of anything else that is served by the command as it is. */
class Shop {
  fetch() {
    return new Response();
  }
}
const shop: Anything = new Shop();

const NONE = "the application must be a function, got an object of class Shop" +
  ": it has a method fetch, and from_fetch(app.fetch) makes an application of that";
const ADDRESS = "an address is [host, port], or the path of a Unix socket, got";
const APPLICATION =
  "serve() takes an application (a WSGI function, or an object with a " +
  "method fetch), got";

const loose: Record<string, Anything> = {
  make_server,
  serve,
  serve_fastcgi,
};

async function set_other_app(): Promise<void> {
  const server = make_server("127.0.0.1", 0, demo_app);
  try {
    server.set_app(shop);
  } finally {
    await server.server_close();
  }
}

const MISTAKES: [what: string, make: () => unknown, said: string][] = [
  ["to_fetch(shop)", () => to_fetch(shop), NONE],
  ["validator(shop)", () => validator(shop), NONE],
  ["limit_body(shop)", () => limit_body(shop, { max_size: 1 }), NONE],
  [
    "make_server(host, port, shop)",
    () => make_server("127.0.0.1", 0, shop),
    NONE,
  ],
  ["set_app(shop)", set_other_app, NONE],
  ["serve_fastcgi(shop)", () => serve_fastcgi(shop, ["127.0.0.1", 0]), NONE],
  ["CGIHandler.run(shop)", () => new CGIHandler().run(shop), NONE],
  [
    "CGIHandler.run()",
    () => new CGIHandler().run(undefined as Anything),
    "the application must be a function, got undefined",
  ],
  [
    "from_fetch(shop)",
    () => from_fetch(shop),
    "the fetch handler must be a function, got an object of class Shop: it has a method fetch, and from_fetch(app.fetch) makes an application of that",
  ],
  [
    "validator(promise)",
    () => validator(Promise.resolve(demo_app) as Anything),
    "the application must be a function, got an object of class Promise: await it",
  ],
  [
    "make_server(8000, app)",
    () => loose.make_server(8000, demo_app),
    "the host must be a string, got 8000",
  ],
  [
    "make_server(host, app)",
    () => loose.make_server("127.0.0.1", demo_app),
    "the port must be a number, got a function",
  ],
  [
    "a port that is none",
    () => make_server("127.0.0.1", 70000, demo_app),
    "the port must be a whole number from 0 to 65535, got 70000",
  ],
  [
    "serve_fastcgi(app, HOST:PORT)",
    () => serve_fastcgi(demo_app, "127.0.0.1:9000"),
    `${ADDRESS} "127.0.0.1:9000"`,
  ],
  [
    "serve_fastcgi(app, port)",
    () => loose.serve_fastcgi(demo_app, 9000),
    `${ADDRESS} 9000`,
  ],
  ["serve(name)", () => loose.serve("app.ts"), `${APPLICATION} "app.ts"`],
  [
    "serve(class)",
    () => loose.serve(Shop),
    `${APPLICATION} a function: an instance is one, new Shop()`,
  ],
  [
    "serve(promise)",
    () => loose.serve(Promise.resolve(shop)),
    `${APPLICATION} an object of class Promise: await the promise first`,
  ],
  [
    "serve((req, res) => ...)",
    () => loose.serve((req: Anything, res: Anything) => res.end(req.url)),
    `${APPLICATION} a function: what takes Node's (req, res) needs an adapter, see docs/fetch.md`,
  ],
  [
    "encode_text(5)",
    () => encode_text(5 as Anything),
    "text must be a string, got 5",
  ],
];

Deno.test("the library names each mistake and its remedy", async () => {
  for (const [what, make, said] of MISTAKES) {
    const error = await assertRejects(async () => await make(), Error);
    assertEquals([what, error.message], [what, said]);
  }
});

Deno.test("a mistake in an address is an error of its kind", () => {
  assertThrows(() => loose.make_server(), TypeError);
  assertThrows(() => make_server("127.0.0.1", -1, demo_app), RangeError);
});

Deno.test("a mistake in an application leaves no server behind", async () => {
  const folder = await Deno.makeTempDir();
  for (const make of [serve_fastcgi, serve_scgi, serve_uwsgi]) {
    assertThrows(() => make(shop, `${folder}/socket`), TypeError);
  }
  assertEquals([...Deno.readDirSync(folder)], []);
  await Deno.remove(folder);
  let is_made = false;
  class Noted extends WSGIServer {
    constructor(...args: ConstructorParameters<typeof WSGIServer>) {
      is_made = true;
      super(...args);
    }
  }
  assertThrows(() => make_server("127.0.0.1", 0, shop, Noted), TypeError);
  assertEquals(is_made, false);
});
