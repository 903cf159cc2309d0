/** The conformance table behind nginx via CGI: fcgiwrap runs the recommended script for each request. */

import { cgi_door } from "./backends.ts";
import { run_capabilities } from "../conformance/capabilities/run.ts";
import { run_conformance } from "../conformance/run.ts";
import { installed, share_door } from "./fronts.ts";
import { FCGIWRAP, start_fcgiwrap } from "./nginx.ts";

if (installed("nginx", "openssl", "fcgiwrap")) {
  const start = () => cgi_door(start_fcgiwrap);
  run_conformance("nginx via CGI", share_door(start), FCGIWRAP, {
    validated: false,
  });
  // A script that fcgiwrap waits for keeps it from all others.
  run_capabilities("nginx via CGI", start);
}
