/** Servers behind nginx: each on a Unix socket, each at a path of the same nginx. */

import type { Contender, Run, Samples } from "./case.ts";
import { measure_targets, start_all, type Target } from "./load.ts";
import { placed, start } from "./process.ts";

/** The path of a contender at nginx, and the name of its socket: `http, kept` is `http_kept`. */
function path_of(contender: string): string {
  return contender.replaceAll(", ", "_");
}

/** The Unix socket of a contender; nginx.conf knows it too. */
export function socket(folder: string, contender: string): string {
  return `${folder}/${path_of(contender)}.sock`;
}

/** Measures servers that are named by their protocol and by whether nginx keeps its connections, through nginx. */
export async function measure_behind_nginx(
  contenders: Contender[],
  run: Run,
): Promise<Samples> {
  await using servers = await start_all(contenders, run);
  const port = free_port();
  const config = `${run.folder}/nginx.conf`;
  const template = await Deno.readTextFile(
    new URL("nginx.conf", import.meta.url),
  );
  await Deno.writeTextFile(
    config,
    template.replaceAll("@FOLDER@", run.folder)
      .replaceAll("@PORT@", String(port)),
  );
  const command = ["nginx", "-p", run.folder, "-c", config, "-e", "stderr"];
  // Beside the servers: what a request costs them and nginx together is what counts.
  await using _nginx = await start(
    placed(command, "server", run.pinned),
    /start worker process \d/,
  );
  const targets: Record<string, Target> = {};
  for (const [name, { pid }] of Object.entries(servers.started)) {
    targets[name] = { pid, url: `http://127.0.0.1:${port}/${path_of(name)}/` };
  }
  return await measure_targets(targets, run);
}

/** A port that nobody listens at: nginx cannot look for one. */
function free_port(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return (listener.addr as Deno.NetAddr).port;
}
