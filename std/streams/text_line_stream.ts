/** Options of {@linkcode TextLineStream}. */
export interface TextLineStreamOptions {
  /**
   * Whether `\r` without `\n` ends a line as well.
   *
   * @default {false}
   */
  allowCR?: boolean;
}

/**
 * Cuts text into lines, however it came in chunks. A line ends at `\n` or `\r\n` and is passed on
 * without them; text after the last end is a line too, unless it is empty.
 *
 * @example
 * ```ts
 * import { TextLineStream } from "@std/streams";
 * import { assertEquals } from "@std/assert";
 *
 * const lines = ReadableStream.from(["one\r", "\ntw", "o"]).pipeThrough(new TextLineStream());
 * assertEquals(await Array.fromAsync(lines), ["one", "two"]);
 * ```
 */
export class TextLineStream extends TransformStream<string, string> {
  /** Takes what ends a line, if it is not `\n` and `\r\n` alone. */
  constructor(options: TextLineStreamOptions = {}) {
    const allow_cr = options.allowCR ?? false;
    // A \r at the very end waits: the next chunk may start with its \n.
    const line_end = allow_cr ? /\r?\n|\r(?=[^])/ : /\r?\n/;
    // The start of a line that has not ended yet, in pieces: to join them at every chunk would take
    // quadratic time for a long line.
    let pieces: string[] = [];
    super({
      transform(chunk, controller) {
        const after_cr = pieces.at(-1)?.endsWith("\r") ?? false;
        if (chunk !== "") pieces.push(chunk);
        const can_end = chunk.includes("\n") ||
          (allow_cr && (after_cr || chunk.includes("\r")));
        if (!can_end) return;
        const lines = pieces.join("").split(line_end);
        const rest = lines.pop();
        pieces = rest ? [rest] : [];
        for (const line of lines) controller.enqueue(line);
      },
      flush(controller) {
        if (pieces.length === 0) return;
        const line = pieces.join("");
        controller.enqueue(allow_cr ? line.replace(/\r$/, "") : line);
      },
    });
  }
}
