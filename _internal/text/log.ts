/** Formatting of log lines. */

/** Replaces each `%s` and `%d` of `format` by the next of `args`, and `%%` by a percent sign, like printf. */
export function format_message(format: string, args: unknown[]): string {
  let next = 0;
  return format.replace(
    /%[sd%]/g,
    (spec) => spec === "%%" ? "%" : String(args[next++]),
  );
}

/** Escapes control characters and backslashes, so that a client cannot forge a line. */
export function escape_controls(text: string): string {
  return text.replace(
    // deno-lint-ignore no-control-regex
    /[\x00-\x1f\x7f-\x9f\\]/g,
    (char) => char === "\\" ? "\\\\" : `\\x${hex(char)}`,
  );
}

function hex(char: string): string {
  return char.charCodeAt(0).toString(16).padStart(2, "0");
}

/** The short English names of the months. */
export const MONTHS: readonly string[] =
  "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

/** A number padded with a zero to two digits. */
export function two_digits(value: number): string {
  return String(value).padStart(2, "0");
}

/** The local time in the format of wsgiref's log: `21/Nov/2026 00:55:42`. */
export function log_date_time(now: Date): string {
  const date = [
    two_digits(now.getDate()),
    MONTHS[now.getMonth()],
    now.getFullYear(),
  ];
  return `${date.join("/")} ${clock_time(now)}`;
}

/** The local time of day: `00:55:42`. */
export function clock_time(now: Date): string {
  return [now.getHours(), now.getMinutes(), now.getSeconds()]
    .map(two_digits).join(":");
}

/** A line in the format of wsgiref's log, with control characters escaped. */
export function log_line(host: string, time: string, message: string): string {
  return `${host} - - [${time}] ${escape_controls(message)}\n`;
}
