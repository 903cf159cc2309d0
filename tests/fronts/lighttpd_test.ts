/** The conformance table behind lighttpd: by SCGI and FastCGI. */

import { without_added_length } from "../conformance/added_length.ts";
import { backend_door, fastcgi_backend, scgi_backend } from "./backends.ts";
import type { DoorName } from "../conformance/capabilities/answers.ts";
import { run_capabilities } from "../conformance/capabilities/run.ts";
import { run_conformance } from "../conformance/run.ts";
import { installed, share_door } from "./fronts.ts";
import { in_front, LIMITS, type Protocol } from "./lighttpd.ts";
import { test_command, test_error_log, test_users } from "./sites.ts";

/** Runs both tables through a door. */
function run_door(
  name: DoorName,
  protocol: Protocol,
  backend: Parameters<typeof backend_door>[0],
): void {
  const open = share_door(async () =>
    without_added_length(await backend_door(backend, in_front(protocol)))
  );
  run_conformance(name, open, LIMITS[protocol], { validated: false });
  run_capabilities(name, open);
}

/** A password that lighttpd checks, in a file beside the socket. */
function users(socket: string): string {
  const file = `${socket}.users`;
  Deno.writeTextFileSync(file, "ada:secret\n");
  return `
server.modules += ( "mod_auth", "mod_authn_file" )
auth.backend = "plain"
auth.backend.plain.userfile = "${file}"
auth.require = ( "/" => ( "method" => "basic", "realm" => "users", "require" => "valid-user" ) )
`;
}

/** What lighttpd has logged for the application. */
function logged(error_log: string): string {
  const lines = error_log.matchAll(/FastCGI-stderr:\s*(.*)/g);
  return [...lines].map(([, text]) => text).join("");
}

if (installed("lighttpd", "openssl")) {
  run_door("lighttpd via SCGI", "scgi", scgi_backend);
  run_door("lighttpd via FastCGI", "fastcgi", fastcgi_backend);

  for (const protocol of ["scgi", "fastcgi"] as const) {
    test_command(`lighttpd_${protocol}.conf`, in_front(protocol));
    test_users(`lighttpd_${protocol}.conf`, in_front(protocol, users));
  }
  test_error_log("lighttpd_fastcgi.conf", in_front("fastcgi"), logged);
}
