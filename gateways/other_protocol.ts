/** Recognises a client that speaks another protocol than the server. */

import { decode_latin1 } from "../_internal/text/bytes.ts";

/** The number of bytes that are examined. */
const ENOUGH = 32;

/** The first bytes of requests in other protocols. */
const BEGINNINGS: Record<string, RegExp> = {
  "HTTP": /^[A-Z]{3,20} [!-~]/,
  // deno-lint-ignore no-control-regex
  "TLS": /^\x16\x03/,
  // deno-lint-ignore no-control-regex
  "FastCGI": /^\x01[\x01\x09]\x00/,
  // deno-lint-ignore no-control-regex
  "SCGI": /^\d+:CONTENT_LENGTH\x00/,
  // The length of the first name has two bytes, little-endian.
  // deno-lint-ignore no-control-regex
  "uwsgi": /^\x00..\x00.\x00[A-Z]/s,
};

/**
 * Names the protocol that a client speaks, and how to configure a web server for this one; "" if it is unknown.
 *
 * @param data The first bytes received.
 * @param protocol The server's protocol, as nginx and Apache call it.
 */
export function other_protocol(data: Uint8Array, protocol: string): string {
  const beginning = decode_latin1(data.subarray(0, ENOUGH));
  const found = Object.keys(BEGINNINGS)
    .find((name) => BEGINNINGS[name]!.test(beginning));
  if (found === undefined) return "";
  const scheme = protocol === "fastcgi" ? "fcgi" : protocol;
  return `: this is ${found}, but nginx speaks ${protocol} with ${protocol}_pass, and Apache with ${scheme}://`;
}
