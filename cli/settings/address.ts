/** The addresses of the command line, in and out. */

import type { ServerAddress } from "../../simple_server.ts";
import { UsageError } from "./usage_error.ts";

/**
 * Reads what `--bind` takes.
 *
 * @param option How the option is called in an error message.
 * @throws {UsageError} If `text` is none of its forms.
 */
export function parse_address(
  text: string,
  option = "--bind",
): ServerAddress {
  if (text.startsWith("unix:") && text.length > "unix:".length) {
    return text.slice("unix:".length);
  }
  const [, host, port] = text.match(/^(\[[0-9a-fA-F:.%]+\]|[^:[\]]*):(\d+)$/) ??
    [];
  if (host === undefined || Number(port) > 65535) {
    throw new UsageError(
      `${option} takes HOST:PORT, :PORT, [::1]:PORT or unix:/path, a port being at most 65535, got "${text}"`,
    );
  }
  return [host.replace(/^\[|\]$/g, ""), Number(port)];
}

/** An address as it stands in the configuration of a web server. */
export function format_address(address: ServerAddress): string {
  if (typeof address === "string") return `unix:${address}`;
  const [host, port] = address;
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}
