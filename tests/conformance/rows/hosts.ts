/** Rows: what a client calls the server, which nobody has to take who knows better (RFC 9112, section 3.2). */

import { type Row, row, whole } from "../row.ts";

/** A text that is no host, and so a malformed request. */
function refused(host: string): Row {
  return row(
    `a Host of ${host}`,
    "environ",
    { headers: [["Host", host], ["X-Show", "HTTP_HOST"]] },
    { status: "400 Bad Request", ...whole("Bad Request") },
  );
}

/** Hosts with a character that no host has, which a page might show. */
export const strange_hosts = ["<script>", "u@example.org", "caf\u00c3\u00a9"];

/** Hosts that a web server takes apart before it looks at their characters. */
export const split_hosts = ["a b", "a/b"];

export const host_rows: Row[] = [
  ...strange_hosts.map(refused),
  ...split_hosts.map(refused),
  refused("x:y:z"),
  refused("example.org:65536"),
];
