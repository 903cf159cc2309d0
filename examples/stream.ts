// A response that is sent while it is being made: a countdown in server-sent events, one a second.
// Run it with `deno run -A jsr:@tsgi/serve examples/stream.ts`, and watch `curl -N 'http://127.0.0.1:8000/?from=5'`.

import { encode_text, type WSGIApplication } from "@tsgi/serve";

const countdown: WSGIApplication = async function* (environ, start_response) {
  const query = new URLSearchParams(environ.QUERY_STRING);
  let left = Number(query.get("from") ?? 10);
  start_response("200 OK", [
    ["Content-Type", "text/event-stream"],
    ["Cache-Control", "no-store"],
  ]);
  try {
    for (; left > 0; left--) {
      yield event(String(left));
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
    yield event("Lift-off!");
  } finally {
    // Reached on a disconnect as well: release the resources of the stream here.
    environ["wsgi.errors"].write(`The countdown ended at ${left}\n`);
  }
};

function event(data: string): Uint8Array {
  return encode_text(`data: ${data}\n\n`);
}

export default countdown;
