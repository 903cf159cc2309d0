/** Finds likely secrets in text that is shown to a person, and masks them. */

import { attempt, get, native } from "./careful.ts";

/** Replaces a secret of any length. */
export const MASKED = "********";

/**
 * Words in the names of secrets, in upper or lower case: variables, properties, fields of a query, constants in the
 * source.
 */
const SECRET_WORDS = `
  AUTH BEARER CONNECTION_STRING COOKIE CREDENTIAL CSRF DATABASE_URL DSN JWT KEY PASS PRIVATE PWD SALT SECRET SESSION
  SIGNATURE TOKEN XSRF
`.trim().replaceAll(/\s+/g, "|");

/** Names that contain such a word but are not secret: the working directory, and how a user was authenticated. */
const NO_SECRETS = ["AUTH_TYPE", "OLDPWD", "PWD"];

const SECRET_NAME = new RegExp(SECRET_WORDS, "i");

export function is_secret(name: string): boolean {
  return SECRET_NAME.test(name) && !NO_SECRETS.includes(name);
}

/** The name of a secret in a text. Matching takes linear time. */
const IDENTIFIER = `(?<![\\w.%-])(?=[\\w.%-]*(?:${SECRET_WORDS}))[\\w.%-]+`;

/** A name and a literal: `password = "x"`, `{ "password": "x" }`, `token !== 'x'`, `["X-Api-Key", "x"]`. */
const LITERAL = new RegExp(
  `(${IDENTIFIER}(?:["'\`\\]]*\\s*[:=!]=*>?|["'\`]\\s*,)\\s*)` +
    `(?:"(?:[^"\\\\\n]|\\\\.)*"|'(?:[^'\\\\\n]|\\\\.)*'|\`[^\`\n]*\`|\\d+)`,
  "gi",
);

/** A field of a query, a cookie or a connection string. */
const FIELD = new RegExp(`(${IDENTIFIER}=)[^\\s&;,"'<>]+`, "gi");

/** User and password in a URL. */
const USERINFO = /(?<=:\/\/)[^\s/?#"'<>]*@/g;

/** The minimum length of a secret to search for everywhere: a shorter one could be any word. */
const SHORTEST_SECRET = 8;

/** Text after this many characters is neither searched nor shown. */
const LOOKED_AT = 20_000;

/** Masks likely secrets: what follows a secret's name, users in URLs, and the secrets of the request and the process. */
export class Mask {
  #secrets: string[];

  /** Collects the values of variables whose name is that of a secret. */
  constructor(...sources: Record<string, unknown>[]) {
    const secrets = new Set<string>();
    for (const source of sources) {
      for (const name of attempt(() => Object.keys(source), [])) {
        const value = get(source, name);
        if (typeof value !== "string" || !is_secret(name)) continue;
        for (const secret of secrets_of(name, value)) {
          if (secret.length < SHORTEST_SECRET) continue;
          secrets.add(secret).add(native(secret));
        }
      }
    }
    // The longest first, because one may be a part of another.
    this.#secrets = Array.from(secrets).sort((a, b) => b.length - a.length);
  }

  /** Masks `text`, and cuts it after `limit` characters. */
  text(text: string, limit: number): string {
    const masked = this.source(text).replace(FIELD, `$1${MASKED}`);
    const left_out = masked.length - limit;
    return left_out > 0 ? `${masked.slice(0, limit)}…` : masked;
  }

  /** Masks a line of source, where a value without quotes is code. */
  source(line: string): string {
    let masked = line;
    for (const secret of this.#secrets) {
      masked = masked.replaceAll(secret, MASKED);
    }
    return masked.slice(0, LOOKED_AT)
      .replace(USERINFO, `${MASKED}@`)
      .replace(LITERAL, `$1${MASKED}`);
  }
}

/** The secrets in a variable: its value, each cookie, and each part of an `Authorization`. */
function* secrets_of(name: string, value: string): Generator<string> {
  yield value;
  if (!/COOKIE|AUTHORIZATION/i.test(name)) return;
  for (const part of value.split(/[;,\s]+/)) {
    if (part.length < SHORTEST_SECRET) continue; // Its parts are even shorter.
    yield part;
    yield part.slice(part.indexOf("=") + 1).replace(/^"|"$/g, "");
    const [, password = ""] = attempt(() => atob(part), "").match(/:(.*)/s) ??
      [];
    yield password;
  }
}
