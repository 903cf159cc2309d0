/** The error page of `--debug` as HTML. */

import config from "../../deno.json" with { type: "json" };
import { type ErrorReport, footnote, type Report } from "./debug_report.ts";
import { text_page, without_controls } from "./debug_text.ts";
import type { Row, Table } from "./request_tables.ts";
import { MASKED } from "./secrets.ts";
import type { Frame, Owner, SourceLine } from "./source_lines.ts";

/** Text that is HTML already. */
class Markup {
  constructor(readonly text: string) {}
}

type Content = string | number | Markup | Content[];

/** A template for HTML: everything that is inserted is escaped, except `Markup`. */
function markup(parts: TemplateStringsArray, ...contents: Content[]): Markup {
  let text = parts[0]!;
  contents.forEach((content, index) => {
    text += escaped(content) + parts[index + 1]!;
  });
  return new Markup(text);
}

function escaped(content: Content): string {
  if (content instanceof Markup) return content.text;
  if (Array.isArray(content)) return content.map(escaped).join("");
  return without_controls(String(content))
    .replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}

export function html_page(report: Report, nonce: string): Markup {
  const [{ name, message }] = report.errors as [ErrorReport];
  const title = `${name}: ${message}`.slice(0, 100);
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style nonce="${nonce}">${new Markup(STYLE)}</style>
</head>
<body>
<header>${report.request}</header>
<button type="button" hidden>Copy as text</button>
<main>
${report.errors.map(html_error)}${report.tables.map(html_table)}${
    html_table({ title: "Environ", rows: report.environ })
  }</main>
<footer>${footnote(report)}</footer>
<details class="text">
<summary>All of this as text</summary>
<pre>${text_page(report)}</pre>
</details>
<script nonce="${nonce}">${new Markup(SCRIPT)}</script>
</body>
</html>
`;
}

function html_error(error: ErrorReport): Markup {
  const { relation, depth, name, message, properties, frames } = error;
  const heading = relation
    ? markup`<h2>${relation}: <span>${name}</span></h2>`
    : markup`<h1>${name}</h1>`;
  const long = message.length > 160 || message.includes("\n") ? " long" : "";
  const open_frames = relation ? 1 : OPEN_FRAMES;
  return markup`<section class="depth-${Math.min(depth, 3)}">
${heading}
<p class="message${long}">${message}</p>
${html_rows(properties)}${html_frames(frames, open_frames)}</section>
`;
}

function html_table({ title, rows }: Table): Markup {
  return markup`<section>
<h2>${title}</h2>
${html_rows(rows)}</section>
`;
}

function html_rows(rows: Row[]): Content {
  const lines = rows.map(([name, value]) => {
    const quiet = value === MASKED ? markup` class="masked"` : "";
    return markup`<tr><th scope="row">${name}</th><td${quiet}>${value}</td></tr>
`;
  });
  return rows.length === 0 ? "" : markup`<table>
${lines}</table>
`;
}

/** How many frames of the application show their source at first; of causes, one, because their frames are similar. */
const OPEN_FRAMES = 3;

/** The frames; consecutive frames of others are folded into one group. */
function html_frames(frames: Frame[], open_frames: number): Markup[] {
  const is_own = ({ owner }: Frame) => owner === "application";
  const groups: [Frame, ...Frame[]][] = [];
  for (const frame of frames) {
    const last = groups.at(-1);
    if (last && !is_own(frame) && !is_own(last[0])) last.push(frame);
    else groups.push([frame]);
  }
  const own = frames.filter(is_own);
  return groups.map((group) =>
    is_own(group[0])
      ? html_frame(group[0], own.indexOf(group[0]) < open_frames)
      : html_others(group, own.length === 0)
  );
}

const OWNERS: Record<Owner, string> = {
  application: "the application",
  package: config.name,
  library: "libraries",
  platform: "Deno",
};

function html_others(frames: Frame[], open: boolean): Markup {
  const owners = new Set(frames.map(({ owner }) => OWNERS[owner]));
  const count = frames.length === 1 ? "1 frame" : `${frames.length} frames`;
  const items = frames.map((frame) =>
    markup`<li>${html_head(frame)}</li>
`
  );
  return markup`<details class="others"${open ? OPEN : ""}>
<summary>${count} of ${Array.from(owners).join(" and ")}</summary>
<ul>
${items}</ul>
</details>
`;
}

const OPEN = new Markup(" open");

function html_frame(frame: Frame, open: boolean): Markup {
  const head = html_head(frame);
  const [first] = frame.source;
  if (!first) {
    return markup`<p class="frame">${head}</p>
`;
  }
  return markup`<details class="frame"${open ? OPEN : ""}>
<summary>${head}</summary>
<ol start="${first.number}">
${frame.source.map(html_line)}</ol>
</details>
`;
}

function html_head({ name, place }: Frame): Markup {
  const code = markup`<code>${name || "(anonymous)"}</code>`;
  return markup`${code} <span class="place">${place}</span>`;
}

function html_line({ text, is_here, mark }: SourceLine): Markup {
  const [begin, end] = mark ?? [0, 0];
  const word = markup`<mark>${text.slice(begin, end)}</mark>`;
  const line = mark ? [text.slice(0, begin), word, text.slice(end)] : text;
  const here = is_here ? markup` class="here" aria-current="true"` : "";
  return markup`<li${here}>${line}</li>
`;
}

/** Copies the text, or selects it if the browser does not allow copying. */
const SCRIPT = `
const button = document.querySelector("button");
const text = document.querySelector(".text pre");
button.hidden = false;
button.onclick = async () => {
  try {
    await navigator.clipboard.writeText(text.textContent);
    button.textContent = "Copied";
  } catch {
    text.parentElement.open = true;
    getSelection().selectAllChildren(text);
    button.textContent = document.execCommand("copy") ? "Copied" : "Selected";
  }
};
`;

const STYLE = `
:root {
  --page: #fff; --text: #1b1e23; --quiet: #5c6470; --panel: #f4f5f7; --line: #dfe3e8;
  --strong: #b3261e; --here: #fdebe9; --word: #f8c4be;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #15171b; --text: #e4e6ea; --quiet: #9aa2ae; --panel: #1e2126; --line: #343941;
    --strong: #ff9086; --here: #3b2221; --word: #79332d;
  }
}
* { box-sizing: border-box; }
html { border-top: 4px solid var(--strong); background: var(--page); color: var(--text); }
body { position: relative; margin: 0 auto; padding: 1.25rem 1rem 3rem; max-width: 64rem; font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
header, code, li, td, th, .message, .place { font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
header, footer { color: var(--quiet); font-size: .875rem; }
header { padding-right: 8.5rem; }
button { position: absolute; top: 1rem; right: 1rem; padding: .3rem .75rem; border: 1px solid var(--line); border-radius: 6px; background: var(--panel); color: inherit; font: inherit; font-size: .875rem; cursor: pointer; }
.text { margin-top: 1rem; }
pre { overflow-x: auto; padding: .75rem; border: 1px solid var(--line); border-radius: 6px; font-size: .8rem; user-select: all; }
footer { margin-top: 2rem; }
h1, h2 { margin: 2rem 0 0; font-size: 1.1rem; }
h1 { margin-top: 1rem; }
h1, h2 span { color: var(--strong); }
.message { margin: .25rem 0 1.25rem; font-size: 1.35rem; font-weight: 600; line-height: 1.35; white-space: pre-wrap; }
h2 + .message { font-size: 1.1rem; }
.message.long { font-size: .95rem; font-weight: 400; }
.depth-1, .depth-2, .depth-3 { padding-left: 1rem; border-left: 3px solid var(--line); }
.frame, .others { margin: 0 0 .5rem; border: 1px solid var(--line); border-radius: 6px; overflow: hidden; }
p.frame, summary { padding: .45rem .75rem; background: var(--panel); }
summary { cursor: pointer; }
.frame code { font-weight: 600; }
.others { border-color: transparent; }
.others summary { padding: .2rem .75rem; background: none; }
.others, .place, .masked { color: var(--quiet); font-size: .875rem; }
ul { margin: 0; padding: 0 .75rem .5rem 2rem; }
ol { margin: 0; padding: .5rem 0; overflow-x: auto; list-style: none; font-size: .875rem; tab-size: 2; }
ol li { width: max-content; min-width: 100%; padding-right: 1rem; white-space: pre; }
ol li::before { content: counter(list-item); display: inline-block; min-width: 6ch; padding-right: 2ch; text-align: right; color: var(--quiet); }
.here { background: var(--here); }
mark { background: var(--word); color: inherit; border-radius: 2px; }
table { width: 100%; margin: .5rem 0 1.25rem; border-collapse: collapse; font-size: .875rem; }
th, td { padding: .3rem .75rem .3rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; white-space: pre-wrap; }
th { width: 1%; min-width: 9rem; color: var(--quiet); font-weight: 400; white-space: nowrap; }
@media (max-width: 40rem) {
  .message { font-size: 1.15rem; }
  tr, th, td { display: block; width: auto; }
  th { padding-bottom: 0; border: 0; white-space: normal; }
  td { padding-top: 0; }
}
`;
