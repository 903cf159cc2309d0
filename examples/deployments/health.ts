// A health check that answers while everything else is refused, because as many requests as allowed are in flight.
// Run it with `deno run -A mod.ts examples/deployments/health.ts`; instead of `--limit-concurrency`, the limit is in the program.

import { limit_concurrency } from "@tsgi/serve/middleware";
import type { WSGIApplication } from "@tsgi/serve/types";
import { encode_text } from "@tsgi/serve/util";
import countdown from "../stream.ts";

const limited = limit_concurrency(countdown, { max_concurrent: 100 });

const health: WSGIApplication = (_environ, start_response) => {
  start_response("200 OK", [["Content-Type", "text/plain"]]);
  return [encode_text("ok\n")];
};

const app: WSGIApplication = (environ, start_response) =>
  environ.PATH_INFO === "/healthz"
    ? health(environ, start_response)
    : limited(environ, start_response);

export default app;
