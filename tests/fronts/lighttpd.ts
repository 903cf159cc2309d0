/** lighttpd, as the tests start it with the files of `examples/deployments/`, and what it cannot carry of the table. */

import { type Expected, shown } from "../conformance/row.ts";
import { cut_short_rows } from "../conformance/rows/input.ts";
import { host_rows } from "../conformance/rows/hosts.ts";
import type { Limit } from "../conformance/run.ts";
import { broken_without_length, rows } from "../conformance/table.ts";
import { deployment, type Front, type Place, start_front } from "./fronts.ts";

// How it is started

/** Where Debian keeps its modules. */
const MODULES = "/usr/lib/lighttpd";

/** Debian has TLS in packages of their own. */
const HAS_TLS = exists(`${MODULES}/mod_openssl.so`);

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** The statuses with which lighttpd refuses something. */
const REFUSALS = [400, 411, 501];

/** The part of Debian's `/etc/lighttpd/lighttpd.conf` that a site builds on, in a temporary folder. */
function main_config({ folder, port, secure_port, ...tls }: Place): string {
  return `
server.modules = ( "mod_indexfile", "mod_access", "mod_alias", "mod_redirect" )
server.document-root = "${folder}"
server.upload-dirs = ( "${folder}" )
server.errorlog = "${folder}/error.log"
server.errorfile-prefix = "${folder}/error-"
server.bind = "127.0.0.1"
server.port = ${port}
server.feature-flags += ( "server.h2proto" => "enable", "server.h2c" => "enable" )
server.http-parseopts = (
  "header-strict"           => "enable",
  "host-strict"             => "enable",
  "host-normalize"          => "enable",
  "url-normalize-unreserved"=> "enable",
  "url-normalize-required"  => "enable",
  "url-ctrls-reject"        => "enable",
  "url-path-2f-decode"      => "enable",
  "url-path-dotseg-remove"  => "enable",
)
mimetype.assign = ( ".html" => "text/html" )
index-file.names = ( "index.php", "index.html" )
include "${folder}/site.conf"
$SERVER["socket"] == "127.0.0.1:${secure_port}" {${
    HAS_TLS
      ? `
  ssl.engine = "enable"
  ssl.pemfile = "${tls.certificate}"
  ssl.privkey = "${tls.key}"`
      : ""
  }
}
server.modules += ( ${HAS_TLS ? '"mod_openssl", ' : ""}"mod_staticfile" )
`;
}

/** Starts lighttpd with one of the recommended files; `more` stands before it. */
export function start_lighttpd(
  name: string,
  literals: Record<string, string>,
  more = "",
): Promise<Front> {
  return start_front({
    program: "lighttpd",
    args: ({ folder }) => ["-D", "-f", `${folder}/lighttpd.conf`],
    files: (place) => ({
      "lighttpd.conf": main_config(place),
      "site.conf": `${more}\n${deployment(name, literals)}`,
      ...Object.fromEntries(
        REFUSALS.map((status) => [`error-${status}.html`, String(status)]),
      ),
    }),
    error_log: "error.log",
  });
}

/** A protocol by which lighttpd reaches an application that runs. */
export type Protocol = "scgi" | "fastcgi";

/** Starts lighttpd in front of a socket. */
export function in_front(
  protocol: Protocol,
  more?: (socket: string) => string,
): (socket: string) => Promise<Front> {
  return (socket) =>
    start_lighttpd(`lighttpd_${protocol}.conf`, {
      '"/run/tsgi/app.sock"': `"${socket}"`,
    }, more?.(socket));
}

/** Starts lighttpd, which runs the script; in the foreground it leaves it its own stderr. */
export async function start_cgi(script: string): Promise<Front> {
  const front = await start_lighttpd("lighttpd_cgi.conf", {
    "/srv/app/app.cgi": script,
  });
  return { ...front, error_log: front.stderr };
}

// What it cannot carry

/** How it refuses a request. */
function refusal(status: string): Partial<Expected> {
  return {
    status,
    headers: [["content-type", "text/html"], ["content-length", "3"]],
    body: status.slice(0, 3),
  };
}

/** A path as lighttpd makes it of the target. */
function path(
  reason: string,
  row: string,
  PATH_INFO: string,
  REQUEST_URI: string,
): Limit {
  return {
    reason,
    rows: [row],
    expected: shown({
      SCRIPT_NAME: "",
      PATH_INFO,
      QUERY_STRING: "",
      REQUEST_URI,
    }),
  };
}

