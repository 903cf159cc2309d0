/** The configuration of workerd: it has to be told of every module by its name. */

import { posix } from "node:path";

/** The modules below a folder, by their paths in it. */
function* modules_below(folder: string, path = ""): Iterable<string> {
  for (const { name, isDirectory } of Deno.readDirSync(`${folder}/${path}`)) {
    if (isDirectory && !name.startsWith("node_modules")) {
      yield* modules_below(folder, `${path}${name}/`);
    } else if (name.endsWith(".js")) yield `${path}${name}`;
  }
}

function module(name: string, path: string): string {
  return `(name = "${name}", esModule = embed "${path}")`;
}

/** A Worker with all the modules of the package at a port. */
export function worker_config(port: number, folder: string): string {
  const main = "tests/runtimes/servers/worker.js";
  const paths = [...modules_below(folder)]
    .filter((path) => path !== main && !/^(cli|std)\//.test(path));
  const folders = new Set([main, ...paths].map((path) => posix.dirname(path)));
  // A name without a dot is looked for from where it is imported.
  const of_std = [...folders].flatMap((folder) =>
    [
      ["@std/http/status", "@std/http/status.js"],
      ["@std/streams", "@std/streams/mod.js"],
      ...["text_line_stream", "to_bytes", "to_text"]
        .map((name) => [`@std/${name}.js`, `@std/streams/${name}.js`]),
    ].map(([name, path]) =>
      module(posix.join(folder, name!), `node_modules/${path}`)
    )
  );
  const modules = [main, ...paths].map((path) => module(path, path));
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [(name = "main", worker = .worker)],
  sockets = [
    (name = "http", address = "127.0.0.1:${port}", http = (), service = "main")
  ]
);

const worker :Workerd.Worker = (
  compatibilityDate = "2026-01-01",
  compatibilityFlags = ["nodejs_compat"],
  modules = [
    ${[...modules, ...of_std].join(",\n    ")}
  ]
);
`;
}
