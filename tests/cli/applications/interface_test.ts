/** Which of its interfaces an application is called by, and `--interface`. */

import { assertEquals, assertMatch } from "@std/assert";
import { serve } from "../../../cli/mod.ts";
import { make_folder, start } from "../../support/command.ts";
import { until } from "../../support/support.ts";
import { answer, assert_refused, get } from "../helpers.ts";
import { QUIET } from "../serving.ts";

const APPLICATIONS: Record<string, string> = {
  "an object": `export default { fetch: () => new Response("fetch") };`,
  "its own this": `class Site {
  #text = "fetch";
  fetch(_request) { return new Response(this.#text); }
}
export default new Site();`,
  "a method that is replaced": `const site = { fetch: () => new Response("") };
export default site;
site.fetch = () => new Response("fetch");`,
  "one parameter":
    `export default (request) => new Response(request.url && "fetch");`,
  "a method of one parameter, bound": `class Site {
  fetch = (_request, ...rest) => new Response(this.text);
  text = "fetch";
}
export default new Site().fetch;`,
  "the name fetch, whatever the parameters":
    `export const fetch = (_request, _info) => new Response("fetch");`,
  "the name app": `export const app = { fetch: () => new Response("fetch") };`,
  // As of itty-router: every property is a function that makes a route of it.
  "a proxy with then": `const routes = [];
export default Object.create(
  new Proxy({}, { get: (_, name) => () => routes.push(name) }),
  { fetch: { value: () => new Response(routes.length ? routes + "" : "fetch") } },
);`,
  // As graphql-yoga and feTS have it.
  "a function with a method fetch":
    `export default Object.assign((_request, _info) => "", { fetch: () => new Response("fetch") });`,
  // As what h3 1, React Router and route() of @std/http make, and functions of Netlify.
  "parameters request and context":
    `export default (request, context) => new Response(request.url && context.waitUntil && "fetch");`,
  "parameters request and a pattern":
    `export default async function handler(request, { remoteAddr }) { return new Response(remoteAddr && request.url && "fetch"); }`,
  "parameters req, env and ctx":
    `export default async (req, _env, _ctx) => new Response(req.url && "fetch");`,
  "WSGI of request and start_response":
    `export default (request, start_response) => (${
      answer("WSGI")
    })(request, start_response)`,
  "WSGI of two parameters": `export default ${answer("WSGI")}`,
  "WSGI of none": `export default (...args) => (${answer("WSGI")})(...args)`,
  "WSGI of three": `export default (environ, start_response, more) =>
  (${answer("WSGI")})(environ, start_response)`,
};

Deno.test("the command serves what has a fetch, and a WSGI function", async () => {
  for (const [name, text] of Object.entries(APPLICATIONS)) {
    await using folder = await make_folder({ "app.ts": text });
    await using command = await start(["app.ts"], { cwd: folder.path });
    const expected = name.startsWith("WSGI") ? "WSGI" : "fetch";
    assertEquals(await get(command.address), expected, name);
  }
});

Deno.test("--interface says what a function is called by", async () => {
  await using folder = await make_folder({
    "two.ts":
      `export default (request, info) => new Response(request.method + info.remoteAddr.hostname);`,
    "rest.ts": `const wsgi = ${answer("WSGI")};
export default (environ, ...rest) => wsgi(environ, ...rest);`,
    "one.ts":
      `export default (environ) => [new TextEncoder().encode(environ.PATH_INFO)];`,
  });
  const cwd = folder.path;
  {
    await using two = await start(["--interface", "fetch", "two.ts"], { cwd });
    assertEquals(await get(two.address), "GET127.0.0.1");
  }
  await using rest = await start(["--interface=wsgi", "rest.ts"], { cwd });
  assertEquals(await get(rest.address), "WSGI");
  await using taken = await start(["one.ts"], { cwd });
  await get(taken.address);
  await until(() => taken.printed.stderr.includes("TypeError"));
  assertMatch(
    taken.printed.stderr,
    /TypeError: a fetch handler must return a Response, got an array of 1: a WSGI application returns this, which takes \(environ, start_response\), or is served by --interface wsgi\n/,
  );
});

Deno.test("--interface wsgi takes no object, and no other name", async () => {
  await using folder = await make_folder({
    "app.ts": "export default { fetch() {} };",
  });
  await assert_refused([
    [
      ["--interface", "wsgi", "app.ts"],
      "app.ts exports no application (a WSGI function, or an object with a " +
      "method fetch) named default or application or app or fetch: " +
      "it exports default (object)",
    ],
    [
      ["--interface", "asgi", "app.ts"],
      '--interface takes auto, wsgi or fetch, got "asgi": did you mean wsgi?',
    ],
  ], { cwd: folder.path });
});

Deno.test("serve() takes an object with a fetch", async () => {
  const site = {
    text: "Hello",
    fetch(request: Request) {
      return new Response(`${this.text} ${request.method}`);
    },
  };
  await using serving = await serve(site, QUIET);
  const response = await fetch(`http://${serving.address}/`);
  assertEquals(await response.text(), "Hello GET");
});
