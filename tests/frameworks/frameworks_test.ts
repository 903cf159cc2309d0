/** Applications as in the documentation of each framework: through each door they respond as they do when called directly. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { FetchApplication } from "../../gateways/fetch.ts";
import type { HeaderList } from "../../types.ts";
import type { Answer } from "../conformance/doors/door.ts";
import { installed } from "../fronts/fronts.ts";
import { same_bytes } from "../gateways/hono/ways.ts";
import { markdown_table } from "../support/markdown.ts";
import { root, text } from "../support/support.ts";
import { BY_CGI, type Case, FRAMEWORKS } from "./cases.ts";
import {
  cgi,
  fastcgi_behind_nginx,
  type FrameworkDoor,
  http,
  send_alone,
  type Served,
} from "./doors.ts";

/** The doors, with their names in the table. */
const DOORS: [name: string, open: () => Promise<FrameworkDoor>][] = [
  ["make_server", share(http)],
  ["CGI", share(cgi)],
];
if (installed("nginx", "openssl")) {
  DOORS.push(["FastCGI behind nginx", share(fastcgi_behind_nginx)]);
}

function share(open: () => FrameworkDoor | Promise<FrameworkDoor>) {
  let opened: Promise<FrameworkDoor> | null = null;
  Deno.test.afterAll(async () => {
    await (await opened)?.[Symbol.asyncDispose]();
  });
  return () => opened ??= Promise.resolve(open());
}

/** Headers of the server or the connection, and one that is meant for nginx. */
const OF_SERVER =
  /^(connection|date|server|transfer-encoding|keep-alive|x-accel-buffering)$/;

/** The headers of the application, sorted. */
function headers_of(
  headers: HeaderList,
  wanted: (name: string) => boolean,
): HeaderList {
  return headers
    .map(([name, value]): [string, string] => [name.toLowerCase(), value])
    .filter(([name]) => !OF_SERVER.test(name) && wanted(name))
    .sort();
}

/** The `Location` of an application that is mounted below a path. */
function below(location: string, script_name: string): string {
  return location.replace(/^(http:\/\/[^/]+)?(?=\/)/, `$1${script_name}`);
}

function compare(answer: Answer, alone: Answer, script_name: string): void {
  const names = alone.headers.map(([name]) => name);
  const wanted = (name: string) =>
    // A server may add a length that it knows, and a Vary for compression.
    names.includes(name) || !/^(content-length|vary)$/.test(name);
  const expected = alone.headers.map(([name, value]): [string, string] => [
    name,
    name === "location" ? below(value, script_name) : value,
  ]);
  assertEquals(answer.status.slice(0, 3), alone.status);
  assertEquals(
    headers_of(answer.headers, wanted),
    headers_of(expected, wanted),
  );
  assert(!answer.broken, "the answer was broken off");
  assert(same_bytes(answer.body, alone.body), text(answer.body));
}

/** Tests one case through every door. */
async function ask(
  served: Served<FetchApplication>,
  [what, request, status, body]: Case,
  t: Deno.TestContext,
): Promise<void> {
  const alone = await send_alone(served, request);
  assertEquals(Number(alone.status), status);
  assertStringIncludes(text(alone.body), body);
  for (const [name, open] of DOORS) {
    const door = await open();
    if (door.is_slow && !BY_CGI.has(what)) continue;
    await t.step(name, async () => {
      compare(await door.send(served, request), alone, door.script_name);
    });
  }
}

/** Runs something without showing what it logs. */
async function quietly(run: () => Promise<void>): Promise<void> {
  const { log, error } = console;
  console.log = console.error = () => {};
  try {
    await run();
  } finally {
    Object.assign(console, { log, error });
  }
}

for (const { name, module, cases } of FRAMEWORKS) {
  Deno.test({
    name:
      `an application of ${name} responds through every door as when called directly`,
    sanitizeOps: false, // Some frameworks keep timers.
    sanitizeResources: false,
    async fn(t) {
      const url = new URL(`apps/${module}`, import.meta.url);
      const { default: app } = await import(url.href) as {
        default: FetchApplication;
      };
      const served = { app, module: url };
      await quietly(async () => {
        for (const one of cases) {
          await t.step(one[0], (t) => ask(served, one, t));
        }
      });
    },
  });
}

/** The table of docs/fetch.md. */
function table(): string {
  const doors = ["`make_server`", "FastCGI behind nginx", "CGI"];
  const rows = FRAMEWORKS.map(({ name, cases }) => {
    const all = `all ${cases.length}`;
    const by_cgi = cases.filter(([what]) => BY_CGI.has(what)).length;
    const whats = Array.from(new Set(cases.map(([what]) => what))).join(", ");
    return [name, whats, all, all, `${by_cgi} of them`];
  });
  return markdown_table([["", "asked for", ...doors], ...rows]);
}

Deno.test("docs/fetch.md has the table of the frameworks", () => {
  const page = Deno.readTextFileSync(new URL("docs/fetch.md", root));
  assertStringIncludes(page, table());
});
