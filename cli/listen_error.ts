/** Why a server cannot listen at an address, and what to do about it. */

import type { ServerAddress } from "../simple_server.ts";
import { file_url } from "./settings/file_url.ts";

/** On Linux, only root may bind ports below this one (`net.ipv4.ip_unprivileged_port_start`). */
const FIRST_OF_ALL = 1024;

/** The reason why an address cannot be bound, and what to do. */
export function listen_error_reason(
  address: ServerAddress,
  error: Error,
): string {
  if (error instanceof Deno.errors.AddrInUse) return "the address is in use";
  if (error instanceof Deno.errors.AddrNotAvailable) {
    return "this machine has no such address";
  }
  const why = typeof address === "string"
    ? why_no_socket(address, error)
    : why_no_port(address[1], error);
  return why ?? error.message;
}

function why_no_port(port: number, error: Error): string | null {
  const is_of_root = error instanceof Deno.errors.PermissionDenied &&
    port > 0 && port < FIRST_OF_ALL;
  return is_of_root
    ? `ports below ${FIRST_OF_ALL} need root or CAP_NET_BIND_SERVICE, which AmbientCapabilities= of a systemd unit grants; or use a higher port behind a web server`
    : null;
}

function why_no_socket(path: string, error: Error): string | null {
  const folder = path.slice(0, path.lastIndexOf("/") + 1) || ".";
  if (error instanceof Deno.errors.NotFound) {
    return `there is no folder ${folder}`;
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    return `this user may not make files in ${folder}`;
  }
  if (error instanceof Deno.errors.NotADirectory || is_file(folder)) {
    return `${folder} is no folder`;
  }
  return /SUN_LEN/.test(error.message)
    ? "the path of a socket is limited to 107 bytes"
    : null;
}

function is_file(path: string): boolean {
  try {
    return !Deno.statSync(file_url(path.replace(/\/$/, ""))).isDirectory;
  } catch {
    return false;
  }
}
