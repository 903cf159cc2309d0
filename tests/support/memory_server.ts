/** Serves large bodies, for tests/simple_server/memory_test.ts: `deno run -A tests/support/memory_server.ts ours|bare FILE`. */

import { make_server, WSGIRequestHandler, WSGIServer } from "../../mod.ts";
import type { WSGIApplication } from "../../types.ts";

const [contender, file] = Deno.args as [string, string];
const SIZE = 1 << 30;
const block = new Uint8Array(65536);

const ours: WSGIApplication = async (environ, start_response) => {
  start_response("200 OK", []);
  switch (environ.PATH_INFO) {
    case "/down":
      return (async function* () {
        for (let sent = 0; sent < SIZE; sent += block.length) yield block;
      })();
    case "/file":
      return environ["wsgi.file_wrapper"]!(await Deno.open(file));
    default: {
      let length = 0;
      for await (const chunk of environ["wsgi.input"]) length += chunk.length;
      return [new TextEncoder().encode(String(length))];
    }
  }
};

async function bare(request: Request): Promise<Response> {
  switch (new URL(request.url).pathname) {
    case "/down": {
      let sent = 0;
      return new Response(
        new ReadableStream({
          pull(controller) {
            if (sent >= SIZE) return controller.close();
            controller.enqueue(block);
            sent += block.length;
          },
        }),
      );
    }
    case "/file":
      return new Response((await Deno.open(file)).readable);
    default: {
      let length = 0;
      for await (const chunk of request.body!) length += chunk.length;
      return new Response(String(length));
    }
  }
}

class Quiet extends WSGIRequestHandler {
  override log_message(): void {}
}

if (contender === "ours") {
  const httpd = make_server("127.0.0.1", 0, ours, WSGIServer, Quiet);
  console.log(`http://127.0.0.1:${httpd.server_port}/`);
  await httpd.serve_forever();
} else {
  const onListen = ({ port }: Deno.NetAddr) =>
    console.log(`http://127.0.0.1:${port}/`);
  Deno.serve({ hostname: "127.0.0.1", port: 0, onListen }, bare);
}
