/** The peers that are trusted to report where a request came from. */

import { remember } from "../_internal/remember.ts";
import { describe } from "../_internal/text/check.ts";
import { contains, type IPRange, read_ip, read_range } from "./ip_address.ts";

/** The peers that are trusted to report where a request came from. */
export interface Trusted {
  /**
   * Whether a peer is one of them.
   *
   * @param address Its `REMOTE_ADDR`: `""` on a Unix socket; undefined if it is not known.
   */
  is_trusted(address: string | undefined): boolean;
}

/**
 * Parses the entries of {@linkcode trust_forwarded}: a list, or a comma-separated string.
 *
 * @throws {TypeError} If an entry is not an address, a range, `unix` or `*`.
 */
export function read_trusted(trusted: string | readonly string[]): Trusted {
  const entries = entries_of(trusted);
  const ranges = entries.filter(is_no_word).map(range_of);
  if (entries.includes("*")) return { is_trusted: () => true };
  const unix = entries.includes("unix");
  // There are few proxies, and they are the same in every request.
  const is_trusted = remember((address): boolean => {
    if (address === "") return unix;
    const ip = read_ip(address);
    return ip !== null && ranges.some((range) => contains(range, ip));
  });
  return {
    is_trusted: (address) => address !== undefined && is_trusted(address),
  };
}

function entries_of(trusted: string | readonly string[]): readonly string[] {
  if (Array.isArray(trusted)) return trusted;
  if (typeof trusted !== "string") throw no_entry(describe(trusted));
  return trusted.trim() === ""
    ? []
    : trusted.split(",").map((entry) => entry.trim());
}

function is_no_word(entry: string): boolean {
  return entry !== "*" && entry !== "unix";
}

function range_of(entry: string): IPRange {
  const range = typeof entry === "string" ? read_range(entry) : null;
  if (range) return range;
  throw no_entry(typeof entry === "string" ? `"${entry}"` : describe(entry));
}

function no_entry(came: string): TypeError {
  return new TypeError(
    `trusted takes IP addresses, ranges such as 10.0.0.0/8 (from their first address), unix and *, with commas between them, got ${came}`,
  );
}
