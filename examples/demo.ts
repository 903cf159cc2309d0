// The usage example of wsgiref.simple_server: the demo application on a server of one's own.
// Run it with `deno run -A examples/demo.ts [PORT]`.

import { demo_app, make_server } from "@tsgi/serve";

const port = Number(Deno.args[0] ?? 8000);
await using httpd = make_server("127.0.0.1", port, demo_app);
console.log(`Serving HTTP on port ${httpd.server_port}...`);

// Serves until the process is stopped.
await httpd.serve_forever();

// The alternative: answers one request, then ends.
// await httpd.handle_request();
