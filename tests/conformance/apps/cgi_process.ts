/**
 * The applications of the conformance table as a CGI script of Node or Bun. As `cgi.ts` does, it writes the key of its
 * request into the log last.
 */

import { CGIHandler } from "../../../handlers.ts";
import { dispatcher } from "./dispatcher.ts";
import { at_exit, variable } from "./process.ts";

at_exit(() => {
  if (variable("HTTP_X_APPLICATION") === "mark") return;
  console.error(variable("HTTP_X_KEY") ?? "");
});

await new CGIHandler().run(dispatcher);
