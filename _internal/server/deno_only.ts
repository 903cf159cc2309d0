/** Imported first by what stands on the servers and sockets of Deno: elsewhere that cannot be loaded, and says so. */

import { platform } from "../platform.ts";

if (!("Deno" in globalThis)) {
  throw new Error(
    `the servers and the command of @tsgi/serve need Deno, got ${platform.version}: ` +
      "use to_fetch() of @tsgi/serve/fetch with a server of this runtime, or CGIHandler of @tsgi/serve/handlers",
  );
}
