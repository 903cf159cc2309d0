/** The conformance table behind nginx by CGI: fcgiwrap runs the recommended script for each request. */

import { cgi_door } from "./backends.ts";
import { run_capabilities } from "../conformance/capabilities/run.ts";
import { type Limit, run_conformance } from "../conformance/run.ts";
import { installed, share_door } from "./fronts.ts";
import { NGINX_UNFRAMED } from "../conformance/limits.ts";
import { start_fcgiwrap } from "./nginx.ts";

const CGI: Limit[] = [
  {
    reason:
      "before version 1.23 nginx sends a variable for each header, and a process has one of each name only",
    rows: ["a header that is repeated", "a Cookie that is repeated"],
  },
  {
    reason:
      "a CGI script is not told that its client has left, unless it writes",
    rows: ["a client that leaves has a stream cancelled, though it waits"],
  },
  {
    reason: "fcgiwrap takes nothing more from a script whose client has left",
    rows: ["a client that leaves has a generator finished"],
    expected: {},
    silent: true,
  },
  ...NGINX_UNFRAMED,
];

if (installed("nginx", "openssl", "fcgiwrap")) {
  const start = () => cgi_door(start_fcgiwrap);
  run_conformance("nginx by CGI", share_door(start), CGI, { validated: false });
  // A script that fcgiwrap waits for keeps it from all others.
  run_capabilities("nginx by CGI", start);
}
