/** The conformance table behind Apache via CGI: mod_cgid runs the recommended script for each request. */

import { without_added_length } from "../conformance/added_length.ts";
import { LIMITS, start_cgid } from "./apache.ts";
import { cgi_door } from "./backends.ts";
import { run_capabilities } from "../conformance/capabilities/run.ts";
import { run_conformance } from "../conformance/run.ts";
import { installed, share_door } from "./fronts.ts";

if (installed("apache2", "openssl")) {
  const open = share_door(async () =>
    without_added_length(await cgi_door(start_cgid))
  );
  run_conformance("Apache via CGI", open, LIMITS.cgi, { validated: false });
  run_capabilities("Apache via CGI", open);
}
