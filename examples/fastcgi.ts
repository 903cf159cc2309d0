// An application that a web server reaches by FastCGI. Run it with `deno run -A examples/fastcgi.ts [SOCKET]`; for SCGI
// and uwsgi there are `serve_scgi` and `serve_uwsgi`.

import { demo_app } from "@tsgi/serve";
import { serve_fastcgi } from "@tsgi/serve/fastcgi";

const path = Deno.args[0] ?? "/tmp/tsgi.sock";
await using server = serve_fastcgi(demo_app, path);
console.log(`Serving at unix:${path}`);

// Serves until the process is stopped.
await server.serve_forever();
