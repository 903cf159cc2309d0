/** The conformance table behind nginx: by HTTP, SCGI, FastCGI and uwsgi. */

import {
  backend_door,
  command_backend,
  fastcgi_backend,
  scgi_backend,
  uwsgi_backend,
} from "./backends.ts";
import type { DoorName } from "../conformance/capabilities/answers.ts";
import { run_capabilities } from "../conformance/capabilities/run.ts";
import { type Limit, run_conformance } from "../conformance/run.ts";
import type { HTTPDoor } from "../conformance/doors/door.ts";
import { installed, share_door } from "./fronts.ts";
import {
  NGINX,
  NGINX_UNFRAMED,
  NGINX_VARIABLES,
  REASON_PHRASES,
} from "../conformance/limits.ts";
import { in_front } from "./nginx.ts";

const HTTP: Limit[] = [
  ...NGINX,
  ...REASON_PHRASES,
];

/** Runs both tables through a door. */
function run_door(
  name: DoorName,
  start: () => Promise<HTTPDoor>,
  limits: Limit[],
): void {
  const open = share_door(start);
  run_conformance(name, open, limits);
  run_capabilities(name, open);
}

if (installed("nginx", "openssl")) {
  run_door(
    "nginx via HTTP",
    () =>
      backend_door(
        command_backend("nginx_http.conf"),
        in_front("nginx_http.conf"),
      ),
    HTTP,
  );
  run_door(
    "nginx via SCGI",
    () => backend_door(scgi_backend, in_front("nginx_scgi.conf")),
    NGINX_UNFRAMED,
  );
  run_door(
    "nginx via FastCGI",
    () => backend_door(fastcgi_backend, in_front("nginx_fastcgi.conf")),
    NGINX_VARIABLES,
  );
  run_door(
    "nginx via uwsgi",
    () => backend_door(uwsgi_backend, in_front("nginx_uwsgi.conf")),
    NGINX_UNFRAMED,
  );
}
