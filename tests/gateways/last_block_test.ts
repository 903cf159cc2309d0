/** How often a gateway writes: the block that completes a body waits for the end of the response. */

import { assertEquals } from "@std/assert";
import { concat } from "../../_internal/text/bytes.ts";
import { from_fetch } from "../../gateways/fetch.ts";
import { GatewayHandler } from "../../gateways/gateway_handler.ts";
import type { HeaderList, WSGIApplication } from "../../types.ts";
import { setup_testing_defaults } from "../../util.ts";
import { bytes, stream_of, text } from "../support/support.ts";

Deno.test("a gateway sends the last block with the end of the response, if nothing of the application may come between", async () => {
  const length: HeaderList = [["Content-Length", "2"]];
  const rest = "Status: 200 OK\r\ncontent-length: 2\r\n\r\nhi";
  const cases: [WSGIApplication, written: string, rest: string][] = [
    [from_fetch(() => new Response(bytes("hi"))), "", rest],
    [
      (_environ, start_response) => {
        start_response("200 OK", length);
        return stream_of("hi");
      },
      "",
      rest.replace("content-length", "Content-Length"),
    ],
    [
      (_environ, start_response) => {
        start_response("200 OK", length);
        return Object.assign(stream_of("hi"), { close() {} });
      },
      rest.replace("content-length", "Content-Length"),
      "",
    ],
    [
      function* (_environ, start_response) {
        start_response("200 OK", length);
        yield bytes("hi");
      },
      rest.replace("content-length", "Content-Length"),
      "",
    ],
  ];
  for (const [application, ...expected] of cases) {
    const environ = { REQUEST_METHOD: "GET" };
    setup_testing_defaults(environ);
    let written = "";
    const handler = new GatewayHandler(
      environ["wsgi.input"],
      { write: (data) => void (written += text(data)) },
      environ["wsgi.errors"],
      environ,
    );
    handler.server = { log_request() {} };
    await handler.run(application);
    assertEquals([written, text(concat(handler.take_rest()))], expected);
  }
});
