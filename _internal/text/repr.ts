import { platform } from "../platform.ts";

/** A value as one line of text; strings are written like Python's `repr`. */
export function repr(value: unknown): string {
  if (typeof value !== "string") {
    return platform.inspect(value, {
      breakLength: Infinity,
      colors: false,
      compact: true,
      depth: 1,
    });
  }
  const quote = value.includes("'") && !value.includes('"') ? '"' : "'";
  const text = value.replace(
    // deno-lint-ignore no-control-regex
    /[\x00-\x1f\x7f-\xa0\xad\\'"]/g,
    (char) => escape(char, quote),
  );
  return quote + text + quote;
}

const SHORT: Record<string, string> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function escape(char: string, quote: string): string {
  if (char === "'" || char === '"') return char === quote ? `\\${char}` : char;
  if (char === "\\") return "\\\\";
  const code = char.charCodeAt(0).toString(16).padStart(2, "0");
  return SHORT[char] ?? `\\x${code}`;
}
