// A program that serves an application with settings of the command: no shell, no command line.
// Run it with `deno run -A examples/serve.ts [PORT]`.

import { serve } from "@tsgi/serve/cli";
import hello from "./hello.ts";

const port = Deno.args[0] ?? "8000";
const serving = await serve(hello, {
  bind: `127.0.0.1:${port}`,
  access_logformat: "json",
  limit_request_body: "1m",
  timeout: 5,
});
console.log(`Serving at http://${serving.address}/`);

// A program listens to signals itself: those that it leaves alone end it at once.
const stop = () => serving.shutdown();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.addSignalListener(signal, stop);
}

await serving.finished;
console.log("Everything is answered.");
