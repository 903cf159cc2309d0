/** Passes an environ to Python. */

import type { WSGIEnvironment } from "@tsgi/serve/types";

/** An environ, with whatever middleware may have added. */
type Environ = Readonly<Record<string, unknown>>;

/** The variables that Python sets itself, in _tsgi_bridge.py. */
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

/** The most shapes that are kept, since clients can make up any number of them. */
const MOST_SHAPES = 256;

/** What Python has to know about a shape. */
export interface ShapeReport {
  /** The variables with the same value in all its requests. */
  base: Record<string, unknown>;
  /** Whether there are values that are not strings. */
  extras: boolean;
}

/** What Python has to know about a request. */
export interface Packed {
  /** The number of its shape. */
  shape: number;
  /** The variables that differ from the previous request of the shape: name and value, each after a NUL. */
  changes: string;
  /** Values that are not strings, which middleware may have set. */
  extras: Record<string, unknown> | null;
}

/** How a variable gets to Python. */
const enum Role {
  /** Python sets it itself. */
  Own,
  /** It comes from the environment of the process, unchanged. */
  Base,
  /** It is sent if it has changed. */
  Sent,
  /** It is not a string. */
  Extra,
}

/** Requests with the same variables in the same order, like most requests of one client. */
interface Shape {
  number: number;
  names: string[];
  roles: Role[];
  /** The value that Python has of each variable. */
  values: unknown[];
  flags: number;
}

/**
 * Packs environs. Most variables are the same as in the previous request. Python keeps those, so only the changed ones
 * are sent: sending a string takes about 2 µs, and copying a whole dict takes Python about 4.
 */
export class Shapes {
  #process: Readonly<Record<string, string>>;
  #add: (shape: ShapeReport) => number;
  #forget: () => void;
  #shapes = new Map<string, Shape>();
  #last: Shape | null = null;

  constructor(
    process: Readonly<Record<string, string>>,
    add: (shape: ShapeReport) => number,
    forget: () => void,
  ) {
    this.#process = process;
    this.#add = add;
    this.#forget = forget;
  }

  /** Packs an environ. */
  pack(given: WSGIEnvironment): Packed {
    const environ = given as unknown as Environ;
    const last = this.#last;
    if (last && fits(environ, last)) return pack_as(last, environ);
    const shape = this.#last = this.#shape_of(environ);
    return pack_as(shape, environ);
  }

  #shape_of(environ: Environ): Shape {
    const names = Object.keys(environ);
    const roles = names.map((name) => this.#role(name, environ[name]));
    const flags = flags_of(environ);
    const id = `${flags}${roles.join("")}\0${names.join("\0")}`;
    const known = this.#shapes.get(id);
    if (known && fits(environ, known)) return known;
    if (this.#shapes.size === MOST_SHAPES) {
      this.#shapes.clear();
      this.#forget();
    }
    const values = names.map((name, index) =>
      roles[index] === Role.Base ? environ[name] : undefined
    );
    const base = Object.fromEntries(
      names.flatMap((name, index) =>
        roles[index] === Role.Base ? [[name, values[index]]] : []
      ),
    );
    const number = this.#add({
      base: {
        ...base,
        "wsgi.multiprocess": environ["wsgi.multiprocess"],
        "wsgi.run_once": environ["wsgi.run_once"],
      },
      extras: roles.includes(Role.Extra),
    });
    const shape = { number, names, roles, values, flags };
    this.#shapes.set(id, shape);
    return shape;
  }

  #role(name: string, value: unknown): Role {
    if (typeof value === "string") {
      return this.#process[name] === value ? Role.Base : Role.Sent;
    }
    return OWN.has(name) || value === undefined ? Role.Own : Role.Extra;
  }
}

function flags_of(environ: Environ): number {
  return (environ["wsgi.multiprocess"] ? 1 : 0) +
    (environ["wsgi.run_once"] ? 2 : 0);
}

/** Whether an environ has a shape. */
function fits(
  environ: Environ,
  { names, roles, values, flags }: Shape,
): boolean {
  let index = 0;
  for (const name in environ) {
    if (names[index] !== name) return false;
    const value = environ[name];
    const role = roles[index];
    if (
      role === Role.Base ? value !== values[index] : (
        (role === Role.Sent) !== (typeof value === "string")
      )
    ) return false;
    index++;
  }
  return index === names.length && flags_of(environ) === flags;
}

function pack_as(
  { number, names, roles, values }: Shape,
  environ: Environ,
): Packed {
  let changes = "";
  let extras: Record<string, unknown> | null = null;
  for (let index = 0; index < names.length; index++) {
    const role = roles[index];
    if (role === Role.Own || role === Role.Base) continue;
    const name = names[index]!;
    const value = environ[name];
    if (role === Role.Extra) (extras ??= {})[name] = value;
    else if (value !== values[index]) {
      values[index] = value;
      changes += `\0${name}\0${escaped(value as string)}`;
    }
  }
  return { shape: number, changes, extras };
}

/** Writes a NUL, which separates strings, as U+0100, which no native string contains. A path may contain a NUL. */
function escaped(value: string): string {
  return value.includes("\0") ? value.replaceAll("\0", "\u0100") : value;
}
