/** IP addresses and ranges, compared by value, because one address has many spellings. */

/** 128 bits; an IPv4 address is mapped to IPv6 (RFC 4291, section 2.5.5.2). */
export type IPAddress = bigint;

/** All addresses that begin with the same bits. */
export interface IPRange {
  /** The bits that they share. */
  prefix: bigint;
  /** The number of remaining bits. */
  rest: bigint;
  /** Whether it reaches beyond IPv4. */
  of_ipv6: boolean;
}

/** The lengths of addresses in bits, and the prefix of mapped IPv4 addresses. */
const BITS = 128;
const IPV4_BITS = 32;
const MAPPED = 0xffffn;

/** Longer than any address with a zone. */
const LONGEST = 64;

/** No octet may begin with a zero, because some parsers read that as octal. */
const OCTET = "(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
const IPV4 = new RegExp(`^${[OCTET, OCTET, OCTET, OCTET].join("\\.")}$`);
/** The characters of an IPv6 address; in a URL, any other would end it. */
const IPV6 = /^[0-9A-Fa-f:.]+$/;
const ZONE = /%[0-9A-Za-z._~-]+$/;

/** Whether `text` is an address, without brackets. */
export function is_ip(text: string): boolean {
  if (text.length > LONGEST) return false;
  return text.includes(":") ? URL.canParse(url_of(text)) : IPV4.test(text);
}

/** Parses an address, ignoring its zone; null if `text` is not an address. */
export function read_ip(text: string): IPAddress | null {
  if (text.length > LONGEST) return null;
  return text.includes(":") ? read_ipv6(text) : read_ipv4(text);
}

function read_ipv4(text: string): IPAddress | null {
  const octets = IPV4.exec(text)?.slice(1);
  if (!octets) return null;
  const value = octets.reduce((value, octet) => value * 256 + Number(octet), 0);
  return MAPPED << BigInt(IPV4_BITS) | BigInt(value);
}

/** As the host of a URL, the platform accepts every spelling and returns the shortest (RFC 5952). */
function read_ipv6(text: string): IPAddress | null {
  const url = URL.parse(url_of(text));
  if (url === null) return null;
  const shortest = url.hostname.slice(1, -1);
  const missing = 9 - shortest.split(":").length;
  const groups = shortest.replace("::", `:${"0:".repeat(missing)}`).split(":");
  return BigInt(
    `0x${groups.map((group) => group.padStart(4, "0")).join("")}`,
  );
}

/** A URL with an IPv6 address as its host; "" if `text` cannot be one. */
function url_of(text: string): string {
  const address = text.replace(ZONE, "");
  return IPV6.test(address) ? `http://[${address}]/` : "";
}

/** An address without a zone, because a range would include every zone, and the prefix length. */
const RANGE = /^([^/%]+)(?:\/(0|[1-9]\d{0,2}))?$/;

/**
 * Parses a range: a single address, or the first address of a range with its prefix length; null if `text` is not a
 * range.
 */
export function read_range(text: string): IPRange | null {
  const [, address = "", shared] = RANGE.exec(text) ?? [];
  const first = read_ip(address);
  const width = address.includes(":") ? BITS : IPV4_BITS;
  const length = width - Number(shared ?? width);
  if (first === null || length < 0) return null;
  const rest = BigInt(length);
  const prefix = first >> rest;
  if (prefix << rest !== first) return null;
  return { prefix, rest, of_ipv6: length > IPV4_BITS };
}

/** Whether `ip` is in the range. No IPv4 address is in a range of IPv6, such as `::/0`. */
export function contains(
  { prefix, rest, of_ipv6 }: IPRange,
  ip: IPAddress,
): boolean {
  if (of_ipv6 && ip >> BigInt(IPV4_BITS) === MAPPED) return false;
  return ip >> rest === prefix;
}
