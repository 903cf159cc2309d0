/** The conformance table behind lighttpd via CGI: it runs the recommended script for each request. */

import { without_added_length } from "../conformance/added_length.ts";
import { cgi_door } from "./backends.ts";
import { run_capabilities } from "../conformance/capabilities/run.ts";
import { run_conformance } from "../conformance/run.ts";
import { installed, share_door } from "./fronts.ts";
import { LIMITS, start_cgi } from "./lighttpd.ts";

if (installed("lighttpd", "openssl")) {
  const open = share_door(async () =>
    without_added_length(await cgi_door(start_cgi))
  );
  run_conformance("lighttpd via CGI", open, LIMITS.cgi, { validated: false });
  run_capabilities("lighttpd via CGI", open);
}
