/** A request body that does not come whole through SCGI, FastCGI and uwsgi: no error of the application. */

import { assertEquals, assertMatch } from "@std/assert";
import type { WSGIApplication } from "../../../types.ts";
import { bytes, join, until, write_all } from "../../support/support.ts";
import { test_each_transport } from "./each_protocol.ts";
import {
  connect,
  fastcgi,
  open_gateway,
  type Protocol,
  read_to_end,
  scgi,
} from "../gateway_clients.ts";
import { request_pairs } from "../heads.ts";

/** What an application does with its input, and does not catch. */
const USES: Record<string, WSGIApplication> = {
  "text()": async (environ, start_response) => {
    await new Response(environ["wsgi.input"] as BodyInit).text();
    start_response("200 OK", []);
    return [];
  },
  "a generator": async function* (environ, start_response) {
    for await (const _block of environ["wsgi.input"]);
    start_response("200 OK", []);
    yield bytes("read");
  },
  "an error with a cause": async (environ) => {
    try {
      for await (const _block of environ["wsgi.input"]);
      return [];
    } catch (cause) {
      throw new Error("cannot store the upload", { cause });
    }
  },
  "its result": (environ, start_response) => {
    start_response("200 OK", []);
    return environ["wsgi.input"];
  },
  "write()": async (environ, start_response) => {
    const write = start_response("200 OK", []);
    for await (const block of environ["wsgi.input"]) await write(block);
    return [];
  },
};

/** The beginning of a request, which says that more comes. */
function beginning(protocol: Protocol): Uint8Array {
  const variables = { REQUEST_METHOD: "POST", CONTENT_LENGTH: "100000" };
  return join([
    protocol.head(request_pairs(variables)),
    protocol.body(bytes("a".repeat(1000))),
  ]);
}

for (const [use, app] of Object.entries(USES)) {
  test_each_transport(
    `a client that leaves amid a body that is read by ${use} is no error`,
    async (protocol, unix) => {
      const called = Promise.withResolvers<void>();
      await using gateway = await open_gateway(protocol, (...args) => {
        called.resolve();
        return app(...args);
      }, { unix });
      const conn = await connect(gateway.server.server_address);
      await write_all(conn, beginning(protocol));
      await called.promise;
      conn.close();
      await until(() => gateway.log.text !== "");
      await gateway.server.shutdown();
      assertMatch(gateway.log.text, /^"POST \/ HTTP\/1.1" \d+ \d+\n$/);
    },
  );
}

test_each_transport(
  "a body that ends early is answered with a 400",
  async (protocol, unix) => {
    await using gateway = await open_gateway(protocol, USES["text()"]!, {
      unix,
    });
    using conn = await connect(gateway.server.server_address);
    await write_all(conn, beginning(protocol));
    if (protocol === fastcgi) await write_all(conn, protocol.end);
    else await conn.closeWrite();
    const { text } = protocol.answer(await read_to_end(conn));
    assertEquals(
      text,
      "400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 11\r\n\r\nBad Request",
    );
    assertEquals(gateway.log.text, '"POST / HTTP/1.1" 400 11\n');
  },
);

Deno.test("the application's own errors are logged while its client sends a body", async () => {
  await using gateway = await open_gateway(scgi, async (environ) => {
    await environ["wsgi.input"].getReader().read();
    throw new Deno.errors.BrokenPipe("my child process");
  });
  using conn = await connect(gateway.server.server_address);
  await write_all(conn, beginning(scgi));
  await until(() => gateway.log.text.includes('"POST'));
  assertMatch(
    gateway.log.text,
    /^BrokenPipe: my child process\n[^]*\n"POST \/ HTTP\/1.1" 500 59\n$/,
  );
});
