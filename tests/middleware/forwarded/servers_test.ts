/** Proxies in front of a server, whom it trusts or not. */

import { assertEquals, assertStrictEquals } from "@std/assert";
import { mount_at, trust_forwarded } from "../../../middleware/mod.ts";
import { WSGIRequestHandler, WSGIServer } from "../../../simple_server.ts";
import type { WSGIApplication, WSGIEnvironment } from "../../../types.ts";
import {
  bytes,
  raw_request,
  read_all,
  run_app,
  serve,
  write_all,
} from "../../support/support.ts";
import { REQUEST, show } from "./forwarding.ts";

Deno.test("trust_forwarded() and mount_at() hand the result on as it is", () => {
  const result = [bytes("a")];
  const app: WSGIApplication = () => result;
  for (
    const wrapped of [
      trust_forwarded(app, { trusted: "*" }),
      mount_at(app, { script_name: "/a" }),
    ]
  ) {
    const environ = { ...REQUEST } as unknown as WSGIEnvironment;
    assertStrictEquals(wrapped(environ, () => async () => {}), result);
  }
});

const GET = [
  "GET /x HTTP/1.1",
  "Host: h",
  "Connection: close",
  "X-Forwarded-For: 198.51.100.1",
  "Forwarded: for=198.51.100.1;host=evil.example",
  "x-forwarded-for: 203.0.113.9",
  "X_Forwarded_For: 198.51.100.1",
  "X-Forwarded-Proto: https",
  "\r\n",
].join("\r\n");

const BELIEVED = {
  REMOTE_ADDR: "203.0.113.9",
  HTTP_X_FORWARDED_FOR: "203.0.113.9",
  uri: "https://h/x",
};

Deno.test("trust_forwarded() believes only a trusted peer's headers of an HTTP request", async () => {
  const seen = async (trusted: string) => {
    const app = trust_forwarded(show, { trusted });
    await using server = serve(app);
    return JSON.parse((await raw_request(server.port, GET)).body);
  };
  assertEquals(await seen("127.0.0.0/8"), BELIEVED);
  assertEquals(await seen("10.0.0.0/8, ::1, unix"), {
    REMOTE_ADDR: "127.0.0.1",
    uri: "http://h/x",
  });
});

Deno.test("trust_forwarded() believes a peer on a Unix socket by the word unix", async () => {
  class Quiet extends WSGIRequestHandler {
    override log_message(): void {}
  }
  const folder = await Deno.makeTempDir();
  const seen = async (trusted: string) => {
    const path = `${folder}/${encodeURIComponent(trusted)}`;
    const app = trust_forwarded(show, { trusted });
    await using server = new WSGIServer(path, Quiet);
    server.set_app(app);
    server.serve_forever();
    using conn = await Deno.connect({ transport: "unix", path });
    await write_all(conn, bytes(GET));
    return JSON.parse((await read_all(conn)).split("\r\n\r\n")[1]!);
  };
  try {
    assertEquals(await seen("unix"), BELIEVED);
    assertEquals(await seen("*"), {
      REMOTE_ADDR: "198.51.100.1",
      HTTP_X_FORWARDED_FOR: "198.51.100.1, 203.0.113.9",
      uri: "https://h/x",
    });
    assertEquals(await seen("0.0.0.0/0, ::/0"), {
      REMOTE_ADDR: "",
      uri: "http://h/x",
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("trust_forwarded() takes the unix: of a web server for a peer on a Unix socket", async () => {
  const seen = async (trusted: string) => {
    const { output } = await run_app(
      trust_forwarded(show, { trusted }),
      {
        environ: {
          ...{ REMOTE_ADDR: "unix:", HTTP_HOST: "h", PATH_INFO: "/x" },
          ...{ HTTP_X_FORWARDED_FOR: "203.0.113.9" },
        },
      },
    );
    return JSON.parse(output.split("\r\n\r\n")[1]!);
  };
  const uri = "http://h/x";
  assertEquals(await seen("unix"), {
    REMOTE_ADDR: "203.0.113.9",
    HTTP_X_FORWARDED_FOR: "203.0.113.9",
    uri,
  });
  assertEquals(await seen(""), { REMOTE_ADDR: "", uri });
});
