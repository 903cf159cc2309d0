/** Starts an interpreter that is ready to load an application. */

import { type Cache, fill_cache } from "./cache.ts";
import { mount_files } from "./file_system.ts";
import { type Pyodide, start_pyodide } from "./pyodide.ts";
import { FOLDER, SOURCES } from "./sources.ts";

/** What an interpreter starts with. */
export interface Start {
  /** The environment of the process. */
  environ: Readonly<Record<string, string>>;
  /** Folders that Python needs to read. */
  folders: string[];
  /** Where the compiled standard library and the snapshot are kept; null for nowhere. */
  cache: Cache | null;
  /** Where `print()` goes. */
  stdout: Output;
}

/** A synchronous output. */
export interface Output {
  /** Writes at least one byte of `data`, and returns how many it has written. */
  writeSync(data: Uint8Array): number;
}

/** Starts an interpreter. */
export async function start(
  { environ, folders, cache, stdout }: Start,
): Promise<Pyodide> {
  const files = cache?.read() ?? {};
  const pyodide = await start_pyodide({
    ...files,
    env: { HOME: "/home/pyodide", ...environ },
  });
  if (cache && !cache.is_complete) fill_cache(cache);
  add_sources(pyodide);
  mount_files(pyodide.FS, folders);
  set_environ(pyodide, environ);
  set_streams(pyodide, stdout);
  return pyodide;
}

/** Adds the Python side of this package. */
export function add_sources({ FS, runPython }: Pyodide): void {
  FS.mkdirTree(FOLDER);
  for (const [name, text] of Object.entries(SOURCES)) {
    FS.writeFile(`${FOLDER}/${name}.py`, text);
  }
  runPython(
    `import sys; "${FOLDER}" in sys.path or sys.path.append("${FOLDER}")`,
  );
}

/** Replaces the environment and the random seed of the process that made the snapshot. */
function set_environ(
  { globals, runPython, toPy }: Pyodide,
  environ: Readonly<Record<string, string>>,
): void {
  globals.set("tsgi_environ", toPy(environ));
  runPython(`
import os, random
for key in os.environ.keys() - tsgi_environ.keys():
    del os.environ[key]
os.environ.update(tsgi_environ)
os.environ.setdefault("HOME", "/home/pyodide")
random.seed()
del tsgi_environ, os, random
`);
}

function set_streams(pyodide: Pyodide, stdout: Output): void {
  const writer = (output: Output) => ({
    write: (data: Uint8Array) => output.writeSync(data.slice()),
  });
  pyodide.setStdin({ stdin: () => null });
  pyodide.setStdout(writer(stdout));
  pyodide.setStderr(writer(Deno.stderr));
  // So that a line is in the log when print() returns, as with PYTHONUNBUFFERED.
  pyodide.runPython(`
import sys
sys.stdout.reconfigure(line_buffering=True)
sys.stderr.reconfigure(line_buffering=True)
`);
}
