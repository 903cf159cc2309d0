/** Rows: what else stands in the environ, and whose it is. */

import { json } from "../apps/content.ts";
import { type Row, row, shows, whole } from "../row.ts";
import { text } from "../../support/support.ts";

export const environ_rows: Row[] = [
  ...["POST", "PUT", "PATCH", "DELETE", "OPTIONS"].map((method) =>
    shows(`REQUEST_METHOD of ${method}`, { method }, {
      REQUEST_METHOD: method,
    })
  ),
  row(
    "REQUEST_METHOD of a method that nobody knows",
    "environ",
    { method: "BREW", headers: [["X-Show", "REQUEST_METHOD"]] },
    whole('{"REQUEST_METHOD":"BREW"}'),
    { log: ["REQUEST_METHOD should be a method in common use"] },
  ),

  shows("the variables of CGI", { headers: [["Host", "example.org"]] }, {
    GATEWAY_INTERFACE: "CGI/1.1",
    SERVER_PROTOCOL: "HTTP/1.1",
    HTTP_HOST: "example.org",
  }),
  shows("HTTPS and wsgi.url_scheme by https", { secure: true }, {
    HTTPS: "on",
    "wsgi.url_scheme": "https",
  }),
  shows("wsgi.url_scheme by http", {}, { "wsgi.url_scheme": "http" }),
  row(
    "the variables of WSGI",
    "wsgi_variables",
    {},
    whole(text(json({
      version: [1, 0],
      input: true,
      input_terminated: true,
      errors: ["function", "function", "function"],
      flags: ["boolean", "boolean", "boolean"],
      file_wrapper: "function",
      plain: true,
      copy: true,
    }))),
  ),
  row(
    "the environ is the application's own",
    "environ_changed",
    {},
    whole('{"seen":false}'),
  ),
  row("what is written to wsgi.errors is logged", "errors", {}, {
    ...whole("logged"),
    log: ["one", "two", "three"],
  }),
];
