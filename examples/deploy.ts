// The demo application for Deno Deploy and for `deno serve`: a module whose default export has a `fetch`.
// Run it with `deno serve examples/deploy.ts`. Its page shows the request, and never the environment of the process.

import { demo_app } from "@tsgi/serve";
import { to_fetch } from "@tsgi/serve/fetch";

export default { fetch: to_fetch(demo_app) };
