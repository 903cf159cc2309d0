/** Whom `--forwarded-allow-ips` trusts. */

import { remember } from "../_internal/remember.ts";
import { contains, type IPRange, read_ip, read_range } from "./ip_address.ts";
import { UsageError } from "../cli/settings/usage_error.ts";

/** The peers whose word is taken for where a request came from. */
export interface Trusted {
  /**
   * Whether a peer is one of them.
   *
   * @param address Its `REMOTE_ADDR`: `""` on a Unix socket; undefined where nobody knows it.
   */
  is_trusted(address: string | undefined): boolean;
}

/**
 * Reads what `--forwarded-allow-ips` takes; the empty text trusts nobody. `*` trusts every peer and every hop: the client
 * is whom the first entry of a header names, which it may have written itself.
 *
 * @throws {UsageError} If `text` is anything else.
 */
export function parse_trusted(text: string): Trusted {
  const entries = text.trim() === ""
    ? []
    : text.split(",").map((entry) => entry.trim());
  const ranges = entries.filter(is_no_word).map(parse_range);
  if (entries.includes("*")) return { is_trusted: () => true };
  const unix = entries.includes("unix");
  // Proxies are few, and the same from request to request.
  const is_trusted = remember((address): boolean => {
    if (address === "") return unix;
    const ip = read_ip(address);
    return ip !== null && ranges.some((range) => contains(range, ip));
  });
  return {
    is_trusted: (address) => address !== undefined && is_trusted(address),
  };
}

function is_no_word(entry: string): boolean {
  return entry !== "*" && entry !== "unix";
}

function parse_range(entry: string): IPRange {
  const range = read_range(entry);
  if (range) return range;
  throw new UsageError(
    `--forwarded-allow-ips takes IP addresses, ranges such as 10.0.0.0/8 (from their first address), unix and *, with commas between them, got "${entry}"`,
  );
}
