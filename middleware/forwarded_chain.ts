/** The path of a request through proxies, from `X-Forwarded-For` and `Forwarded` (RFC 7239). */

import { is_ip } from "./ip_address.ts";
import type { Trusted } from "./trusted.ts";

/** The node that a hop received the request from. */
export interface Node {
  /** Its address, without brackets and port; `""` on a Unix socket, or if the hop does not report it. */
  address: string;
  /** Its port, if the hop reports it. */
  port: string | null;
  /** Whether it can be compared with the trusted addresses. */
  known: boolean;
}

/** What one hop reports about the request that it received. */
export interface Hop {
  /** The sender; null if the hop does not report it. */
  client: Node | null;
  /** The scheme. */
  proto?: string;
  /** The `Host` header. */
  host?: string;
}

/** The reports of the trusted hops. */
export interface Chain {
  /** The trusted hops, from the nearest one to the one that the client connected to. */
  hops: Hop[];
  /** The part of the header that they wrote. */
  written: string;
}

/** Reads the path from `X-Forwarded-For`. */
export function read_addresses(value: string, trusted: Trusted): Chain {
  return follow(value.split(","), address_hop, trusted);
}

/** Reads the path from `Forwarded`. */
export function read_forwarded(value: string, trusted: Trusted): Chain {
  return follow(split_elements(value), element_hop, trusted);
}

/**
 * Follows the entries from the last one, which the peer wrote, to the previous one as long as an entry names a trusted
 * address, which then wrote the previous entry. Anything before that is whatever the client sent.
 */
function follow(
  entries: string[],
  read: (entry: string) => Hop,
  trusted: Trusted,
): Chain {
  const hops: Hop[] = [];
  let place = entries.length;
  while (place > 0) {
    const hop = read(entries[--place]!.trim());
    hops.push(hop);
    const { client } = hop;
    if (!client?.known || !trusted.is_trusted(client.address)) break;
  }
  return { hops, written: entries.slice(place).join(",").trim() };
}

/** A node without a known address: `unknown`, `_hidden`, or something invalid. */
const NOBODY: Node = { address: "", port: null, known: false };

/** What nginx writes for a peer on a Unix socket. */
export const UNIX_PEER = "unix:";

const UNIX: Node = { address: "", port: null, known: true };

/** An address with an optional port, which may be obfuscated (RFC 7239, section 6); IPv6 with a port is in brackets. */
const NODE = /^(?:\[([^\]]+)\]|([\d.]+))(?::(\d{1,5}|_[\w.-]+))?$/;

function read_node(text: string): Node {
  if (text === UNIX_PEER) return UNIX;
  const [, bracketed, dotted, port] = NODE.exec(text) ?? [];
  const address = bracketed ?? dotted ?? text;
  if (!is_ip(address)) return NOBODY;
  return { address, port: read_port(port), known: true };
}

/** A port in decimal digits, from 1 to 65535; null if `text` is not a port. */
export function read_port(text: string | undefined): string | null {
  const is_port = text !== undefined && /^[1-9]\d{0,4}$/.test(text) &&
    Number(text) <= 65535;
  return is_port ? text : null;
}

function address_hop(entry: string): Hop {
  return { client: read_node(entry) };
}

/**
 * Splits a `Forwarded` header into its elements. It is read from the end, which a trusted hop wrote, so that an
 * unclosed quote from the client cannot extend beyond the client's own text.
 */
function split_elements(value: string): string[] {
  const elements: string[] = [];
  let end = value.length;
  let quoted = false;
  for (let i = end - 1; i >= 0; i--) {
    const char = value[i];
    if (char === '"' && !is_escaped(value, i)) quoted = !quoted;
    else if (char === "," && !quoted) {
      elements.push(value.slice(i + 1, end));
      end = i;
    }
  }
  elements.push(value.slice(0, end));
  return elements.reverse();
}

/** Whether an odd number of backslashes precedes a position. */
function is_escaped(value: string, place: number): boolean {
  let start = place;
  while (value[start - 1] === "\\") start--;
  return (place - start) % 2 === 1;
}

/**
 * An optional parameter of an element, up to the next semicolon. Proxies omit the quotes that a colon or a bracket
 * requires, so an unquoted value may be any text without separators.
 */
const PARAMETER =
  /[ \t]*(?:([!#$%&'*+\-.^_`|~0-9A-Za-z]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s",;\\]*))[ \t]*)?(?:;|$)/y;

function element_hop(element: string): Hop {
  const parameters = new Map<string, string>();
  PARAMETER.lastIndex = 0;
  while (PARAMETER.lastIndex < element.length) {
    const [, name, quoted, plain] = PARAMETER.exec(element) ?? [""];
    if (PARAMETER.lastIndex === 0) return { client: NOBODY };
    if (name === undefined) continue;
    const key = name.toLowerCase();
    // RFC 7239, section 4: a parameter must not be repeated in an element.
    if (parameters.has(key)) return { client: NOBODY };
    parameters.set(key, plain ?? quoted!.replace(/\\(.)/g, "$1"));
  }
  if (parameters.size === 0) return { client: NOBODY };
  const from = parameters.get("for");
  return {
    client: from === undefined ? null : read_node(from),
    proto: parameters.get("proto"),
    host: parameters.get("host"),
  };
}
