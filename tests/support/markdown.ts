/** Tables for the documentation. */

/**
 * A table in GitHub's Markdown, in the columns that `deno fmt` makes, with a line end after each row.
 *
 * @param rows The rows, the first one being the heading.
 */
export function markdown_table(rows: string[][]): string {
  const widths = rows[0]!.map((_, column) =>
    Math.max(...rows.map((row) => row[column]!.length))
  );
  const rule = widths.map((width) => "-".repeat(width));
  return rows.toSpliced(1, 0, rule).map((row) => {
    const cells = row.map((cell, column) => cell.padEnd(widths[column]!));
    return `| ${cells.join(" | ")} |\n`;
  }).join("");
}
