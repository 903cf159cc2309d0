/** The way of a request, as the proxies on it wrote it down: `X-Forwarded-For` and `Forwarded` (RFC 7239). */

import { is_ip } from "./ip_address.ts";
import type { Trusted } from "./trusted.ts";

/** Whom a hop got the request from. */
export interface Node {
  /** Its address, without brackets and port; `""` on a Unix socket, and where the hop does not tell it. */
  address: string;
  /** Its port, where the hop tells it. */
  port: string | null;
  /** Whether it can be looked up among those who are trusted. */
  known: boolean;
}

/** What one hop says of the request as it got it. */
export interface Hop {
  /** Whom from; null where the hop leaves that out. */
  client: Node | null;
  /** By which scheme. */
  proto?: string;
  /** With which `Host`. */
  host?: string;
}

/** What the trusted hops say. */
export interface Chain {
  /** The trusted hops, from the nearest to the one that the client came to. */
  hops: Hop[];
  /** The part of the header that they wrote. */
  written: string;
}

/** The way that `X-Forwarded-For` tells of. */
export function read_addresses(value: string, trusted: Trusted): Chain {
  return follow(value.split(","), address_hop, trusted);
}

/** The way that `Forwarded` tells of. */
export function read_forwarded(value: string, trusted: Trusted): Chain {
  return follow(split_elements(value), element_hop, trusted);
}

/**
 * Goes from the last entry, which the peer wrote, to the one before as long as an entry names somebody who is trusted:
 * who wrote that one. What stands before is whatever the client sent.
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

/** Somebody of whom nothing is known: `unknown`, `_hidden`, or what is no address. */
const NOBODY: Node = { address: "", port: null, known: false };

/** What nginx writes for a peer on a Unix socket. */
export const UNIX_PEER = "unix:";

const UNIX: Node = { address: "", port: null, known: true };

/** An address with or without a port, which may be obfuscated (RFC 7239, section 6); IPv6 with a port is in brackets. */
const NODE = /^(?:\[([^\]]+)\]|([\d.]+))(?::(\d{1,5}|_[\w.-]+))?$/;

function read_node(text: string): Node {
  if (text === UNIX_PEER) return UNIX;
  const [, bracketed, dotted, port] = NODE.exec(text) ?? [];
  const address = bracketed ?? dotted ?? text;
  if (!is_ip(address)) return NOBODY;
  return { address, port: read_port(port), known: true };
}

/** A port in decimal digits, from 1 to 65535; null if `text` is none. */
export function read_port(text: string | undefined): string | null {
  const is_port = text !== undefined && /^[1-9]\d{0,4}$/.test(text) &&
    Number(text) <= 65535;
  return is_port ? text : null;
}

function address_hop(entry: string): Hop {
  return { client: read_node(entry) };
}

/**
 * The elements of a `Forwarded` header, the last one whole whatever stands before it: read from the end, where a
 * trusted hop wrote, a quote that the client left open reaches no further than its own text.
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

/** Whether an odd number of backslashes stands before the place. */
function is_escaped(value: string, place: number): boolean {
  let start = place;
  while (value[start - 1] === "\\") start--;
  return (place - start) % 2 === 1;
}

/**
 * A parameter of an element, or none, to the next semicolon. Proxies leave the quotes away that a colon or a bracket
 * asks for, so what is not quoted may be any text without separators.
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
    // RFC 7239, section 4: a parameter stands in an element once.
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
