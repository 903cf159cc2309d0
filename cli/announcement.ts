/** What the command prints on stdout. */

import type { Protocol, Settings } from "./settings/settings.ts";
import type { Paint } from "./terminal.ts";

/** Printed at the first signal that ends it. */
export const STOPPING =
  "Stopping: waiting for requests in flight (press Ctrl+C again to stop now)";

/** The names of the protocols. */
const NAMES: Record<Protocol, string> = {
  http: "HTTP",
  cgi: "CGI",
  scgi: "SCGI",
  fastcgi: "FastCGI",
  uwsgi: "uwsgi",
};

/**
 * The line for when it accepts requests: what it serves, where, how, and how to stop it.
 *
 * @param address The address that it listens at.
 */
export function announcement(
  address: string,
  settings: Settings,
  paint: Paint,
): string {
  const { application, protocol, bind, certfile, workers, max_requests } =
    settings;
  const name = paint(application ?? "demo_app", "bold");
  const is_url = protocol === "http" && typeof bind !== "string";
  const scheme = certfile === null ? "http" : "https";
  const where = is_url ? `${scheme}://${address}/` : address;
  const how = certfile === null ? NAMES[protocol] : "HTTPS";
  const count = max_requests > 0 ? Math.max(workers, 1) : workers;
  const by = count > 0 ? `, ${count} worker${count === 1 ? "" : "s"}` : "";
  return `Serving ${name} at ${
    paint(where, "cyan")
  } (${how}${by}; press Ctrl+C to stop)`;
}
