/** What more than one door cannot carry of the conformance table. */

import { shown } from "./row.ts";
import { split_hosts } from "./rows/hosts.ts";
import { cut_short_rows } from "./rows/input.ts";
import type { Limit } from "./run.ts";
import { broken_without_length } from "./table.ts";

/** What `Deno.serve` does to every response. */
export const REASON_PHRASES: Limit[] = [
  {
    reason: "Deno sends the registered reason phrase only",
    rows: ["a custom reason"],
    expected: { status: "200 OK" },
  },
  {
    reason: "Deno sends the registered reason phrase only",
    rows: ["a status that is not registered"],
    expected: { status: "299 " },
  },
];

/** A server on `Deno.serve`, without TLS. */
export const DENO_SERVE: Limit[] = [
  {
    reason: "the server of the test has no certificate",
    rows: ["HTTPS and wsgi.url_scheme by https", "request_uri() by https"],
  },
  {
    reason:
      "Deno keeps a connection open while its request body is locked but not read, as by validator",
    rows: [
      "an input that is partly read",
      "an input that is partly read and kept locked",
    ],
  },
  ...REASON_PHRASES,
];

// nginx

/** The page with which nginx refuses a request. */
function refusal(status: string): Limit["expected"] {
  const lines = [
    "<html>",
    `<head><title>${status}</title></head>`,
    "<body>",
    `<center><h1>${status}</h1></center>`,
    "<hr><center>nginx</center>",
    "</body>",
    "</html>",
    "",
  ];
  const body = lines.join("\r\n");
  const length = String(body.length);
  return {
    status,
    headers: [["content-type", "text/html"], ["content-length", length]],
    body,
  };
}

/** What nginx does to every request. */
export const NGINX: Limit[] = [
  {
    reason:
      "nginx refuses a path that it cannot decode, or that contains a NUL",
    rows: [
      "PATH_INFO of an encoded NUL",
      "PATH_INFO of percent signs that encode nothing",
    ],
    expected: refusal("400 Bad Request"),
    silent: true,
  },
  {
    reason: "nginx refuses a host that contains a space or a slash",
    rows: split_hosts.map((host) => `a Host of ${host}`),
    expected: refusal("400 Bad Request"),
    silent: true,
  },
  {
    reason: "nginx reads a host only up to its colon",
    rows: ["a Host of x:y:z"],
    expected: { status: "200 OK", ...shown({ HTTP_HOST: "x" }) },
  },
  {
    reason:
      "once the response has begun, nginx does not resume a request body that had to wait",
    rows: [
      "the input as the result, 8388608 bytes",
      "a chunked input as the result",
    ],
  },
  {
    reason:
      "nginx treats a client that has sent its last byte as disconnected, perhaps before the application is called",
    rows: cut_short_rows,
  },
];

/** What holds wherever nginx sends variables. */
export const NGINX_VARIABLES: Limit[] = [
  ...NGINX,
  ...[["/a/./b/../c", "dot"], ["/a/%2e/b/%2E%2e/c", "encoded dot"]].map((
    [REQUEST_URI, kind],
  ): Limit => ({
    reason: "nginx decodes a path by resolving its dot segments",
    rows: [`PATH_INFO of ${kind} segments`],
    expected: shown({
      SCRIPT_NAME: "",
      PATH_INFO: "/a/c",
      QUERY_STRING: "",
      REQUEST_URI,
    }),
  })),
  {
    reason: "nginx has normalized the path",
    rows: ["PATH_INFO has one slash where the target begins with several"],
    expected: shown({
      SCRIPT_NAME: "",
      PATH_INFO: "//a/b",
      REQUEST_URI: "//a/b",
    }),
  },
];

/** What holds where nginx is not told by the protocol that a response is whole. */
export const NGINX_UNFRAMED: Limit[] = [
  ...NGINX_VARIABLES,
  {
    reason:
      "if nginx does not know the length of a body, the body ends with the connection",
    rows: broken_without_length,
    expected: { broken: false },
  },
];
