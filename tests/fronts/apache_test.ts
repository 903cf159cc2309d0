/** The conformance table behind Apache: by HTTP, SCGI, FastCGI and uwsgi. */

import { createHash } from "node:crypto";
import { without_added_length } from "../conformance/added_length.ts";
import {
  in_front,
  LIMITS,
  type Protocol,
  without_failure_page,
} from "./apache.ts";
import {
  backend_door,
  command_backend,
  fastcgi_backend,
  scgi_backend,
  uwsgi_backend,
} from "./backends.ts";
import type { DoorName } from "../conformance/capabilities/answers.ts";
import { run_capabilities } from "../conformance/capabilities/run.ts";
import { run_conformance } from "../conformance/run.ts";
import { installed, share_door } from "./fronts.ts";
import { test_command, test_error_log, test_users } from "./sites.ts";

/** Runs both tables through a door. */
function run_door(
  name: DoorName,
  protocol: Protocol,
  backend: Parameters<typeof backend_door>[0],
): void {
  const open = share_door(async () =>
    without_failure_page(
      without_added_length(await backend_door(backend, in_front(protocol))),
    )
  );
  run_conformance(name, open, LIMITS[protocol], { validated: false });
  run_capabilities(name, open);
}

/** A password that Apache checks, in a file beside the socket. */
function users(socket: string): string {
  const file = `${socket}.users`;
  const hash = createHash("sha1").update("secret").digest("base64");
  Deno.writeTextFileSync(file, `ada:{SHA}${hash}\n`);
  return `
    <Location "/">
        AuthType Basic
        AuthName users
        AuthUserFile ${file}
        Require valid-user
    </Location>
`;
}

/** What Apache has logged for the application, line ends left out. */
function logged(error_log: string): string {
  const records = error_log.matchAll(/AH01071: Got error '([^']*)'/g);
  return [...records].map(([, text]) => text!.replaceAll("\\n", "")).join("");
}

if (installed("apache2", "openssl")) {
  run_door("Apache via HTTP", "http", command_backend("apache_http.conf"));
  run_door("Apache via SCGI", "scgi", scgi_backend);
  run_door("Apache via FastCGI", "fastcgi", fastcgi_backend);
  run_door("Apache via uwsgi", "uwsgi", uwsgi_backend);

  for (const protocol of ["scgi", "fastcgi", "uwsgi"] as const) {
    test_command(`apache_${protocol}.conf`, in_front(protocol));
    test_users(`apache_${protocol}.conf`, in_front(protocol, users));
  }
  test_error_log("apache_fastcgi.conf", in_front("fastcgi"), logged);
}
