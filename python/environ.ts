/** An environ on its way to Python. */

import type { WSGIEnvironment } from "@tsgi/serve/types";

/** What Python makes itself: _tsgi_bridge.py. What of it is a string crosses as others do. */
const OWN = new Set([
  "wsgi.input",
  "wsgi.input_terminated",
  "wsgi.errors",
  "wsgi.version",
  "wsgi.run_once",
  "wsgi.multithread",
  "wsgi.multiprocess",
  "wsgi.file_wrapper",
]);

/** How many kinds of requests are known at most: a client can make as many as it likes. */
const MOST_SHAPES = 256;

type Strings = Readonly<Record<string, string>>;

const NOTHING: Strings = {};

/** What Python has to know of requests that bring the same variables. */
export interface Shape {
  /** The names of the variables that each request brings. */
  keys: string[];
  /** The variables that are the same in all requests. */
  base: Record<string, unknown>;
  /** Whether there are values that are no strings. */
  extras: boolean;
}

/** A packed environ: the number of its shape, and its values, each with a NUL before it. */
export interface Packed {
  shape: number;
  values: string;
  /** Values that are no strings, as a middleware may set them. */
  extras: Record<string, unknown> | null;
}

/**
 * Packs environs: the names of the variables, and the variables of the process that every environ starts from, cross
 * once for all requests that bring the same ones.
 */
export class Shapes {
  #process: Strings;
  #size: number;
  #add: (shape: Shape) => number;
  #forget: () => void;
  #numbers = new Map<string, number>();

  constructor(
    process: Strings,
    add: (shape: Shape) => number,
    forget: () => void,
  ) {
    this.#process = process;
    this.#size = Object.keys(process).length;
    this.#add = add;
    this.#forget = forget;
  }

  /** Packs an environ. */
  pack(environ: WSGIEnvironment): Packed {
    return this.#pack(environ, this.#process, this.#size) ??
      this.#pack(environ, NOTHING, 0)!;
  }

  /** Packs an environ that has all variables of `base`; null where it does not have them. */
  #pack(
    environ: WSGIEnvironment,
    base: Strings,
    size: number,
  ): Packed | null {
    let keys = "";
    let values = "";
    let same = 0;
    let has_nul = false;
    let extras: Record<string, unknown> | null = null;
    for (const key in environ) {
      const value = environ[key];
      if (typeof value === "string") {
        if (base[key] === value) {
          same++;
          continue;
        }
        keys += `\0${key}`;
        values += `\0${value}`;
        has_nul ||= value.includes("\0");
      } else if (value !== undefined && !OWN.has(key)) {
        (extras ??= {})[key] = value;
      }
    }
    if (same !== size) return null;
    if (has_nul) {
      // A path may hold one.
      values = `\0${JSON.stringify(strings_of(environ, base))}`;
      keys = "";
    }
    return { shape: this.#number(environ, keys, base, extras), values, extras };
  }

  #number(
    environ: WSGIEnvironment,
    keys: string,
    base: Strings,
    extras: unknown,
  ): number {
    const multiprocess = environ["wsgi.multiprocess"];
    const run_once = environ["wsgi.run_once"];
    const kind = (multiprocess ? 1 : 0) + (run_once ? 2 : 0) +
      (extras ? 4 : 0) + (base === NOTHING ? 8 : 0);
    const id = `${kind}${keys}`;
    const known = this.#numbers.get(id);
    if (known !== undefined) return known;
    if (this.#numbers.size === MOST_SHAPES) {
      this.#numbers.clear();
      this.#forget();
    }
    const number = this.#add({
      keys: keys.split("\0").slice(1),
      base: {
        ...base,
        "wsgi.multiprocess": multiprocess,
        "wsgi.run_once": run_once,
      },
      extras: extras !== null,
    });
    this.#numbers.set(id, number);
    return number;
  }
}

function strings_of(environ: WSGIEnvironment, base: Strings): Strings {
  const own = Object.entries(environ).filter(([key, value]) =>
    typeof value === "string" && base[key] !== value
  );
  return Object.fromEntries(own) as Strings;
}
