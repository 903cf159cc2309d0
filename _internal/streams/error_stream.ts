/** The `wsgi.errors` of the servers in this package, and one that keeps its text for tests. */

import type { ErrorStream } from "../../types.ts";

const encoder = new TextEncoder();

/** A stream whose `write()` keeps nothing back. */
export abstract class UnbufferedErrorStream implements ErrorStream {
  abstract write(text: string): void;

  writelines(lines: Iterable<string>): void {
    for (const line of lines) this.write(line);
  }

  flush(): void {}
}

/** Writes to the process's stderr at once. */
class StderrStream extends UnbufferedErrorStream {
  write(text: string): void {
    let bytes = encoder.encode(text);
    while (bytes.length > 0) {
      bytes = bytes.subarray(Deno.stderr.writeSync(bytes));
    }
  }
}

/** The process's stderr. */
export const stderr: ErrorStream = new StderrStream();

/** Keeps what is written: `String(stream)` gives it. */
export class TextErrorStream extends UnbufferedErrorStream {
  #text = "";

  write(text: string): void {
    this.#text += text;
  }

  override toString(): string {
    return this.#text;
  }
}
