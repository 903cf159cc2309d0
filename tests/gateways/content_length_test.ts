/** Whatever comes in behind the variables, CONTENT_LENGTH says how much of it is the body (RFC 3875, section 4.2). */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { toText } from "@std/streams";
import { limit_body } from "../../middleware/mod.ts";
import type { WSGIApplication } from "../../types.ts";
import {
  ask,
  fastcgi,
  open_gateway,
  type Protocol,
  protocols,
  scgi,
  uwsgi,
} from "./gateway_clients.ts";

/** Answers with the body of the request, and its length. */
const echo: WSGIApplication = async (environ, start_response) => {
  const body = await toText(environ["wsgi.input"]);
  start_response("200 OK", []);
  return [new TextEncoder().encode(`${body.length}:${body}`)];
};

const TOO_LARGE = "413 Content Too Large";

/** The status of the answer, or the body where that is 200. */
async function asked(
  protocol: Protocol,
  CONTENT_LENGTH: string,
  body: string,
  app = echo,
): Promise<string> {
  await using gateway = await open_gateway(protocol, app);
  const variables = { REQUEST_METHOD: "POST", CONTENT_LENGTH };
  const { text } = await ask(protocol, gateway.server, variables, body);
  const [head, content] = text.split("\r\n\r\n");
  const [status] = head!.split("\r\n");
  return status === "200 OK" ? content! : status!;
}

for (const protocol of protocols) {
  Deno.test(`${protocol.name}: no more is read than CONTENT_LENGTH says`, async () => {
    for (
      const [length, body] of [
        ["0", "0:"],
        ["00", "0:"],
        ["5", "5:Hello"],
        ["0005", "5:Hello"],
      ] as const
    ) {
      assertEquals(await asked(protocol, length, "Hello all"), body, length);
    }
  });

  Deno.test(`${protocol.name}: no more reaches the application than the limit of bodies, whatever CONTENT_LENGTH says`, async () => {
    const app = limit_body(echo, { max_size: 1024 });
    const body = "x".repeat(120_000);
    for (const length of ["0", "000"]) {
      assertEquals(await asked(protocol, length, body, app), "0:", length);
    }
    for (const length of ["120000", "0120000", "9".repeat(400)]) {
      assertEquals(await asked(protocol, length, body, app), TOO_LARGE, length);
    }
  });
}

/** What is neither digits nor nothing. */
const MALFORMED = [
  ..." |\t|-0|+0|-1|+5|0x0|0x5|1e3|5.0|five|5 |5,5|NaN|Infinity".split("|"),
  "\xb2",
];

for (const protocol of [fastcgi, uwsgi]) {
  Deno.test(`${protocol.name}: a CONTENT_LENGTH that is neither digits nor nothing is a 400`, async () => {
    for (const length of MALFORMED) {
      const status = await asked(protocol, length, "Hello");
      assertEquals(status, "400 Bad Request", JSON.stringify(length));
    }
  });
}

Deno.test("SCGI: a CONTENT_LENGTH that is not digits has its connection closed", async () => {
  for (const length of [...MALFORMED, ""]) {
    await using gateway = await open_gateway(scgi, echo);
    const variables = { REQUEST_METHOD: "POST", CONTENT_LENGTH: length };
    const { text } = await ask(scgi, gateway.server, variables, "Hello");
    assertEquals(text, "", JSON.stringify(length));
    assertStringIncludes(gateway.log.text, "CONTENT_LENGTH must be a number");
  }
});

Deno.test("FastCGI: a body of no CONTENT_LENGTH lasts as long as the web server sends, and is limited", async () => {
  assertEquals(await asked(fastcgi, "", "Hello all"), "9:Hello all");
  const body = "x".repeat(120_000);
  assertEquals(
    await asked(fastcgi, "", body, limit_body(echo, { max_size: 1024 })),
    TOO_LARGE,
  );
});

Deno.test("uwsgi: there is no body where there is no CONTENT_LENGTH", async () => {
  assertEquals(await asked(uwsgi, "", "Hello all"), "0:");
});
