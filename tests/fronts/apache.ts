/** Apache, as the tests start it with the sites of `examples/deployments/`, and what it cannot carry of the table. */

import { assertEquals } from "@std/assert";
import { dirname } from "node:path";
import { type Expected, shown } from "../conformance/row.ts";
import { CUT_SHORT, cut_short_rows } from "../conformance/rows/input.ts";
import type { Limit } from "../conformance/run.ts";
import { broken_without_length } from "../conformance/table.ts";
import type { Answer, HTTPDoor } from "../conformance/doors/door.ts";
import {
  deployment,
  find_program,
  type Front,
  type Place,
  start_front,
  until_ready,
} from "./fronts.ts";
import { host_rows } from "../conformance/rows/hosts.ts";
import { REASON_PHRASES } from "../conformance/limits.ts";
import { raw_request, text } from "../support/support.ts";

// How it is started

/** Where Debian keeps its modules. */
const MODULES = "/usr/lib/apache2/modules";

/** The modules of every Debian, as far as a site has to do with them. */
const USUAL_MODULES = [
  ...["alias", "auth_basic", "authn_core", "authn_file", "authz_core"],
  ...["authz_user", "env", "mpm_event", "reqtimeout", "setenvif"],
];

/** The statuses with which Apache refuses something, or fails. */
const REFUSALS = [400, 404, 411, 500, 503];

/** How long an application may be silent, in seconds: a request that is stuck would hold up Apache's end. */
const PATIENCE = 5;

/** The part of `/etc/apache2` that a site builds on, in a temporary folder. */
function main_config(
  { folder, port, secure_port }: Place,
  modules: string[],
): string {
  const all_modules = [...USUAL_MODULES, "ssl", ...modules];
  return `
${
    lines(all_modules, (name) => {
      return `LoadModule ${name}_module ${MODULES}/mod_${name}.so`;
    })
  }
ServerRoot ${folder}
ServerName localhost
DefaultRuntimeDir ${folder}
PidFile ${folder}/apache.pid
Mutex file:${folder}
ErrorLog ${folder}/error.log
ErrorLogFormat "%M"
${lines(REFUSALS, (status) => `ErrorDocument ${status} "${status}"`)}
Listen 127.0.0.1:${port}
Listen 127.0.0.1:${secure_port}
<IfModule proxy_module>
  ProxyTimeout ${PATIENCE}
</IfModule>
<IfModule mime_module>
  TypesConfig /dev/null
</IfModule>
<IfModule cgid_module>
  ScriptSock ${folder}/cgid.sock
  CGIDScriptTimeout ${PATIENCE}
</IfModule>
<Directory />
  Options FollowSymLinks
  AllowOverride None
  Require all denied
</Directory>
Include ${folder}/site.conf
Include ${folder}/secure_site.conf
`;
}

function lines<T>(items: T[], line: (item: T) => string): string {
  return items.map(line).join("\n");
}

/**
 * How a program is called that does not serve as root: as nobody, but with root's access to files, as the checkout
 * and Deno need not be where everybody may read.
 */
function as_nobody(path: string, args: string[]): [string, ...string[]] {
  if (Deno.uid() !== 0) return [path, ...args];
  const user = ["--reuid=65534", "--regid=65534", "--clear-groups"];
  const access = ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"];
  return ["setpriv", ...user, ...access, path, ...args];
}

/** Asks for what no application answers. */
async function ask_server(port: number): Promise<void> {
  const lines = ["OPTIONS * HTTP/1.1", "Host: localhost", "Connection: close"];
  const { status } = await raw_request(port, `${lines.join("\r\n")}\r\n\r\n`);
  assertEquals(status, "HTTP/1.1 200 OK");
}

/** Starts Apache with one of the recommended sites; `more` is put into it. */
export function start_apache(
  name: string,
  modules: string[],
  literals: Record<string, string>,
  more = "",
): Promise<Front> {
  const site = deployment(name, {
    "</VirtualHost>": `${more}</VirtualHost>`,
    ...literals,
  });
  return start_site(site, modules);
}

