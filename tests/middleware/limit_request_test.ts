/** The limits of the head of a request. */

import { assertEquals, assertStrictEquals } from "@std/assert";
import {
  limit_request,
  type LimitRequestOptions,
} from "../../middleware/mod.ts";
import { validator } from "../../validate.ts";
import {
  raw_request,
  run_app,
  run_script,
  serve,
  until,
} from "../support/support.ts";
import { hello, never, TOO_LONG, TOO_MUCH } from "./limited.ts";

const UNLIMITED: LimitRequestOptions = { line: 0, fields: 0, field_size: 0 };

/** The status of the answer to a request with these variables. */
async function status_of(
  limits: LimitRequestOptions,
  environ: Record<string, unknown>,
): Promise<string> {
  const app = limit_request(hello, { ...UNLIMITED, ...limits });
  const { output, errors } = await run_app(app, { environ });
  assertEquals(errors, "");
  if (output === TOO_LONG || output === TOO_MUCH) return output.slice(8, 11);
  assertEquals(output.slice(0, 14), "Status: 200 OK");
  return "200";
}

Deno.test("limit_request() without a limit is the application itself", () => {
  assertStrictEquals(limit_request(hello, UNLIMITED), hello);
});

Deno.test("limit_request() counts method, target and protocol", async () => {
  const environ = {
    REQUEST_METHOD: "POST",
    REQUEST_URI: "/caf%C3%A9?x=\xe9", // 16 bytes.
    SERVER_PROTOCOL: "HTTP/1.1",
  };
  const length = "POST /caf%C3%A9?x=e HTTP/1.1".length;
  assertEquals(await status_of({ line: length }, environ), "200");
  assertEquals(await status_of({ line: length - 1 }, environ), "414");
});

Deno.test("limit_request() makes out a target that environ does not have", async () => {
  const environ = {
    REQUEST_METHOD: "GET",
    SCRIPT_NAME: "/a b",
    PATH_INFO: "/c",
    QUERY_STRING: "d=e",
    SERVER_PROTOCOL: "HTTP/1.0",
  };
  const { length } = "GET /a%20b/c?d=e HTTP/1.0";
  assertEquals(await status_of({ line: length }, environ), "200");
  assertEquals(await status_of({ line: length - 1 }, environ), "414");
});

Deno.test("limit_request() counts the header fields", async () => {
  const environ = {
    HTTP_HOST: "x",
    HTTP_ACCEPT: "",
    CONTENT_TYPE: "text/html",
    CONTENT_LENGTH: "0",
    SERVER_NAME: "x",
    HTTPS: "on",
  };
  assertEquals(await status_of({ fields: 4 }, environ), "200");
  assertEquals(await status_of({ fields: 3 }, environ), "431");
});

Deno.test("limit_request() does not count what nobody sent", async () => {
  const environ = {
    HTTP_HOST: "x",
    CONTENT_TYPE: "text/plain",
    CONTENT_LENGTH: "",
  };
  assertEquals(await status_of({ fields: 1, field_size: 7 }, environ), "200");
  const empty = { ...environ, CONTENT_TYPE: "" };
  assertEquals(await status_of({ fields: 1, field_size: 7 }, empty), "200");
});

Deno.test("limit_request() counts the bytes of a header field", async () => {
  const fields: [string, string, number][] = [
    ["HTTP_X_LONG", "value", "X-Long: value".length],
    ["HTTP_X_BYTES", "\xe9\xff", "X-Bytes: ..".length],
    ["CONTENT_TYPE", "text/html", "Content-Type: text/html".length],
    ["CONTENT_LENGTH", "0", "Content-Length: 0".length],
  ];
  for (const [name, value, size] of fields) {
    const environ = { HTTP_HOST: "x", [name]: value };
    assertEquals(await status_of({ field_size: size }, environ), "200", name);
    assertEquals(await status_of({ field_size: size - 1 }, environ), "431");
  }
});

Deno.test("limit_request() answers a request by HTTP, and logs it as any other", async () => {
  const limits = { line: 30, fields: 4, field_size: 20 };
  await using server = serve(limit_request(validator(hello), limits));
  const ask = (target: string, ...headers: string[]) =>
    raw_request(
      server.port,
      [`GET ${target} HTTP/1.1`, "Host: x", "Connection: close", ...headers]
        .join("\r\n") + "\r\n\r\n",
    );
  const target = `/${"x".repeat(16)}`;
  const field = `X-A: ${"y".repeat(15)}`;
  const allowed = await ask(target, field, "X-B: 2");
  assertEquals(allowed.status, "HTTP/1.1 200 OK");
  assertEquals(allowed.body, `GET ${target}`);
  const answers = [
    await ask(`${target}x`),
    await ask("/", `${field}y`),
    await ask("/", field, "X-B: 2", "X-C: 3"),
    await ask("/", "X-A: yyyyyyy", "X-A: yyyyyyy"), // Joined by a comma and a blank.
  ];
  assertEquals(answers.map(({ status, body }) => `${status}: ${body}`), [
    "HTTP/1.1 414 URI Too Long: URI Too Long",
    ...Array(3).fill(
      "HTTP/1.1 431 Request Header Fields Too Large: Request Header Fields Too Large",
    ),
  ]);
  await until(() => server.log.text.split("\n").length > 5);
  assertEquals(
    server.log.text,
    `"GET ${target} HTTP/1.1" 200 21
"GET ${target}x HTTP/1.1" 414 12
${'"GET / HTTP/1.1" 431 31\n'.repeat(3)}`,
  );
});

Deno.test("limit_request() answers a HEAD without a body", async () => {
  const app = limit_request(never, { ...UNLIMITED, line: 1 });
  const environ = { REQUEST_METHOD: "HEAD" };
  const { output } = await run_app(validator(app), { environ });
  assertEquals(output, TOO_LONG.slice(0, -"URI Too Long".length));
});

Deno.test("limit_request() does not count a variable of the process that looks like a header", async () => {
  const script = `
    import { limit_request } from "./middleware/mod.ts";
    import { serve } from "./tests/support/support.ts";
    const app = (environ, start_response) => {
      start_response("200 OK", []);
      return [new TextEncoder().encode(environ.HTTP_PROXY)];
    };
    const limits = { line: 0, fields: 5, field_size: 0 };
    await using server = serve(limit_request(app, limits));
    const ask = async (headers) => {
      const response = await fetch(server.url, { headers });
      return response.status + " " + await response.text();
    };
    console.log(await ask({}));
    console.log(await ask({ "x-one-more": "1" }));
  `;
  const { stdout, stderr } = await run_script(["-"], {
    env: { HTTP_PROXY: "http://127.0.0.1:9", NO_PROXY: "127.0.0.1" },
    stdin: script,
  });
  assertEquals(stderr, "");
  // Deno's fetch sends Host, User-Agent, Accept, Accept-Language and Accept-Encoding.
  assertEquals(
    stdout,
    "200 http://127.0.0.1:9\n431 Request Header Fields Too Large\n",
  );
});
