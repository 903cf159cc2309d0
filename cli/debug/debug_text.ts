/** The error page of `--debug` as plain text. */

import { type ErrorReport, footnote, type Report } from "./debug_report.ts";
import type { Table } from "./request_tables.ts";
import type { Frame } from "./source_lines.ts";

/** Control characters, and characters that change the direction of text; not line feeds and tabs. */
const CONTROLS =
  // deno-lint-ignore no-control-regex
  /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

export function without_controls(text: string): string {
  return text.replace(
    CONTROLS,
    (char) => `\\u{${char.charCodeAt(0).toString(16)}}`,
  );
}

export function text_page(report: Report): string {
  const parts = [
    ...report.errors.map(text_error),
    `Request: ${report.request}`,
    report.environ.map(([name, value]) => `${name} = ${value}`).join("\n"),
    // The headers are part of the environ.
    ...report.tables.filter(({ title }) => title !== "Headers").map(text_table),
    footnote(report),
  ];
  return without_controls(`${parts.join("\n\n")}\n`);
}

function text_table({ title, rows }: Table): string {
  const lines = rows.map(([name, value]) => `  ${name} = ${value}`);
  return [`${title}:`, ...lines].join("\n");
}

function text_error(error: ErrorReport): string {
  const { relation, depth, name, message, properties, frames } = error;
  const lines = [
    `${relation && `${relation}: `}${name}: ${message}`,
    ...properties.map(([name, value]) => `  ${name} = ${value}`),
    ...frames.flatMap(text_frame),
  ];
  return lines.join("\n").replace(/^(?=.)/gm, "    ".repeat(depth));
}

function text_frame({ name, place, source }: Frame): string[] {
  const head = name ? `  at ${name} (${place})` : `  at ${place}`;
  const width = String(source.at(-1)?.number ?? "").length;
  return [
    head,
    ...source.map(({ number, text, is_here }) => {
      const here = is_here ? ">" : " ";
      return `    ${here} ${String(number).padStart(width)} | ${text}`
        .trimEnd();
    }),
  ];
}