const RESOLVED = "lighttpd resolves a path before it looks whose it is";
const CONTROLS =
  "lighttpd makes an underscore of a control character in a path";

/** What becomes of a path. */
const PATHS: Limit[] = [
  path(CONTROLS, "PATH_INFO of an encoded NUL", "/a_b", "/a%00b"),
  path(CONTROLS, "PATH_INFO of encoded line ends", "/a__b", "/a%0D%0Ab"),
  path(RESOLVED, "PATH_INFO of empty segments", "/a/b/c", "/a//b///c"),
  path(RESOLVED, "PATH_INFO of dot segments", "/a/c", "/a/./b/../c"),
  path(
    RESOLVED,
    "PATH_INFO of encoded dot segments",
    "/a/c",
    "/a/%2e/b/%2E%2e/c",
  ),
];

/** What becomes of a request else. */
const REQUESTS: Limit[] = [
  {
    reason: "lighttpd refuses a POST that does not say how long its body is",
    rows: [
      "REQUEST_METHOD of POST",
      "the input of a POST without a body is empty",
    ],
    expected: refusal("411 Length Required"),
    silent: true,
  },
  {
    reason: "lighttpd refuses a method that it does not know",
    rows: ["REQUEST_METHOD of a method that nobody knows"],
    expected: refusal("501 Not Implemented"),
    silent: true,
  },
  {
    reason: "lighttpd refuses a host that is none",
    rows: host_rows.map(({ name }) => name),
    expected: refusal("400 Bad Request"),
    silent: true,
  },
  {
    reason: "lighttpd leaves out a header without a value",
    rows: ["an empty header"],
    expected: shown({ HTTP_X_NAME: null }),
  },
  {
    reason: "lighttpd makes the same variable of X_Name and X-Name",
    rows: ["a header with an underscore is left out"],
    expected: shown({ HTTP_X_NAME: "evil", HTTP_REMOTE_ADDR: "evil" }),
  },
  {
    reason: "lighttpd does not ask the application before it has all of a body",
    rows: cut_short_rows,
    expected: { broken: true, facts: {} },
    silent: true,
  },
  ...HAS_TLS ? [] : [{
    reason: "TLS for lighttpd is not installed",
    rows: ["HTTPS and wsgi.url_scheme by https", "request_uri() by https"],
  }],
];

/** The headers of the row that has an empty one among them, without that. */
function headers_with_value(row: string): Partial<Expected> {
  const { headers } = rows.find(({ name }) => name === row)!.expected;
  return { headers: headers.filter(([, value]) => value) };
}

function reason_phrase(row: string, status: string): Limit {
  return {
    reason: "lighttpd sends the reason phrases that it knows, and no other",
    rows: [row],
    expected: { status },
  };
}

/** What becomes of a response. */
const RESPONSES: Limit[] = [
  reason_phrase("a custom reason", "200 OK"),
  reason_phrase("a status that is not registered", "299 "),
  reason_phrase("the status 418 I'm a teapot", "418 "),
  {
    reason: "lighttpd leaves out a header without a value",
    rows: ["headers of all kinds"],
    expected: headers_with_value("headers of all kinds"),
  },
  {
    reason: "lighttpd sees that its client has left when it writes",
    rows: ["a client that leaves has a stream cancelled, though it waits"],
  },
];

const LIGHTTPD: Limit[] = [...PATHS, ...REQUESTS, ...RESPONSES];

/** Where a response ends with the connection. */
const END_OF_CONNECTION: Limit[] = [
  ...LIGHTTPD,
  {
    reason:
      "the end of a response without Content-Length is that of the connection, whatever has ended it",
    rows: broken_without_length,
    expected: { broken: false },
  },
];

/** What lighttpd cannot carry by each protocol. */
export const LIMITS: Record<Protocol | "cgi", Limit[]> = {
  scgi: END_OF_CONNECTION,
  fastcgi: [
    ...LIGHTTPD,
    {
      reason:
        "lighttpd takes what it has for whole when a response breaks off that it has not begun to send",
      rows: broken_without_length,
    },
  ],
  cgi: END_OF_CONNECTION,
};
