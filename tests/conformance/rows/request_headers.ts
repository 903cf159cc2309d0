/** Rows: the headers of a request as variables of the environ. */

import { type Row, shows } from "../row.ts";
import { bytes } from "../../support/support.ts";

export const request_header_rows: Row[] = [
  shows("a header is a variable", {
    headers: [["X-Some-Name", "some, value; a=b"]],
  }, { HTTP_X_SOME_NAME: "some, value; a=b", X_SOME_NAME: null }),
  shows("a header with bytes", { headers: [["X-Name", "caf\u00e9"]] }, {
    HTTP_X_NAME: "caf\u00e9",
  }),
  shows("a header with UTF-8", { headers: [["X-Name", "caf\u00c3\u00a9"]] }, {
    HTTP_X_NAME: "caf\u00c3\u00a9",
  }),
  shows("an empty header", { headers: [["X-Name", ""]] }, { HTTP_X_NAME: "" }),
  shows("a repeated header", {
    headers: [["X-Name", "a"], ["X-Other", "b"], ["x-name", "c"]],
  }, { HTTP_X_NAME: "a, c", HTTP_X_OTHER: "b" }),
  shows("a header of 4,000 bytes", {
    headers: [["X-Name", "x".repeat(4000)]],
  }, { HTTP_X_NAME: "x".repeat(4000) }),
  shows("two cookies in one header", { headers: [["Cookie", "a=1; b=2"]] }, {
    HTTP_COOKIE: "a=1; b=2",
  }),
  shows("a Cookie that is repeated", {
    headers: [["Cookie", "a=1"], ["Cookie", "b=2"]],
  }, { HTTP_COOKIE: "a=1; b=2" }),
  shows("a header with an underscore is left out", {
    headers: [["X_Name", "evil"], ["Remote_Addr", "evil"]],
  }, { HTTP_X_NAME: null, HTTP_REMOTE_ADDR: null }),
  shows("the header Proxy is left out", {
    headers: [["Proxy", "http://evil"]],
  }, { HTTP_PROXY: null }),
  shows("Content-Type and Content-Length have no prefix", {
    method: "POST",
    headers: [["Content-Type", "text/csv"]],
    body: bytes("a,b"),
  }, {
    CONTENT_TYPE: "text/csv",
    CONTENT_LENGTH: "3",
    HTTP_CONTENT_TYPE: null,
    HTTP_CONTENT_LENGTH: null,
  }),
];
