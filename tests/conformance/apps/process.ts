/** The process that the applications run in and its files, on any runtime: without an import, as Workers have none. */

import type * as Files from "node:fs";

interface Process {
  env?: Record<string, string | undefined>;
  on(event: "exit", listener: () => void): void;
  getBuiltinModule(name: "node:fs"): typeof Files;
}

const { process } = globalThis as unknown as { process?: Process };

/** A variable of its environment; undefined where there is none. */
export function variable(name: string): string | undefined {
  return process?.env?.[name];
}

/** A module of Node's. */
export function builtin(name: "node:fs"): typeof Files {
  return process!.getBuiltinModule(name);
}

/** Has something done when the process ends, however it does. */
export function at_exit(listener: () => void): void {
  process!.on("exit", listener);
}

/** The license. Its URL is made when it is asked for: a Worker has none. */
export function license_url(): URL {
  return new URL("../../../LICENSE", import.meta.url);
}

/** What both have. */
export interface OpenedFile {
  read(buffer: Uint8Array): Promise<number | null>;
  close(): void;
}

/** Opens a file at an offset: Deno's, or one that reads by Node's functions as Deno's do. */
export async function open_file(url: URL, offset = 0): Promise<OpenedFile> {
  if ("Deno" in globalThis) {
    const file = await Deno.open(url);
    await file.seek(offset, Deno.SeekMode.Start);
    return file;
  }
  const fs = builtin("node:fs");
  const descriptor = fs.openSync(url, "r");
  return {
    async read(buffer) {
      const length = fs.readSync(descriptor, buffer, 0, buffer.length, offset);
      offset += length;
      return length || null;
    },
    close: () => fs.closeSync(descriptor),
  };
}
