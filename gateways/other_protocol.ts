/** What a client speaks that does not speak the protocol of a server. */

import { decode_latin1 } from "../_internal/text/bytes.ts";

/** How much of what came is looked at. */
const ENOUGH = 32;

/** How the requests of other protocols begin. */
const BEGINNINGS: Record<string, RegExp> = {
  "HTTP": /^[A-Z]{3,20} [!-~]/,
  // deno-lint-ignore no-control-regex
  "TLS": /^\x16\x03/,
  // deno-lint-ignore no-control-regex
  "FastCGI": /^\x01[\x01\x09]\x00/,
  // deno-lint-ignore no-control-regex
  "SCGI": /^\d+:CONTENT_LENGTH\x00/,
  // The length of the first name is a number of two bytes, the low one first.
  // deno-lint-ignore no-control-regex
  "uwsgi": /^\x00..\x00.\x00[A-Z]/s,
};

/**
 * Says what a client speaks, and how a web server is told to speak the protocol of this one; "" where nobody knows.
 *
 * @param data What came first.
 * @param protocol The protocol, as nginx and Apache call it.
 */
export function other_protocol(data: Uint8Array, protocol: string): string {
  const beginning = decode_latin1(data.subarray(0, ENOUGH));
  const found = Object.keys(BEGINNINGS)
    .find((name) => BEGINNINGS[name]!.test(beginning));
  if (found === undefined) return "";
  const scheme = protocol === "fastcgi" ? "fcgi" : protocol;
  return `: this is ${found}, but nginx speaks ${protocol} by ${protocol}_pass, and Apache by ${scheme}://`;
}
