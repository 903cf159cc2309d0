/** What the tests of the simple server share: applications, a raw GET, and what came back. */

import { WSGIRequestHandler } from "../../simple_server.ts";
import type { WSGIApplication } from "../../types.ts";
import { bytes } from "../support/support.ts";

export const hello: WSGIApplication = (_environ, start_response) => {
  start_response("200 OK", [["Content-Type", "text/plain"]]);
  return [bytes("Hello")];
};

/** Answers with the environ as JSON. */
export const show: WSGIApplication = (environ, start_response) => {
  start_response("200 OK", [["Content-Type", "application/json"]]);
  return [new TextEncoder().encode(JSON.stringify(environ))];
};

/** A raw GET. */
export function get(target: string, ...headers: string[]): string {
  const lines = [`GET ${target} HTTP/1.1`, "Host: h", "Connection: close"];
  return [...lines, ...headers, "", ""].join("\r\n");
}

/** The headers that a client got, in lower case and sorted, without Date. */
export function received({ headers }: { headers: string[] }): string[] {
  return headers.map((line) => line.toLowerCase())
    .filter((line) => !line.startsWith("date:")).sort();
}

export class Quiet extends WSGIRequestHandler {
  override log_message(): void {}
}
