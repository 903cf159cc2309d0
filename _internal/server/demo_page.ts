/** The page of `demo_app` for a browser. */

import type { WSGIEnvironment } from "../../types.ts";
import { decode_native } from "../../util.ts";
import { part_of, PART_TITLES, PROCESS } from "./environ_parts.ts";

type Row = [name: string, value: string];

/**
 * The page.
 *
 * @param environ The environ, for the heading.
 * @param variables The variables to show: names, and values as text.
 * @param note A final note, or "".
 */
export function demo_page(
  environ: WSGIEnvironment,
  variables: Row[],
  note: string,
): string {
  const { REQUEST_METHOD, SCRIPT_NAME = "", PATH_INFO = "" } = environ;
  const path = decode_native(SCRIPT_NAME + PATH_INFO);
  const parts = Object.groupBy(variables, ([name]) => part_of(name));
  const tables = PART_TITLES.map((title) => table(title, parts[title] ?? []));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Hello world!</title>
<style>${STYLE}</style>
</head>
<body>
<h1>Hello world!</h1>
<p>Your server works. This is the demo application of <b>@tsgi/serve</b>, and you asked it for
<code>${escaped(`${REQUEST_METHOD} ${path}`)}</code>.</p>
<h2>Write your own</h2>
<p>Save this as <code>app.ts</code>:</p>
<pre>${escaped(APPLICATION)}</pre>
<p>Then serve it:</p>
<pre>${escaped(COMMAND)}</pre>
<h2>What an application receives</h2>
<p>The first argument of an application, <code>environ</code>, for this request:</p>
${tables.join("")}${note ? `<p>${escaped(note)}</p>\n` : ""}</body>
</html>
`;
}

/** An application to begin with. */
const APPLICATION =
  `import { encode_text, type WSGIApplication } from "jsr:@tsgi/serve";

const app: WSGIApplication = (environ, start_response) => {
  start_response("200 OK", [["Content-Type", "text/plain; charset=utf-8"]]);
  return [encode_text("Hello from my own application!\\n")];
};

export default app;`;

const COMMAND = "deno run -A jsr:@tsgi/serve --reload app.ts";

/** A table of variables. Those of the process are collapsed: there are many, and they are rarely needed. */
function table(title: string, rows: Row[]): string {
  if (rows.length === 0) return "";
  const lines = rows.map(([name, value]) =>
    `<tr><th scope="row">${escaped(name)}<td>${escaped(value)}\n`
  );
  return `<details${title === PROCESS ? "" : " open"}>
<summary>${title}</summary>
<table>
${lines.join("")}</table>
</details>
`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}

const STYLE = `
:root { --page: #fff; --text: #1b1e23; --quiet: #5c6470; --panel: #f4f5f7; --line: #dfe3e8; --mark: #0b57d0; }
@media (prefers-color-scheme: dark) {
  :root { --page: #15171b; --text: #e4e6ea; --quiet: #9aa2ae; --panel: #1e2126; --line: #343941; --mark: #8ab4f8; }
}
* { box-sizing: border-box; }
html { border-top: 4px solid var(--mark); background: var(--page); color: var(--text); }
body { margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 52rem; font: 1rem/1.55 system-ui, sans-serif; }
h1 { margin: 1rem 0 .5rem; font-size: 2.25rem; line-height: 1.2; }
h2 { margin: 2.5rem 0 .5rem; font-size: 1.2rem; }
code, pre, th, td { font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: .875rem; }
code, td { overflow-wrap: anywhere; }
pre { margin: .75rem 0; padding: .75rem 1rem; background: var(--panel); border-radius: 6px; overflow-x: auto; }
summary { margin: 1rem 0 .25rem; font-weight: 600; cursor: pointer; }
table { width: 100%; border-collapse: collapse; }
th, td { padding: .3rem 1rem .3rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
th { width: 1%; color: var(--quiet); font-weight: 400; white-space: nowrap; }
@media (max-width: 40rem) {
  tr, th, td { display: block; width: auto; }
  th { padding-bottom: 0; border: 0; }
  td { padding-top: 0; }
}
`;