/** Starts Apache with a site: one `<VirtualHost *:80>`, or several. */
export async function start_site(
  site: string,
  modules: string[],
): Promise<Front> {
  const at = (port: number, settings = "") =>
    site.replaceAll("<VirtualHost *:80>", `<VirtualHost *:${port}>${settings}`);
  const path = find_program("apache2")!;
  const front = await start_front({
    program: as_nobody(path, [])[0],
    // There is one process, beside that of mod_cgid, and it ends with the test whatever happens.
    args: ({ folder }) =>
      as_nobody(path, ["-DONE_PROCESS", "-f", `${folder}/apache.conf`]).slice(
        1,
      ),
    files: (place) => ({
      "apache.conf": main_config(place, modules),
      "site.conf": at(place.port),
      "secure_site.conf": at(
        place.secure_port,
        `
    SSLEngine on
    SSLCertificateFile ${place.certificate}
    SSLCertificateKeyFile ${place.key}`,
      ),
    }),
    error_log: "error.log",
  });
  // It listens, stops to read its configuration a second time, and listens again.
  const log = () => front.stderr() + front.error_log();
  await until_ready(front, () => ask_server(front.port), log);
  return front;
}

/** The modules that each protocol needs. */
const PROTOCOLS = {
  http: ["proxy", "proxy_http", "headers"],
  scgi: ["proxy", "proxy_scgi"],
  fastcgi: ["proxy", "proxy_fcgi"],
  uwsgi: ["proxy", "proxy_uwsgi"],
};

/** A protocol by which Apache reaches an application that runs. */
export type Protocol = keyof typeof PROTOCOLS;

/** Starts Apache in front of a socket. */
export function in_front(
  protocol: Protocol,
  more?: (socket: string) => string,
): (socket: string) => Promise<Front> {
  return (socket) =>
    start_apache(`apache_${protocol}.conf`, PROTOCOLS[protocol], {
      "unix:/run/tsgi/app.sock": `unix:${socket}`,
    }, more?.(socket));
}

/** A line of Apache's own in its log. */
const OWN_LINES = /^AH\d{5}: .*\n/gm;

/** Starts Apache, which runs the script; the log is what that has written. */
export async function start_cgid(script: string): Promise<Front> {
  const front = await start_apache("apache_cgi.conf", ["cgid"], {
    "/srv/app/app.cgi": script,
    '"/srv/app"': `"${dirname(script)}"`,
  });
  const error_log = () => front.error_log().replace(OWN_LINES, "");
  return { ...front, error_log };
}

// What it cannot carry

/** How it refuses a request. */
function refusal(status: string): Partial<Expected> {
  const type = "text/html; charset=iso-8859-1";
  return {
    status,
    headers: [["content-type", type], ["content-length", "3"]],
    body: status.slice(0, 3),
  };
}

/** A request body that is cut short: what Apache makes of it, and whether the application has seen the beginning. */
function cut_short(status: string, is_begun: boolean): Limit[] {
  const reason = "Apache itself answers a truncated request body";
  const answer = { ...refusal(status), broken: false };
  return [
    {
      reason,
      rows: [CUT_SHORT],
      expected: { ...answer, facts: is_begun ? { "input failed": 1 } : {} },
      silent: true,
    },
    {
      reason,
      rows: cut_short_rows.filter((row) => row !== CUT_SHORT),
      expected: { ...answer, facts: {} },
      silent: true,
    },
  ];
}

/**
 * A door to Apache at which a page that says 503 in the place of a response that broke off is what it means: that
 * nothing of the response has arrived.
 */
export function without_failure_page(door: HTTPDoor): HTTPDoor {
  return {
    ...door,
    async send(request) {
      const answer = await door.send(request);
      return text(answer.body) === "503" ? NOTHING : answer;
    },
  };
}

const NOTHING: Answer = {
  status: "",
  headers: [],
  body: new Uint8Array(),
  broken: true,
};

/** What Apache does to every request. */
const APACHE: Limit[] = [
  {
    reason: "Apache has no page whose path holds a NUL",
    rows: ["PATH_INFO of an encoded NUL"],
    expected: refusal("404 Not Found"),
    silent: true,
  },
  {
    reason: "Apache refuses a path that it cannot decode",
    rows: ["PATH_INFO of percent signs that encode nothing"],
    expected: refusal("400 Bad Request"),
    silent: true,
  },
  {
    reason: "Apache refuses a host that is none",
    rows: host_rows.map(({ name }) => name),
    expected: refusal("400 Bad Request"),
    silent: true,
  },
  {
    reason: "Apache joins every header that is repeated by a comma",
    rows: ["a Cookie that is repeated"],
    expected: shown({ HTTP_COOKIE: "a=1, b=2" }),
  },
  {
    reason: "Apache sees that its client has left when it writes",
    rows: ["a client that leaves has a stream cancelled, though it waits"],
  },
];

