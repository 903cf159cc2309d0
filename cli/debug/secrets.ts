/** What may be secret in what is shown to a person, and how it is masked. */

import { attempt, get, native } from "./careful.ts";

/** What stands for a secret, however long that is. */
export const MASKED = "********";

/**
 * What the name of a secret has in it, in capitals or not: of a variable, of a property, of a field in a query, of a
 * constant in the source.
 */
const SECRET_WORDS = `
  AUTH BEARER CONNECTION_STRING COOKIE CREDENTIAL CSRF DATABASE_URL DSN JWT KEY PASS PRIVATE PWD SALT SECRET SESSION
  SIGNATURE TOKEN XSRF
`.trim().replaceAll(/\s+/g, "|");

/** Names that have such a word and tell nothing: the working folder, and how a user was authenticated. */
const NO_SECRETS = ["AUTH_TYPE", "OLDPWD", "PWD"];

const SECRET_NAME = new RegExp(SECRET_WORDS, "i");

export function is_secret(name: string): boolean {
  return SECRET_NAME.test(name) && !NO_SECRETS.includes(name);
}

/** The name of a secret in a text; looked for in a time that grows with the text and no faster. */
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

/** From how many characters on a secret is looked for everywhere: a shorter one could be any word. */
const SHORTEST_SECRET = 8;

/** Beyond this many characters of a text nothing is looked for, nor shown. */
const LOOKED_AT = 20_000;

/** Masks what may be secret in any text: what follows a secret's name, users in URLs, and the secrets of this request and this process. */
export class Mask {
  #secrets: string[];

  /** Takes the secrets from variables with the names of such. */
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
    // One may be a part of another.
    this.#secrets = Array.from(secrets).sort((a, b) => b.length - a.length);
  }

  /** `text`, at most `limit` characters of it. */
  text(text: string, limit: number): string {
    const masked = this.source(text).replace(FIELD, `$1${MASKED}`);
    const left_out = masked.length - limit;
    return left_out > 0 ? `${masked.slice(0, limit)}…` : masked;
  }

  /** A line of source, where a name and a value without quotes are code. */
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

/** What is secret in a variable: all of it, and each cookie, and each part of an `Authorization`. */
function* secrets_of(name: string, value: string): Generator<string> {
  yield value;
  if (!/COOKIE|AUTHORIZATION/i.test(name)) return;
  for (const part of value.split(/[;,\s]+/)) {
    if (part.length < SHORTEST_SECRET) continue; // Nor is anything in it that long.
    yield part;
    yield part.slice(part.indexOf("=") + 1).replace(/^"|"$/g, "");
    const [, password = ""] = attempt(() => atob(part), "").match(/:(.*)/s) ??
      [];
    yield password;
  }
}
