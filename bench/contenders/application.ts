/** The application that is measured: 13 bytes, or 64 KiB. */

import type { WSGIApplication } from "../../types.ts";

type Answer = [body: Uint8Array<ArrayBuffer>, type: string];

const hello: Answer = [
  new TextEncoder().encode("Hello world!\n"),
  "text/plain",
];
const block: Answer = [
  new Uint8Array(65536).fill(120),
  "application/octet-stream",
];

/** What is answered, and its type; the servers without an application answer it too. */
export const answers = { small: hello, large: block };

function application([body, type]: Answer): WSGIApplication {
  return (_environ, start_response) => {
    start_response("200 OK", [["Content-Type", type]]);
    return [body];
  };
}

export const small = application(hello);
export const large = application(block);
