/** What comes back for a request, whatever the protocol. */

import { decode_latin1 } from "../../_internal/text/bytes.ts";

/** What came back for a request. */
export interface Answered {
  /** The response, from its status on; what stands before that, by the protocol, is left out. */
  text: string;
  /** What came for the log of the web server. */
  errors: string;
  /** Whether it came to its end, as the protocol has it. */
  ended: boolean;
  /** How the application ended, where the protocol says that. */
  app_status: number | null;
}

/** What stands before the status, as CGI has it. */
export const STATUS = "Status: ";

/** A response without what stands before its status. */
export function without(preamble: string, response: string): string {
  if (response === "") return "";
  if (response.startsWith(preamble)) return response.slice(preamble.length);
  throw new Error(`expected ${preamble}, got ${response.slice(0, 80)}`);
}

/** The answer of a protocol that ends it by the end of the connection. */
export function plain_answer(preamble: string, raw: Uint8Array): Answered {
  return {
    text: without(preamble, decode_latin1(raw)),
    errors: "",
    ended: true,
    app_status: null,
  };
}
