/** HTTP responses, taken apart. */

import { join, text } from "../../support/support.ts";
import type { Answer } from "./door.ts";

/** Takes an HTTP response apart. */
export function parse_answer(raw: Uint8Array, method: string): Answer {
  const end = find_end(raw);
  if (end < 0) return { status: "", headers: [], body: raw, broken: true };
  const [first = "", ...lines] = text(raw.subarray(0, end)).split("\r\n");
  const status = first.replace(/^HTTP\/1\.[01] /, "");
  const rest = raw.subarray(end + 4);
  if (status.startsWith("1")) return parse_answer(rest, method);
  const headers = lines.map((line): [string, string] => {
    const [, name = "", value = ""] = line.match(
      /^([^:]*):[ \t]*(.*?)[ \t]*$/,
    )!;
    return [name.toLowerCase(), value];
  });
  const bodiless = method === "HEAD" || /^(204|304)/.test(status);
  return { status, headers, ...body_of(rest, new Map(headers), bodiless) };
}

function find_end(raw: Uint8Array): number {
  return text(raw.subarray(0, 65536)).indexOf("\r\n\r\n");
}

/** Whether something of the body is there. */
export function has_begun(raw: Uint8Array): boolean {
  const end = find_end(raw);
  return end >= 0 && raw.length > end + 4;
}

function body_of(
  rest: Uint8Array,
  headers: Map<string, string>,
  bodiless: boolean,
): { body: Uint8Array; broken: boolean } {
  if (bodiless) return { body: rest, broken: false };
  if (headers.get("transfer-encoding") === "chunked") return unchunk(rest);
  const length = headers.get("content-length");
  const broken = length !== undefined && rest.length < Number(length);
  return { body: rest, broken };
}

function unchunk(rest: Uint8Array): { body: Uint8Array; broken: boolean } {
  const parts: Uint8Array[] = [];
  let broken = true;
  while (broken) {
    const line_end = rest.indexOf(10);
    if (line_end < 0) break;
    const size = parseInt(text(rest.subarray(0, line_end)), 16);
    const data = rest.subarray(line_end + 1, line_end + 1 + size);
    parts.push(data);
    if (data.length < size) break;
    rest = rest.subarray(line_end + 1 + size + 2);
    broken = size > 0;
  }
  return { body: join(parts), broken };
}
