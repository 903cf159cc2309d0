/** The `wsgi.errors` of the servers in this package, and one that keeps its text for tests. */

import type { ErrorStream } from "../types.ts";

const encoder = new TextEncoder();

/** Writes to the process's stderr at once. */
class StderrStream implements ErrorStream {
  write(text: string): void {
    let bytes = encoder.encode(text);
    while (bytes.length > 0) {
      bytes = bytes.subarray(Deno.stderr.writeSync(bytes));
    }
  }

  writelines(lines: Iterable<string>): void {
    for (const line of lines) this.write(line);
  }

  flush(): void {}
}

/** The process's stderr. */
export const stderr: ErrorStream = new StderrStream();

/** Keeps what is written: `String(stream)` gives it. */
export class TextErrorStream implements ErrorStream {
  #text = "";

  write(text: string): void {
    this.#text += text;
  }

  writelines(lines: Iterable<string>): void {
    for (const line of lines) this.write(line);
  }

  flush(): void {}

  toString(): string {
    return this.#text;
  }
}
