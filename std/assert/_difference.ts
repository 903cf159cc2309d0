import { format } from "./_message.ts";

/** A line and where it stands: `-` in the actual value, `+` in the expected one, a space in both. */
type Line = [sign: "-" | "+" | " ", text: string];

/** How many equal lines are shown on each side of a difference. */
const CONTEXT = 3;
/** How many lines are shown at most. */
const MAX_LINES = 200;
/** Above this many cells (8 MB) the table of common lines would cost more than it tells. */
const MAX_CELLS = 4_000_000;

/** The difference between two values as indented text, to stand below a failure's headline. */
export function difference(actual: unknown, expected: unknown): string {
  const [old_lines, new_lines] = to_lines(actual, expected);
  const lines = compare(old_lines, new_lines);
  const title = lines.every(([sign]) => sign === " ")
    ? "Both look the same:"
    : "- actual, + expected:";
  const shown = fold(lines);
  if (shown.length > MAX_LINES) {
    const left_out = shown.length - MAX_LINES;
    shown.splice(MAX_LINES, left_out, `  ... ${left_out} more lines ...`);
  }
  return ["", title, "", ...shown, ""].map((line) => line && `    ${line}`)
    .join("\n");
}

/** Two strings are shown line by line, each quoted, so that no blank or line ending stays hidden. */
function to_lines(
  actual: unknown,
  expected: unknown,
): [old_lines: string[], new_lines: string[]] {
  if (typeof actual === "string" && typeof expected === "string") {
    const quote = (text: string) =>
      text.split(/(?<=\n)/).map((line) => JSON.stringify(line));
    return [quote(actual), quote(expected)];
  }
  return [format(actual).split("\n"), format(expected).split("\n")];
}

/** The shortest way from one list of lines to the other. */
function compare(old_lines: string[], new_lines: string[]): Line[] {
  const shorter = Math.min(old_lines.length, new_lines.length);
  let head = 0;
  while (head < shorter && old_lines[head] === new_lines[head]) head++;
  let tail = 0;
  while (
    tail < shorter - head && old_lines.at(-1 - tail) === new_lines.at(-1 - tail)
  ) tail++;
  const removed = old_lines.slice(head, old_lines.length - tail);
  const added = new_lines.slice(head, new_lines.length - tail);
  return [
    ...signed(" ", old_lines.slice(0, head)),
    ...compare_middle(removed, added),
    ...signed(" ", old_lines.slice(old_lines.length - tail)),
  ];
}

/** Keeps the longest common subsequence, read off the classic table, and marks all other lines. */
function compare_middle(removed: string[], added: string[]): Line[] {
  const rows = removed.length;
  const columns = added.length;
  const width = columns + 1;
  if ((rows + 1) * width > MAX_CELLS) {
    return [...signed("-", removed), ...signed("+", added)];
  }
  // common[row * width + column]: the length for removed.slice(row) and added.slice(column).
  const common = new Uint16Array((rows + 1) * width);
  const at = (row: number, column: number) => common[row * width + column] ?? 0;
  for (let row = rows - 1; row >= 0; row--) {
    for (let column = columns - 1; column >= 0; column--) {
      common[row * width + column] = removed[row] === added[column]
        ? at(row + 1, column + 1) + 1
        : Math.max(at(row + 1, column), at(row, column + 1));
    }
  }
  const lines: Line[] = [];
  let row = 0;
  let column = 0;
  while (row < rows && column < columns) {
    if (removed[row] === added[column]) {
      lines.push([" ", removed[row++]!]);
      column++;
    } else if (at(row + 1, column) >= at(row, column + 1)) {
      lines.push(["-", removed[row++]!]);
    } else {
      lines.push(["+", added[column++]!]);
    }
  }
  return [
    ...lines,
    ...signed("-", removed.slice(row)),
    ...signed("+", added.slice(column)),
  ];
}

function signed(sign: Line[0], texts: string[]): Line[] {
  return texts.map((text) => [sign, text]);
}

/** Writes the lines out and leaves out those equal ones that are far from any difference. */
function fold(lines: Line[]): string[] {
  const near = new Set<number>();
  lines.forEach(([sign], index) => {
    if (sign === " ") return;
    for (let i = index - CONTEXT; i <= index + CONTEXT; i++) near.add(i);
  });
  // Where nothing differs there is nothing to be near to.
  if (near.size === 0) return lines.map(([, text]) => `  ${text}`);
  const shown: string[] = [];
  let left_out = 0;
  lines.forEach(([sign, text], index) => {
    if (!near.has(index)) left_out++;
    if (left_out > 0 && (near.has(index) || index === lines.length - 1)) {
      shown.push(`  ... ${left_out} equal lines ...`);
      left_out = 0;
    }
    if (near.has(index)) shown.push(`${sign} ${text}`);
  });
  return shown;
}
