/** The rows about `wsgi.input` and `wsgi.errors`. */

import { assertRejects } from "@std/assert";
import { bytes, stream_of } from "../support/support.ts";
import { good_server, reader } from "./exchange.ts";
import { hello, misusing_errors, type Row, STREAMS } from "./rows.ts";

/** Misused streams. */
export const STREAM_ROWS: Row[] = [
  [
    "an input of text",
    { input: () => ReadableStream.from(["a"]), app: reader },
    `wsgi.input must yield Uint8Array, got "a" ${STREAMS}`,
  ],
  [
    "an input that goes on",
    {
      environ: { CONTENT_LENGTH: "5" },
      input: () => stream_of("abc", "def"),
      app: reader,
    },
    `wsgi.input must end at the CONTENT_LENGTH of 5 bytes, got 6 ${STREAMS}`,
  ],
  [
    "a truncated input",
    {
      environ: { REQUEST_METHOD: "POST", CONTENT_LENGTH: "5" },
      input: () => stream_of("abc"),
      app: reader,
    },
    `wsgi.input must fail if the body is shorter than the CONTENT_LENGTH of 5 bytes, got an end after 3 ${STREAMS}`,
  ],
  [
    "an input that is read too late",
    {
      input: () => stream_of("abc"),
      app: hello,
      server: async (app, environ) => {
        await good_server(app, environ);
        await environ["wsgi.input"].getReader().read();
      },
    },
    `wsgi.input must not be read once the response is finished, got a read ${STREAMS}`,
  ],
  [
    "an input that is read after the application failed",
    {
      input: () => stream_of("abc"),
      app() {
        throw new Error("no");
      },
      server: async (app, environ) => {
        await assertRejects(() => good_server(app, environ), Error, "no");
        await environ["wsgi.input"].getReader().read();
      },
    },
    `wsgi.input must not be read once the response is finished, got a read ${STREAMS}`,
  ],
  [
    "errors that are not text",
    misusing_errors((errors) => errors.write!(bytes("oops"))),
    `wsgi.errors.write() must be given a string, got a Uint8Array of 4 bytes ${STREAMS}`,
  ],
  [
    "errors that are no lines",
    misusing_errors((errors) => errors.writelines!("oops\n")),
    `wsgi.errors.writelines() must be given an iterable of strings, got "oops\\n" ${STREAMS}`,
  ],
  [
    "errors that are nothing",
    misusing_errors((errors) => errors.writelines!()),
    `wsgi.errors.writelines() must be given an iterable of strings, got undefined ${STREAMS}`,
  ],
  [
    "errors with a line that is not text",
    misusing_errors((errors) => errors.writelines!(["a\n", 5])),
    `a line for wsgi.errors.writelines() must be a string, got 5 ${STREAMS}`,
  ],
  [
    "errors that are closed",
    misusing_errors((errors) => errors.close!()),
    `the application must not close wsgi.errors, got close() ${STREAMS}`,
  ],
  [
    "errors that are cancelled",
    misusing_errors((errors) => errors.cancel!()),
    `the application must not close wsgi.errors, got cancel() ${STREAMS}`,
  ],
];
