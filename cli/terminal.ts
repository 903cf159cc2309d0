/** Colours, for people at a terminal only. */

/** The styles, by their numbers in ECMA-48 (SGR). */
const STYLES = { bold: 1, red: 31, yellow: 33, cyan: 36 } as const;

/** Gives a text a style. */
export type Paint = (text: string, style: keyof typeof STYLES) => string;

/** Leaves texts as they are. */
export const plain: Paint = (text) => text;

/** Paints what is written to `stream`, if that is a terminal and `NO_COLOR` is not set (https://no-color.org). */
export function painter(stream: { isTerminal(): boolean }): Paint {
  if (Deno.noColor || !stream.isTerminal()) return plain;
  return (text, style) => `\x1b[${STYLES[style]}m${text}\x1b[0m`;
}
