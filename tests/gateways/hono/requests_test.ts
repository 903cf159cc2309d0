/** The application of examples/hono.ts through every way to it. */

import { assert, assertEquals, assertFalse, assertMatch } from "@std/assert";
import app, { hono } from "../../../examples/hono.ts";
import type { HeaderList } from "../../../types.ts";
import { validator } from "../../../validate.ts";
import type { DoorRequest } from "../../conformance/doors/door.ts";
import { bytes, text, until } from "../../support/support.ts";
import {
  HONO_PLAIN,
  NOT_FOUND,
  request_of,
  same_bytes,
  type Seen,
  seen,
  served,
  WAYS,
} from "./ways.ts";

/** A text that the client gets as UTF-8. */
function hello(name: string): Seen {
  const body = text(new TextEncoder().encode(`Hello, ${name}!\n`));
  return { status: 200, headers: PLAIN, body };
}

function bodiless(answer: Seen): Seen {
  return { ...answer, body: "" };
}

/** What a `Response` says of a string. */
const PLAIN: HeaderList = [["content-type", "text/plain;charset=UTF-8"]];

const FAILED: Seen = {
  status: 500,
  headers: HONO_PLAIN,
  body: "Sorry, that did not work.\n",
};
const ONE: Seen = {
  status: 200,
  headers: [...HONO_PLAIN, ["x-content-type-options", "nosniff"]],
  body: "1\n",
};

function visit(number: number): Seen {
  const cookie: [string, string] = ["set-cookie", `visits=${number}; Path=/`];
  const headers = [...HONO_PLAIN, cookie];
  return { status: 200, headers, body: `Visit ${number}\n` };
}

function echo(body: string): Seen {
  const headers: HeaderList = [["content-type", "application/octet-stream"]];
  return { status: 200, headers, body };
}

function moved(location: string): Seen {
  return { status: 302, headers: [["location", location]], body: "" };
}

const every_byte = Uint8Array.from({ length: 256 }, (_, byte) => byte);

const REQUESTS: [request: DoorRequest, expected: Seen][] = [
  [request_of("GET /hello/Ada"), hello("Ada")],
  [request_of("GET /hello/Ada?x=%20&y"), hello("Ada")],
  [request_of("GET /hello/caf%C3%A9"), hello("café")],
  [request_of("GET /hello/%E8%8A%B1%E5%AD%90"), hello("花子")],
  [request_of("GET /hello/a%20b+c"), hello("a b+c")],
  [request_of("GET /hello/a%2Fb"), hello("a/b")],
  [request_of("GET /hello/a%252Fb"), hello("a%2Fb")],
  [request_of("GET /hello/100%25"), hello("100%")],
  [request_of("GET /hello/a;b=c:d@e"), hello("a;b=c:d@e")],
  [request_of("GET /hello/a/b"), NOT_FOUND],
  [request_of("GET /hello/Ada/"), NOT_FOUND],
  [request_of("GET /none"), NOT_FOUND],
  [request_of("PUT /hello/Ada", [], bytes("x")), NOT_FOUND],
  [request_of("HEAD /hello/Ada"), bodiless(hello("Ada"))],
  [request_of("HEAD /count?to=9"), bodiless(ONE)],
  [request_of("HEAD /none"), bodiless(NOT_FOUND)],
  [request_of("GET /hi/caf%C3%A9%2F"), moved("../hello/caf%C3%A9%2F")],
  [request_of("GET /visits"), visit(1)],
  [request_of("GET /visits", [["Cookie", "a=b; visits=41"]]), visit(42)],
  [request_of("GET /count?to=1"), ONE],
  [request_of("GET /count?to=0"), { ...ONE, body: "" }],
  [request_of("POST /echo"), echo("")],
  [request_of("POST /echo", [], bytes("caf\xc3\xa9")), echo("caf\xc3\xa9")],
  [request_of("POST /echo", [], every_byte), echo(text(every_byte))],
];

for (const [through, open] of Object.entries(WAYS)) {
  Deno.test(`examples/hono.ts answers through ${through}`, async (t) => {
    await using way = await open();
    for (const [request, expected] of REQUESTS) {
      const { method, target, headers } = request;
      const name = [method, target, ...headers.slice(1)].join(" ");
      await t.step(name, async () => {
        assertEquals(seen(await way.send(request)), expected);
      });
    }
    assertEquals(way.log(), "");
  });

  Deno.test(`examples/hono.ts answers a failure, and logs it, through ${through}`, async () => {
    await using way = await open();
    assertEquals(seen(await way.send(request_of("GET /fail"))), FAILED);
    await until(() => way.log() !== "");
    assertMatch(way.log(), /^Error: the well is dry\n( {4}at .+\n)+$/);
  });

  Deno.test(`examples/hono.ts shows its environ through ${through}`, async () => {
    await using way = await open();
    const { status, body } = seen(await way.send(request_of("GET /")));
    assertEquals(status, 200);
    assertEquals(JSON.parse(body), {
      mounted_at: way.script_name,
      client: way.client,
    });
  });

  Deno.test(`examples/hono.ts echoes megabytes through ${through}`, async () => {
    await using way = await open();
    const data = Uint8Array.from({ length: 5_000_003 }, (_, i) => i * i >> 3);
    const answer = await way.send(request_of("POST /echo", [], data));
    assertFalse(answer.broken);
    assert(same_bytes(answer.body, data));
  });

  Deno.test(`examples/hono.ts answers though it leaves megabytes unread, through ${through}`, async () => {
    await using way = await open();
    const data = new Uint8Array(5_000_000);
    const request = request_of("POST /none", [], data);
    assertEquals(seen(await way.send(request)), NOT_FOUND);
    assertEquals(way.log(), "");
  });
}

Deno.test("examples/hono.ts answers where it is mounted, with a slash behind and without", async () => {
  for (const open of [WAYS["CGI"]!, WAYS["a mount below /shop"]!]) {
    await using way = await open();
    for (const line of ["GET", "GET /"]) {
      const { body } = seen(await way.send(request_of(line)));
      assertEquals(JSON.parse(body).mounted_at, way.script_name);
    }
  }
});

Deno.test("examples/hono.ts echoes a body in chunks through make_server()", async () => {
  await using way = await served();
  const request = request_of("POST /echo", [], every_byte, "chunked");
  assertEquals(seen(await way.send(request)), echo(text(every_byte)));
});

Deno.test("examples/hono.ts leaves a path that is no UTF-8 encoded, through make_server()", async () => {
  await using way = await served();
  for (const name of ["%E9", "%zz", "%"]) {
    const request = request_of(`GET /hello/${name}`);
    assertEquals(seen(await way.send(request)), hello(name));
  }
});

Deno.test("examples/hono.ts passes validator", async () => {
  await using way = await served(validator(app));
  for (const [request, expected] of REQUESTS) {
    assertEquals(seen(await way.send(request)), expected);
  }
  assertEquals(way.log(), "");
});

Deno.test("hono.request() needs no environ", async () => {
  const response = await hono.request("/hello/Ada");
  assertEquals(await response.text(), "Hello, Ada!\n");
});
