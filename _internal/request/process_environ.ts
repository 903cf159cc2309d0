/** The environment of this process, as PEP 3333 wants it: one byte per character. */

import { platform } from "../platform.ts";
import { decode_latin1, is_ascii, to_native } from "../text/bytes.ts";

type Variables = Record<string, string>;

/**
 * The variables of this process as native strings; `{}` without permission to read them, never a prompt.
 *
 * No runtime tells a variable whose name or value is no UTF-8. On Linux such a one is found in
 * /proc/self/environ, where the process may read that.
 */
export function read_environ(): Record<string, string> {
  // In this order: Node has a variable that is no UTF-8 too, but not its bytes.
  const environ = { ...decodable_variables(), ...undecodable_variables() };
  once ??= fast(environ);
  return environ;
}

function decodable_variables(): Variables {
  const variables = platform.environ();
  // As nearly always; to look at all of them at once is what takes a CGI script least.
  if (is_ascii(JSON.stringify(variables))) return variables;
  const native = ([name, value]: [string, string]) =>
    [to_native(name), to_native(value)] as const;
  return Object.fromEntries(Object.entries(variables).map(native));
}

function undecodable_variables(): Variables {
  const bytes = platform.environ_bytes();
  if (!bytes) return {};
  const variables: Variables = {};
  const text = decode_latin1(bytes);
  if (is_ascii(text)) return variables;
  for (const entry of text.split("\0")) {
    const equals = entry.indexOf("=");
    if (equals > 0 && !is_utf8(entry)) {
      variables[entry.slice(0, equals)] = entry.slice(equals + 1);
    }
  }
  return variables;
}

function is_utf8(native: string): boolean {
  if (is_ascii(native)) return true;
  try {
    const bytes = Uint8Array.from(native, (char) => char.charCodeAt(0));
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** What was read first. */
let once: Readonly<Variables> | null = null;

/** Through JSON, which makes an object that V8 clones some hundred times faster than one filled key by key. */
function fast(environ: Variables): Variables {
  return JSON.parse(JSON.stringify(environ));
}

/** `read_environ()`, read once and shared, as every request clones it: not to be changed. */
export function process_environ(): Readonly<Variables> {
  if (once === null) read_environ();
  return once!;
}
