/**
 * Imported first by modules that need the servers and sockets of Deno: on other platforms it throws an error that says
 * so.
 */

import { platform } from "../platform.ts";

if (!("Deno" in globalThis)) {
  throw new Error(
    `the servers and the command of @tsgi/serve need Deno, got ${platform.version}: ` +
      "use to_fetch() of @tsgi/serve/fetch with a server of this runtime, or CGIHandler of @tsgi/serve/handlers",
  );
}
