/** Which requests Deno.serve takes, where CPython is less strict or has other limits. */

import { bytes } from "../support/support.ts";
import { fields, type ParityRequest, wire } from "./request.ts";

const TOKEN = /^[!#$%&'*+.^_`|~0-9a-z-]+$/i;
// deno-lint-ignore no-control-regex -- that is what it is about
const CONTROLS = /[\x00-\x08\x0a-\x1f\x7f]/;

/** Whether `request` is one of HTTP/1.0 or 1.1 (RFC 9112), but that bytes of UTF-8 may stand in its target. */
export function is_valid(request: ParityRequest): boolean {
  const { method, version, lines } = request;
  const hosts = values(request, "host");
  return TOKEN.test(method) && /^HTTP\/1\.[01]$/.test(version) &&
    has_valid_target(request) && lines.every(is_header) &&
    hosts.length <= 1 && has_clear_length(request);
}

/** A name or an IPv4 address, or an IPv6 address in brackets; and a port. */
const HOST = /^(?:[a-z0-9_.~-]+|(\[[0-9a-f:.]+\]))(?::([0-9]*))?$/i;

/** Whether what `request` calls the server is a host, where it does so. */
export function has_valid_host(request: ParityRequest): boolean {
  return values(request, "host").every((host) => {
    const [whole, ipv6 = "[::]", port] = host.match(HOST) ?? [];
    return whole !== undefined && URL.canParse(`http://${ipv6}`) &&
      Number(port ?? 0) < 65_536;
  });
}

/** Whether `request` is within the limits of Deno.serve. */
export function is_within_limits(request: ParityRequest): boolean {
  const head = wire({ ...request, body: "" });
  return request.lines.length <= 128 && head.length <= 65_536;
}

/** RFC 9112, section 3.2: the four forms of a target. */
function has_valid_target({ method, target }: ParityRequest): boolean {
  if (CONTROLS.test(target) || !is_utf8(target)) return false;
  if (target === "*") return method === "OPTIONS";
  if (method === "CONNECT") return !/[/?]/.test(target);
  return /^\/|^[a-z][a-z0-9+.-]*:\/\/[^/]/i.test(target);
}

/** RFC 9112, section 5. */
function is_header(line: string): boolean {
  const [, name, value] = line.match(/^([^:]*):([^]*)$/) ?? [];
  return value !== undefined && TOKEN.test(name!) && !CONTROLS.test(value);
}

/** RFC 9112, section 6: no length, one, or the chunked coding as the last and only once. */
function has_clear_length(request: ParityRequest): boolean {
  const lengths = values(request, "content-length");
  const codings = values(request, "transfer-encoding");
  if (codings.length === 0) {
    return lengths.every((length) => /^[0-9]+$/.test(length)) &&
      new Set(lengths.map(Number)).size <= 1;
  }
  const names = codings.join().toLowerCase().split(/[ \t]*,[ \t]*/);
  return lengths.length === 0 && names.indexOf("chunked") === names.length - 1;
}

function values(request: ParityRequest, wanted: string): string[] {
  return fields(request)
    .filter(({ name }) => name.toLowerCase() === wanted)
    .map(({ value }) => value);
}

function is_utf8(native: string): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes(native));
    return true;
  } catch {
    return false;
  }
}