/** A path as Apache makes it of the target. */
function path(row: string, PATH_INFO: string, REQUEST_URI: string): Limit {
  return {
    reason: "Apache resolves a path before it looks whose it is",
    rows: [row],
    expected: shown({
      SCRIPT_NAME: "",
      PATH_INFO,
      QUERY_STRING: "",
      REQUEST_URI,
    }),
  };
}

/** What holds wherever Apache sends variables. */
const VARIABLES: Limit[] = [
  ...APACHE,
  path("PATH_INFO of dot segments", "/a/c", "/a/./b/../c"),
  path("PATH_INFO of encoded dot segments", "/a/c", "/a/%2e/b/%2E%2e/c"),
];

/** Where the path goes through Apache's file names. */
const FILE_NAMES: Limit[] = [
  path("PATH_INFO of empty segments", "/a/b/c", "/a//b///c"),
];

/** Where a response ends with the connection. */
const END_OF_CONNECTION: Limit[] = [
  {
    reason:
      "the end of a response without Content-Length is that of the connection, whatever has ended it",
    rows: broken_without_length,
    expected: { broken: false },
  },
  {
    reason:
      "Apache gives a response the length that it has, if all of it is there at once",
    rows: [
      "a body shorter than its Content-Length, in an array",
      "a body shorter than its Content-Length, in a generator",
      "a Content-Length and no body at all",
    ],
  },
];

const REQUEST_FIRST =
  "Apache sends all of the request before it takes anything of the response";

/** By which Apache sends a body whose length it knows, and all of it before it listens. */
const KNOWN_LENGTH: Limit[] = [
  { reason: REQUEST_FIRST, rows: ["the input as the result, 8388608 bytes"] },
  {
    reason: "the protocol has no body without CONTENT_LENGTH",
    rows: [
      "a chunked request body of 1 bytes",
      "a chunked request body of 65537 bytes",
      "a chunked request body of 1048576 bytes",
      "a chunked input as the result",
      "a chunked input that is not read",
      "a fetch handler sees no type of a chunked body where none was sent",
    ],
    expected: refusal("411 Length Required"),
    silent: true,
  },
  ...cut_short("500 Internal Server Error", true),
];

/** What Apache cannot carry by each protocol. */
export const LIMITS: Record<Protocol | "cgi", Limit[]> = {
  http: [
    ...APACHE,
    ...REASON_PHRASES,
    ...cut_short("400 Bad Request", false),
    {
      reason: "Apache takes all slashes but one from the target's beginning",
      rows: ["PATH_INFO has one slash where the target begins with several"],
      expected: shown({
        SCRIPT_NAME: "",
        PATH_INFO: "/a/b",
        REQUEST_URI: "/a/b",
      }),
    },
    {
      reason: REQUEST_FIRST,
      rows: [
        "the input as the result, 8388608 bytes",
        "a chunked input as the result",
        "an input that is partly read and kept locked",
      ],
    },
    {
      reason:
        "Deno sends a 205 without a length and keeps the connection, at whose end Apache takes it to be over",
      rows: [
        "a 205 Reset Content",
        "a 205 Reset Content with a body of kind array",
        "a 205 Reset Content with a body of kind generator",
      ],
    },
  ],
  scgi: [
    ...VARIABLES,
    ...FILE_NAMES,
    ...KNOWN_LENGTH,
    ...END_OF_CONNECTION,
    {
      reason: "Apache does not send GATEWAY_INTERFACE by SCGI",
      rows: ["the variables of CGI"],
      expected: shown({
        GATEWAY_INTERFACE: null,
        SERVER_PROTOCOL: "HTTP/1.1",
        HTTP_HOST: "example.org",
      }),
    },
  ],
  fastcgi: [
    ...VARIABLES,
    {
      reason: "Apache may answer before it has sent anything",
      rows: cut_short_rows,
    },
  ],
  uwsgi: [
    ...VARIABLES,
    ...KNOWN_LENGTH,
    ...END_OF_CONNECTION,
  ],
  cgi: [
    ...VARIABLES,
    ...FILE_NAMES,
    ...cut_short("400 Bad Request", false),
    ...END_OF_CONNECTION,
    {
      reason: REQUEST_FIRST,
      rows: [
        "the input as the result, 8388608 bytes",
        "a chunked input as the result",
      ],
    },
    {
      reason: "Apache goes where a Location leads that is a path",
      rows: ["headers of all kinds"],
    },
  ],
};
