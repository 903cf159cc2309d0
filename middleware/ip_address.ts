/** IP addresses and ranges of them, by value: one address has many spellings. */

/** 128 bits in four words; an IPv4 address as the IPv6 address that it is mapped to (RFC 4291, section 2.5.5.2). */
export type IPAddress = readonly [number, number, number, number];

/** The addresses that begin with the same bits. */
export interface IPRange {
  /** The first of them. */
  first: IPAddress;
  /** Which bits they share, word by word. */
  masks: IPAddress;
  /** Whether it reaches beyond IPv4. */
  of_ipv6: boolean;
}

/** What all IPv4 addresses begin with, and how many bits of it there are. */
const MAPPED_WORD = 0xffff;
const MAPPED_BITS = 96;

/** Longer than any address with a zone. */
const LONGEST = 64;

const OCTET = "(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
const IPV4 = new RegExp(`^${[OCTET, OCTET, OCTET, OCTET].join("\\.")}$`);
const GROUP = /^[0-9A-Fa-f]{1,4}$/;
const ZONE = /%[0-9A-Za-z._~-]+$/;

/** The address that `text` spells, without brackets; its zone counts for nothing. Null if it is none. */
export function read_ip(text: string): IPAddress | null {
  if (text.length > LONGEST) return null;
  if (text.includes(":")) return read_ipv6(text.replace(ZONE, ""));
  const word = read_ipv4(text);
  return word === null ? null : [0, 0, MAPPED_WORD, word];
}

/** No octet begins with a zero: there are readers that take such a one for octal. */
function read_ipv4(text: string): number | null {
  const octets = IPV4.exec(text);
  if (!octets) return null;
  return octets.slice(1).reduce((word, octet) => word << 8 | Number(octet), 0);
}

function read_ipv6(text: string): IPAddress | null {
  const [head, tail, ...more] = in_groups(text).split("::");
  if (more.length > 0) return null;
  const left = head ? head.split(":") : [];
  const right = tail ? tail.split(":") : [];
  const missing = 8 - left.length - right.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return null;
  const groups = [...left, ...Array(missing).fill("0"), ...right];
  if (!groups.every((group) => GROUP.test(group))) return null;
  const word = (index: number) =>
    parseInt(groups[index], 16) << 16 | parseInt(groups[index + 1], 16);
  return [word(0), word(2), word(4), word(6)];
}

/** The last two groups may stand as an IPv4 address (RFC 4291, section 2.2). */
function in_groups(text: string): string {
  if (!text.includes(".")) return text;
  const place = text.lastIndexOf(":") + 1;
  const word = read_ipv4(text.slice(place));
  if (word === null) return text;
  const group = (bits: number) => (bits & 0xffff).toString(16);
  return `${text.slice(0, place)}${group(word >>> 16)}:${group(word)}`;
}

/**
 * The range that `text` spells: an address alone, or the first address of a range and how many bits its addresses
 * share. Null if it is none.
 */
export function read_range(text: string): IPRange | null {
  const [address = "", length] = split_once(text, "/");
  // A range knows no zones: to leave one out would widen it.
  const first = address.includes("%") ? null : read_ip(address);
  const width = address.includes(":") ? 128 : 32;
  if (!first || length !== undefined && !is_length(length, width)) return null;
  const bits = 128 - width + Number(length ?? width);
  const masks = [0, 32, 64, 96].map((start) => mask(bits - start));
  if (first.some((word, i) => (word & ~masks[i]!) !== 0)) return null;
  return {
    first,
    masks: masks as unknown as IPAddress,
    of_ipv6: bits < MAPPED_BITS,
  };
}

function split_once(text: string, separator: string): [string, string?] {
  const place = text.indexOf(separator);
  if (place < 0) return [text];
  return [text.slice(0, place), text.slice(place + separator.length)];
}

function is_length(text: string, most: number): boolean {
  return /^(0|[1-9]\d{0,2})$/.test(text) && Number(text) <= most;
}

/** A word whose first `bits` bits are set. */
function mask(bits: number): number {
  if (bits <= 0) return 0;
  return bits >= 32 ? -1 : -1 << (32 - bits);
}

/** Whether `ip` is in the range. No IPv4 address is in a range that reaches beyond IPv4, `::/0` for one. */
export function contains(range: IPRange, ip: IPAddress): boolean {
  if (range.of_ipv6 && is_ipv4(ip)) return false;
  const { first, masks } = range;
  return ip.every((word, i) => ((word ^ first[i]!) & masks[i]!) === 0);
}

function is_ipv4(ip: IPAddress): boolean {
  return ip[0] === 0 && ip[1] === 0 && ip[2] === MAPPED_WORD;
}
