/** The `wsgi.errors` of the servers in this package, and one for tests that collects its text. */

import type { ErrorStream } from "../../types.ts";
import { platform } from "../platform.ts";

const encoder = new TextEncoder();

/** A stream without a buffer. */
export abstract class UnbufferedErrorStream implements ErrorStream {
  abstract write(text: string): void;

  writelines(lines: Iterable<string>): void {
    for (const line of lines) this.write(line);
  }

  flush(): void {}
}

/**
 * Writes to the process's stderr synchronously. If that fails, because a disk is full or nobody reads a pipe, there is
 * nowhere to report it: the text is lost, and `write()` does not throw.
 */
class StderrStream extends UnbufferedErrorStream {
  write(text: string): void {
    try {
      write_all(process_stderr, encoder.encode(text));
    } catch {
      // See above.
    }
  }
}

const process_stderr = {
  writeSync: (data: Uint8Array) => platform.write_stderr(data),
};

/** The process's stderr. */
export const stderr: ErrorStream = new StderrStream();

/** Writes all of `data` to an output of the process, or throws. */
export function write_all(
  output: { writeSync(data: Uint8Array): number },
  data: Uint8Array,
): void {
  for (let rest = data; rest.length > 0;) {
    rest = rest.subarray(output.writeSync(rest));
  }
}

/** Collects what is written; `String(stream)` returns it. */
export class TextErrorStream extends UnbufferedErrorStream {
  #text = "";

  write(text: string): void {
    this.#text += text;
  }

  override toString(): string {
    return this.#text;
  }
}
