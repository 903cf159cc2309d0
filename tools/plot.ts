/**
 * Draws the plot of README from the last results of the benchmark: requests a second of the case `small`, as SVG, for
 * pages that are light and for pages that are dark.
 */

import { median } from "../bench/case.ts";
import { read_results, type Results } from "../bench/report.ts";

export type Theme = "light" | "dark";

export const THEMES: Theme[] = ["light", "dark"];

/** Whom the plot has, by their names in the results, and how it calls them. */
const BARS: Record<string, string> = {
  "bare Deno.serve": "Deno.serve alone",
  "ours": "@tsgi/serve",
  "uwsgi": "uWSGI",
  "gunicorn": "gunicorn",
  "CPython wsgiref": "wsgiref",
  "waitress": "waitress",
};

const COLOURS: Record<Theme, { text: string; bar: string; ours: string }> = {
  light: { text: "#1b1e23", bar: "#c3c9d2", ours: "#0b57d0" },
  dark: { text: "#e4e6ea", bar: "#4a515c", ours: "#8ab4f8" },
};

const WIDTH = 640;
const ROW = 30;
/** Where the bars begin, and how long the longest is. */
const LEFT = 150;
const LONGEST = WIDTH - LEFT - 80;

/** The plot, for a page of a theme. */
export function plot(
  { samples }: Pick<Results, "samples">,
  theme: Theme,
): string {
  const rates = Object.entries(BARS)
    .filter(([contender]) => samples.small?.[contender])
    .map(([contender, name]) => ({
      name,
      is_ours: contender === "ours",
      rate: median(samples.small![contender]!.map(({ value }) => value)),
    }));
  const most = Math.max(...rates.map(({ rate }) => rate));
  const { text, bar, ours } = COLOURS[theme];
  const rows = rates.map(({ name, is_ours, rate }, index) => {
    const middle = ROW * index + ROW / 2 + 4;
    const length = Math.round(LONGEST * rate / most);
    const weight = is_ours ? ` font-weight="bold"` : "";
    return `<text x="${
      LEFT - 10
    }" y="${middle}" text-anchor="end"${weight}>${name}</text>
<rect x="${LEFT}" y="${ROW * index + 4}" width="${length}" height="${
      ROW - 8
    }" rx="3" fill="${is_ours ? ours : bar}"/>
<text x="${LEFT + length + 8}" y="${middle}"${weight}>${thousands(rate)}</text>
`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${
    ROW * rates.length
  }" viewBox="0 0 ${WIDTH} ${
    ROW * rates.length
  }" font-family="system-ui, sans-serif" font-size="14" fill="${text}" role="img">
<title>Requests a second: ${
    rates.map(({ name, rate }) => `${name} ${thousands(rate)}`).join(", ")
  }</title>
${rows.join("")}</svg>
`;
}

/** A rate to the hundred: what it has beyond that is noise. */
function thousands(rate: number): string {
  return (Math.round(rate / 100) * 100).toLocaleString("en-US");
}

/** The file of a plot. */
export function plot_file(theme: Theme): URL {
  return new URL(`../docs/images/speed_${theme}.svg`, import.meta.url);
}

if (import.meta.main) {
  const results = read_results();
  for (const theme of THEMES) {
    Deno.writeTextFileSync(plot_file(theme), plot(results, theme));
  }
}
