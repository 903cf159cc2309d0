/** examples/static.ts through HTTP and FastCGI: what whoever serves files expects. */

import { assert, assertEquals, assertFalse } from "@std/assert";
import app from "../../examples/static.ts";
import type { HeaderList } from "../../types.ts";
import type { DoorRequest } from "../conformance/doors/door.ts";
import { installed } from "../fronts/fronts.ts";
import {
  fastcgi_behind_nginx,
  type FrameworkDoor,
  http,
} from "../frameworks/doors.ts";
import { request_of } from "../gateways/hono/ways.ts";
import { root, text } from "../support/support.ts";

const FOLDER = "/tests/frameworks/apps/public";
const STYLE = Deno.readTextFileSync(new URL(`.${FOLDER}/style.css`, root));
const INDEX = Deno.readTextFileSync(new URL(`.${FOLDER}/index.html`, root));

/** What is looked at of an answer. */
interface Expected {
  status: number;
  body: string;
  /** Some of its headers. */
  headers?: Record<string, string | undefined>;
}

function style(
  method: string,
  headers: HeaderList = [],
): DoorRequest {
  return request_of(`${method} ${FOLDER}/style.css`, headers);
}

const length = String(STYLE.length);
const css = "text/css; charset=UTF-8";
const not_found = { status: 404, body: "Not Found" };

/** Requests that need nothing of an answer before. */
const ROWS: [DoorRequest, Expected][] = [
  [style("GET"), {
    status: 200,
    body: STYLE,
    headers: {
      "content-length": length,
      "content-type": css,
      "accept-ranges": "bytes",
    },
  }],
  [style("HEAD"), {
    status: 200,
    body: "",
    headers: { "content-length": length, "content-type": css },
  }],
  [style("GET", [["Range", "bytes=1-3"]]), {
    status: 206,
    body: STYLE.slice(1, 4),
    headers: {
      "content-length": "3",
      "content-range": `bytes 1-3/${length}`,
    },
  }],
  [style("GET", [["Range", "bytes=-2"]]), {
    status: 206,
    body: STYLE.slice(-2),
  }],
  [style("GET", [["Range", "bytes=9999-"]]), {
    status: 416,
    body: "Range Not Satisfiable",
    headers: { "content-range": `bytes */${length}` },
  }],
  [style("POST"), { status: 405, body: "Method Not Allowed" }],
  [request_of(`GET ${FOLDER}/`), { status: 200, body: INDEX }],
  [request_of(`GET ${FOLDER}`), {
    status: 301,
    body: "",
    headers: { location: `http://h${FOLDER}/` },
  }],
  [request_of("GET /examples/"), not_found],
  [request_of(`GET ${FOLDER}/none.css`), not_found],
  [request_of("GET /.git/config"), not_found],
  [request_of("GET /etc/passwd"), not_found],
];

async function ask(door: FrameworkDoor, request: DoorRequest) {
  const served = { app, module: new URL("examples/static.ts", root) };
  const { status, headers, body } = await door.send(served, request);
  return {
    status: Number(status.slice(0, 3)),
    headers: new Map(headers),
    body: text(body),
  };
}

const DOORS: [string, () => FrameworkDoor | Promise<FrameworkDoor>][] = [
  ["HTTP", http],
];
if (installed("nginx", "openssl")) {
  DOORS.push(["FastCGI behind nginx", fastcgi_behind_nginx]);
}

for (const [name, open] of DOORS) {
  Deno.test(`examples/static.ts serves files by ${name}`, async () => {
    await using door = await open();
    for (const [request, expected] of ROWS) {
      const { status, headers, body } = await ask(door, request);
      const seen: Expected = { status, body };
      if (expected.headers) {
        seen.headers = Object.fromEntries(
          Object.keys(expected.headers).map((key) => [key, headers.get(key)]),
        );
      }
      assertEquals(seen, expected, JSON.stringify(request));
    }
  });

  Deno.test(`examples/static.ts serves nothing beside its folder, by ${name}`, async () => {
    await using door = await open();
    for (
      const target of [
        "/..%2f..%2f..%2f..%2f..%2fetc%2fpasswd",
        "/tests/..%2f..%2f..%2f..%2f..%2fetc%2fpasswd",
        "/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        "/../../../../etc/passwd",
        "//etc/passwd",
        "/..%5c..%5c..%5c..%5cetc%5cpasswd",
      ]
    ) {
      const { status, body } = await ask(door, request_of(`GET ${target}`));
      assert([301, 400, 404].includes(status), `${target}: ${status}`);
      assertFalse(body.includes("root:"), target);
    }
  });

  Deno.test(`examples/static.ts knows what a client has, by ${name}`, async () => {
    await using door = await open();
    const { headers } = await ask(door, style("GET"));
    const known: [string, string][] = [
      ["If-None-Match", headers.get("etag")!],
      ["If-None-Match", `"x", ${headers.get("etag")}`],
      ["If-Modified-Since", headers.get("last-modified")!],
    ];
    for (const header of known) {
      const { status, body } = await ask(door, style("GET", [header]));
      assertEquals({ status, body }, { status: 304, body: "" }, header[0]);
    }
    const other = style("GET", [["If-None-Match", '"x"']]);
    assertEquals((await ask(door, other)).status, 200);
  });
}
