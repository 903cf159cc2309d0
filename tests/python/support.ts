/** What the tests of Python share: whether it is here, and an interpreter that they share. */

import { fill_cache, open_cache } from "../../python/interpreter/cache.ts";
import { VERSION } from "../../python/mod.ts";

/** Whether Pyodide is in Deno's cache, where `.ci/run` puts it: no test waits for a download. */
export const has_pyodide: boolean = await is_cached();

if (!has_pyodide) {
  console.log(
    `Left out, as Pyodide is not here: run \`deno cache npm:pyodide@${VERSION}\``,
  );
}

async function is_cached(): Promise<boolean> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json"],
  }).output();
  const { npmCache } = JSON.parse(new TextDecoder().decode(stdout));
  try {
    // By the name of each registry.
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

/** Fills the cache of Python before anything is tested: no test waits for the first start, and none ends what fills it. */
async function warm_up(): Promise<void> {
  const cache = open_cache(Deno.env.toObject());
  if (!cache) return;
  cache.read();
  for (let tries = 0; tries < 600 && !cache.is_complete; tries++) {
    await fill_cache(cache); // Unless another process does it, which may end before it has.
    cache.read();
    if (!cache.is_complete) {
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

/** Where `.ci/run` puts packages of Python; the variable is for those who have them elsewhere. */
export const PACKAGES: string = Deno.env.get("TSGI_PYTHON_PACKAGES") ??
  `${
    Deno.env.get("HOME")
  }/.cache/tsgi-tests/python/usr/lib/python3/dist-packages`;

/** Makes a test of Python: left out where that is not. */
export function python_test(
  name: string,
  fn: () => void | Promise<void>,
): void {
  Deno.test({
    name,
    ignore: !has_pyodide,
    // Node's streams, which Pyodide opens, stay open with it.
    sanitizeOps: false,
    sanitizeResources: false,
    fn,
  });
}
