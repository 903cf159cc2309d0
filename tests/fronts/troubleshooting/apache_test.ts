/** docs/troubleshooting.md, behind Apache and lighttpd. */

import type { WSGIApplication } from "../../../types.ts";
import { bytes } from "../../support/support.ts";
import { start_apache } from "../apache.ts";
import { type Front, installed } from "../fronts.ts";
import { start_lighttpd } from "../lighttpd.ts";
import { explained, type Setup, test_entry } from "./symptoms.ts";

const MODULES = {
  http: ["proxy_http", "headers"],
  fastcgi: ["proxy_fcgi"],
  scgi: ["proxy_scgi"],
};

/** Apache with a file of which parts are replaced. */
function apache(
  protocol: keyof typeof MODULES,
  literals: Record<string, string> = {},
): (socket: string) => Promise<Front> {
  return (socket) =>
    start_apache(
      `apache_${protocol}.conf`,
      ["proxy", ...MODULES[protocol]],
      { "/run/tsgi/app.sock": socket, ...literals },
    );
}

function lighttpd(socket: string): Promise<Front> {
  return start_lighttpd("lighttpd_fastcgi.conf", {
    "/run/tsgi/app.sock": socket,
  });
}

const fastcgi: Setup = {
  start: apache("fastcgi"),
  options: { protocol: "fastcgi" },
};

/** A body without a Content-Length. */
const chunked = () => ({
  method: "POST",
  body: ReadableStream.from([bytes("abc")]),
});

/** Has a page only for who says who he is. */
const private_page: WSGIApplication = (environ, start_response) => {
  start_response(environ.HTTP_AUTHORIZATION ? "200 OK" : "404 Not Found", []);
  return [];
};

if (installed("apache2", "openssl")) {
  test_entry("a socket to which Apache cannot connect", {
    status: 503,
    message:
      "attempt to connect to Unix domain socket /run/tsgi/app.sock (localhost:8000) failed",
    wrong: { ...fastcgi, options: null },
    right: fastcgi,
  });
  test_entry("Apache via FastCGI with an application that speaks HTTP", {
    status: 503,
    // Which of them comes first is chance.
    message: ["Got bogus version 72", "Failed writing Environment"],
    wrong: { ...fastcgi, options: { protocol: "http" } },
    right: fastcgi,
  });
  test_entry("Apache via HTTP with an application that speaks FastCGI", {
    status: 502,
    message: "error reading status line from remote server",
    wrong: { start: apache("http"), options: { protocol: "fastcgi" } },
    right: { start: apache("http"), options: { protocol: "http" } },
  });
  test_entry("an encoded slash", {
    status: 404,
    message: null,
    wrong: {
      ...fastcgi,
      path: "/a%2Fb",
      start: apache("fastcgi", { "AllowEncodedSlashes On": "" }),
    },
    right: { ...fastcgi, path: "/a%2Fb" },
  });
  test_entry("a body without a length, by SCGI", {
    status: 411,
    message: null,
    wrong: {
      start: apache("scgi"),
      options: { protocol: "scgi" },
      init: chunked,
    },
    right: { ...fastcgi, init: chunked },
  });
  const init = () => ({ headers: { Authorization: "Basic YTpi" } });
  test_entry("an Authorization that Apache keeps", {
    status: 404,
    message: null,
    wrong: {
      ...fastcgi,
      app: private_page,
      init,
      start: apache("fastcgi", { [explained("CGIPassAuth On")]: "" }),
    },
    right: { ...fastcgi, app: private_page, init },
  });
}

if (installed("lighttpd", "openssl")) {
  test_entry("a socket to which lighttpd cannot connect", {
    status: 503,
    message: "establishing connection failed",
    wrong: { start: lighttpd, options: null },
    right: { start: lighttpd, options: { protocol: "fastcgi" } },
  });
}
