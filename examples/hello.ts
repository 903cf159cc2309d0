// The smallest application: a function that begins a response and returns the body of it.
// Run it with `deno run -A jsr:@tsgi/serve examples/hello.ts`.

import { encode_text, type WSGIApplication } from "@tsgi/serve";

const hello: WSGIApplication = (_environ, start_response) => {
  start_response("200 OK", [["Content-Type", "text/plain; charset=utf-8"]]);
  return [encode_text("Hello world!\n")];
};

export default hello;
