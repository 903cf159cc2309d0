/** The tables of docs/protocols.md: what comes of each question at which door. */

import { markdown_table } from "../../support/markdown.ts";
import { type Answers, answers, type DoorName, errors_to } from "./answers.ts";
import { capabilities } from "./questions.ts";

/** The doors of each table of docs/protocols.md. */
export const table_doors: DoorName[][] = [
  ["make_server", "deno serve"],
  [
    "nginx via HTTP",
    "nginx via SCGI",
    "nginx via FastCGI",
    "nginx via uwsgi",
    "nginx via CGI",
  ],
  [
    "Apache via HTTP",
    "Apache via SCGI",
    "Apache via FastCGI",
    "Apache via uwsgi",
    "Apache via CGI",
  ],
  ["lighttpd via SCGI", "lighttpd via FastCGI", "lighttpd via CGI"],
];

/** A table for docs/protocols.md: what comes of each question at these doors. */
export function capabilities_table(doors: DoorName[]): string {
  return markdown_table([
    ["", ...doors],
    ...capabilities.map(({ name }) => [
      name,
      ...doors.map((door) => (answers[door] as Answers)[name]),
    ]),
    ["`wsgi.errors` goes to", ...doors.map((door) => errors_to[door])],
  ]);
}
