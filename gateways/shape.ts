/** Variables whose names are those of another request: made from a template, rather than name by name. */

import { UNWANTED_VARIABLES } from "../_internal/request/variables.ts";
import type { Fields } from "./fields.ts";

type Variables = Record<string, string>;

/** How many shapes a server keeps, and of how many names at most: so that nobody can fill the memory. */
const MOST = 32;
const MOST_NAMES = 128;

/** What a web server makes names of. */
const NAME = /^[A-Z][A-Z0-9_]*$/;

/** The names of some variables, in their order. */
class Shape {
  #names: string[];
  #template: Readonly<Variables>;

  constructor(names: string[], own: Readonly<Variables>) {
    this.#names = names;
    const places = Object.fromEntries(names.map((name) => [name, ""]));
    // Through JSON, because V8 clones what was made by it some hundred times faster than what was filled key by key.
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
    for (let i = 0; i < names.length; i++) {
      variables[names[i]!] = fields.value(i);
    }
    return variables;
  }
}

/** The shapes of the requests of a server. */
export class Shapes {
  #own: Readonly<Variables>;
  #shapes: Shape[] = [];
  /** The names of the last requests that had none. */
  #strangers: string[] = [];

  /** @param own What stands beside the variables of each request. */
  constructor(own: Readonly<Variables>) {
    this.#own = own;
  }

  /** The variables of a request, beside the server's own; null where they have no shape. */
  fill(fields: Fields): Variables | null {
    for (const shape of this.#shapes) {
      if (shape.has_names_of(fields)) return shape.fill(fields);
    }
    this.#meet(Array.from({ length: fields.size }, (_, i) => fields.name(i)));
    return null;
  }

  /** Makes a shape of names that come again soon; the shape that was made first has to make room for it. */
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

/** Puts an item behind others, of which the first is dropped where there are too many. */
function put<Item>(items: Item[], item: Item): void {
  items.push(item);
  if (items.length > MOST) items.shift();
}

/** Whether names are such that each variable is what came with its name. */
function is_plain(names: string[]): boolean {
  return names.length <= MOST_NAMES && new Set(names).size === names.length &&
    names.every((name) => NAME.test(name) && !UNWANTED_VARIABLES.has(name));
}
