/** The handler as a module for the command, which runs it as a CGI script; it writes its notes to stderr. */

import { ending } from "./handler.ts";

export default {
  fetch: ending((_key, what) => console.error(`noted: ${what}`)),
};
