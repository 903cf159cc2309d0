/** Makes variables with the same names as those of an earlier request from a template, instead of name by name. */

import { is_of_proxy } from "../_internal/request/forwarded.ts";
import { note_head_size } from "../_internal/request/head_size.ts";
import { UNWANTED_VARIABLES } from "../_internal/request/variables.ts";
import type { Fields } from "./fields.ts";

type Variables = Record<string, string>;

/** The number of shapes of a server, and of names in a shape: clients must not be able to fill the memory. */
const MOST = 32;
const MOST_NAMES = 128;

/** The usual form of a name. */
const NAME = /^[A-Z][A-Z0-9_]*$/;

/** An ordered set of variable names. */
class Shape {
  #names: string[];
  #are_headers: boolean[];
  /** How many of them are headers. */
  #headers: number;
  #is_forwarded: boolean;
  #template: Readonly<Variables>;

  constructor(names: string[], own: Readonly<Variables>) {
    this.#names = names;
    this.#are_headers = names.map((name) => name.startsWith("HTTP_"));
    this.#headers = this.#are_headers.filter((is_header) => is_header).length;
    this.#is_forwarded = names.some(is_of_proxy);
    const places = Object.fromEntries(names.map((name) => [name, ""]));
    // Copied via JSON, because V8 clones the result about a hundred times faster than an object filled key by key.
    this.#template = JSON.parse(JSON.stringify({ ...own, ...places }));
  }

  has_names_of(fields: Fields): boolean {
    const names = this.#names;
    if (fields.size !== names.length) return false;
    for (let i = 0; i < names.length; i++) {
      if (!fields.is_named(i, names[i]!)) return false;
    }
    return true;
  }

  fill(fields: Fields): Variables {
    const variables = { ...this.#template };
    const names = this.#names;
    let largest = 0;
    for (let i = 0; i < names.length; i++) {
      const name = names[i]!;
      const value = variables[name] = fields.value(i);
      if (this.#are_headers[i]) {
        largest = Math.max(largest, name.length + value.length);
      }
    }
    note_head_size(variables, this.#headers, largest, this.#is_forwarded);
    return variables;
  }
}

/** The shapes of the requests of a server. */
export class Shapes {
  #own: Readonly<Variables>;
  #shapes: Shape[] = [];
  /** The names of recent requests without a shape. */
  #strangers: string[] = [];

  /** @param own The variables added to those of each request. */
  constructor(own: Readonly<Variables>) {
    this.#own = own;
  }

  /** The variables of a request, merged over the server's own; null if they have no shape. */
  fill(fields: Fields): Variables | null {
    for (const shape of this.#shapes) {
      if (shape.has_names_of(fields)) return shape.fill(fields);
    }
    this.#meet(Array.from({ length: fields.size }, (_, i) => fields.name(i)));
    return null;
  }

  /** Creates a shape for names that recur soon, and drops the oldest shape if there are too many. */
  #meet(names: string[]): void {
    if (!is_plain(names)) return;
    const stranger = names.join(" ");
    if (!this.#strangers.includes(stranger)) {
      put(this.#strangers, stranger);
    } else {
      this.#strangers = this.#strangers.filter((it) => it !== stranger);
      put(this.#shapes, new Shape(names, this.#own));
    }
  }
}

/** Appends an item, and drops the first one if there are too many. */
function put<Item>(items: Item[], item: Item): void {
  items.push(item);
  if (items.length > MOST) items.shift();
}

/** Whether names need no special treatment, so that each variable is just the value of its name. */
function is_plain(names: string[]): boolean {
  return names.length <= MOST_NAMES && new Set(names).size === names.length &&
    names.every((name) => NAME.test(name) && !UNWANTED_VARIABLES.has(name));
}
