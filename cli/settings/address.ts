/** The addresses of the command line, in and out. */

import type { ServerAddress } from "../../simple_server.ts";
import { did_you_mean } from "./suggestion.ts";
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
  if (host === undefined || host === "*" || Number(port) > 65535) {
    throw new UsageError(
      `${option} takes HOST:PORT, :PORT, [::1]:PORT or unix:/path with a port up to 65535, got "${text}"${
        did_you_mean(meant_by(text))
      }`,
    );
  }
  return [host.replace(/^\[|\]$/g, ""), Number(port)];
}

/** What may have been meant by something that is no address. */
function meant_by(text: string): string | null {
  const [, all] = text.match(/^\*:(\d{1,5})$/) ?? [];
  if (all !== undefined) return `:${all}`;
  const [, authority] = text.match(/^(?:https?|tcp):\/\/([^/]+)\/*$/i) ?? [];
  if (authority !== undefined) {
    return /:\d+$/.test(authority) ? authority : `${authority}:8000`;
  }
  if (/^\d{1,5}$/.test(text)) return `:${text}`;
  if (/^\.{0,2}\//.test(text) || /\.sock$/.test(text)) return `unix:${text}`;
  if (/^unix(:|$)/i.test(text)) return "unix:/path";
  const [, host, port] = text.match(/^([0-9a-f:]*::[0-9a-f:]*):(\d+)$/i) ?? [];
  if (host !== undefined) return `[${host}]:${port}`;
  return /^(\[[0-9a-f:]+\]|[a-z][a-z0-9.-]*|[0-9.]+):?$/i.test(text)
    ? `${text.replace(/:$/, "")}:8000`
    : null;
}

/** An address as it stands in the configuration of a web server. */
export function format_address(address: ServerAddress): string {
  if (typeof address === "string") return `unix:${address}`;
  const [host, port] = address;
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}
