/** Tables of the query, form, cookies and headers of a request. */

import { get, native } from "./careful.ts";
import type { Field } from "./form_body.ts";
import { is_secret, type Mask, MASKED } from "./secrets.ts";

/** A name and a value, as shown. */
export type Row = [name: string, value: string];

export interface Table {
  title: string;
  rows: Row[];
}

/** The maximum number of rows of a table, and the maximum lengths of a name and a value. */
const MOST_ROWS = 100;
const LONGEST_NAME = 300;
const LONGEST_VALUE = 1000;

/**
 * The tables that are not empty.
 *
 * @param fields The form, as far as it was read.
 * @param names The variables of environ that may be shown.
 */
export function request_tables(
  environ: Record<string, unknown>,
  fields: Field[],
  names: string[],
  mask: Mask,
): Table[] {
  const tables: [title: string, fields: Field[]][] = [
    ["Query", query_of(text_of(environ, "QUERY_STRING"))],
    ["Form fields", fields],
    ["Cookies", cookies_of(text_of(environ, "HTTP_COOKIE"))],
    ["Headers", headers_of(environ, names)],
  ];
  return tables.filter(([, fields]) => fields.length > 0)
    .map(([title, fields]) => ({
      title,
      rows: fields.slice(0, MOST_ROWS).map((field) => row_of(field, mask)),
    }));
}

function row_of([name, value]: Field, mask: Mask): Row {
  const is_hidden = is_secret(name) && value !== "";
  return [
    mask.text(name, LONGEST_NAME),
    is_hidden ? MASKED : mask.text(value, LONGEST_VALUE),
  ];
}

/** A variable as text; "" if it is not a string. */
function text_of(environ: Record<string, unknown>, name: string): string {
  const value = get(environ, name);
  return typeof value === "string" ? native(value) : "";
}

function query_of(query: string): Field[] {
  return Array.from(new URLSearchParams(query));
}

/** The pairs of a Cookie (RFC 6265, section 4.2.1). */
function cookies_of(header: string): Field[] {
  const pairs = header.split(";").map((pair) => pair.trim())
    .filter((pair) => pair !== "");
  return pairs.map((pair) => {
    const [name = "", ...value] = pair.split("=");
    return [name, value.join("=")];
  });
}

/** The variables that are headers, under the names of these (RFC 3875, section 4.1.18). */
function headers_of(
  environ: Record<string, unknown>,
  names: string[],
): Field[] {
  return names
    .filter((name) => /^(HTTP_|CONTENT_(TYPE|LENGTH)$)/.test(name))
    .map((name): Field => [header_of(name), text_of(environ, name)])
    .filter(([, value]) => value !== "")
    .sort(([one], [other]) => one < other ? -1 : 1);
}

/** `HTTP_ACCEPT_LANGUAGE` is `Accept-Language`. */
function header_of(variable: string): string {
  const words = variable.replace(/^HTTP_/, "").split("_");
  return words
    .map((word) => word.slice(0, 1) + word.slice(1).toLowerCase())
    .join("-");
}
