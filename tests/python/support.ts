/** What the tests of Python share. */

import { fill_cache, open_cache } from "../../python/interpreter/cache.ts";
import { VERSION } from "../../python/mod.ts";

/** Whether Pyodide is in Deno's cache, where `.ci/run` puts it. The tests never download it. */
export const has_pyodide: boolean = await is_cached();

if (!has_pyodide) {
  console.log(
    `The tests of Python are skipped, as Pyodide is not in Deno's cache: run \`deno cache npm:pyodide@${VERSION}\``,
  );
}

async function is_cached(): Promise<boolean> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json"],
  }).output();
  const { npmCache } = JSON.parse(new TextDecoder().decode(stdout));
  try {
    // There is a folder for each registry.
    return Array.from(Deno.readDirSync(npmCache))
      .some(({ name }) =>
        is_directory(`${npmCache}/${name}/pyodide/${VERSION}`)
      );
  } catch {
    return false;
  }
}

function is_directory(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}

if (has_pyodide) await warm_up();

/** Fills the cache before anything is tested, so that no test waits for it, or kills the process that fills it. */
async function warm_up(): Promise<void> {
  const cache = open_cache(Deno.env.toObject());
  if (!cache) return;
  cache.read();
  for (let tries = 0; tries < 600 && !cache.is_complete; tries++) {
    await fill_cache(cache); // Returns at once if another process is at it, which may also fail.
    cache.read();
    if (!cache.is_complete) {
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

/** Where `.ci/run` puts packages of Python; the variable names another folder. */
export const PACKAGES: string = Deno.env.get("TSGI_PYTHON_PACKAGES") ??
  `${
    Deno.env.get("HOME")
  }/.cache/tsgi-tests/python/usr/lib/python3/dist-packages`;

/** Makes a test that is skipped without Pyodide. */
export function python_test(
  name: string,
  fn: () => void | Promise<void>,
): void {
  Deno.test({
    name,
    ignore: !has_pyodide,
    // Pyodide keeps streams of Node open.
    sanitizeOps: false,
    sanitizeResources: false,
    fn,
  });
}
