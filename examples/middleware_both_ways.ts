// Middleware both ways: WSGI's around a Hono application, and a WSGI application in Hono. Serve it with
// `deno run -A jsr:@tsgi/serve examples/middleware_both_ways.ts`.

import { demo_app, type WSGIApplication } from "@tsgi/serve";
import { from_fetch, to_fetch } from "@tsgi/serve/fetch";
import { Hono } from "npm:hono@^4.13.19";
import { poweredBy } from "npm:hono@^4.13.19/powered-by";

const hono = new Hono();
hono.use(poweredBy()); // It holds for all that is in Hono, the WSGI application included.
hono.get("/", (c) => c.text("Hello from Hono!\n"));
// mount() removes the path from the URL; script_name keeps it for the application.
hono.mount("/wsgi", to_fetch(demo_app, { script_name: "/wsgi" }));

export default timed(from_fetch(hono.fetch));

/** Says in a header how long an application took to begin its response. */
function timed(app: WSGIApplication): WSGIApplication {
  return (environ, start_response) => {
    const begun = performance.now();
    return app(environ, (status, headers, exc_info) => {
      const took = (performance.now() - begun).toFixed(1);
      headers.push(["Server-Timing", `app;dur=${took}`]);
      return start_response(status, headers, exc_info);
    });
  };
}
