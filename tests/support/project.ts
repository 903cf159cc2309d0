/** The files of the project. */

import config from "../../deno.json" with { type: "json" };
import { root } from "./support.ts";

/** The path of every file below a folder, sorted; without those that Git or Deno make. */
export function files_below(folder: URL): string[] {
  const paths: string[] = [];
  const add = (path: string) => {
    for (
      const { name, isDirectory } of Deno.readDirSync(new URL(path, folder))
    ) {
      if (/^(\.git|\.runtimes|node_modules|coverage|deno\.lock)$/.test(name)) {
        continue;
      }
      if (isDirectory) add(`${path}${name}/`);
      else paths.push(`${path}${name}`.slice("./".length));
    }
  };
  add("./");
  return paths.sort();
}

/** What a file of the project holds. */
export function read(path: string): string {
  return Deno.readTextFileSync(new URL(path, root));
}

/** The path of every file of the project, sorted. */
export const all_files: string[] = files_below(root);

/** The folders that are no part of the package: what is not published, and the other packages. */
const elsewhere = [
  ...config.publish.exclude,
  ...config.workspace.map((folder) => folder.split("/")[1]!),
];

/** The modules of the package: they are published, and so are those of `examples/`. */
export const modules: string[] = all_files.filter((path) =>
  /^(?!examples\/).+\.ts$/.test(path) &&
  !elsewhere.includes(path.split("/")[0]!)
);
