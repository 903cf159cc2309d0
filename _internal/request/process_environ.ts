/** The environment of this process as PEP 3333's native strings: one byte per character. */

import { platform } from "../platform.ts";
import { decode_latin1, is_ascii, to_native } from "../text/bytes.ts";

type Variables = Record<string, string>;

/**
 * Returns the variables of this process as native strings; `{}` without permission to read them. Never prompts.
 *
 * No runtime reports a variable whose name or value is not UTF-8. On Linux it is read from /proc/self/environ, if the
 * process may read that.
 *
 * @category Handlers
 */
export function read_environ(): Record<string, string> {
  // In this order, because Node has variables that are not UTF-8 too, but not their bytes.
  const environ = { ...decodable_variables(), ...undecodable_variables() };
  once ??= fast(environ);
  return environ;
}

function decodable_variables(): Variables {
  const variables = platform.environ();
  // The usual case. Checking all of them at once is fastest for a CGI script.
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

/** The first result of `read_environ()`. */
let once: Readonly<Variables> | null = null;

/** Copies via JSON, which makes an object that V8 clones about a hundred times faster than one filled key by key. */
function fast(environ: Variables): Variables {
  return JSON.parse(JSON.stringify(environ));
}

/** The result of `read_environ()`, read once and shared, because every request clones it. Must not be modified. */
export function process_environ(): Readonly<Variables> {
  if (once === null) read_environ();
  return once!;
}
