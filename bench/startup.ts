/** Whole processes: how long one takes from its start to its end. */

import { assertEquals } from "@std/assert";
import {
  alternate,
  type Contender,
  median,
  type Run,
  type Samples,
} from "./case.ts";
import { output } from "./process.ts";

/** How often a process is run in each round; its median counts. */
const RUNS = 15;

/** What a web server puts into the environment of a CGI script (RFC 3875, section 4.1). */
const CGI_ENVIRON = {
  GATEWAY_INTERFACE: "CGI/1.1",
  HTTP_ACCEPT: "*/*",
  HTTP_HOST: "127.0.0.1",
  HTTP_USER_AGENT: "bench",
  PATH_INFO: "/",
  QUERY_STRING: "",
  REMOTE_ADDR: "127.0.0.1",
  REQUEST_METHOD: "GET",
  SCRIPT_NAME: "/cgi-bin/application",
  SERVER_NAME: "127.0.0.1",
  SERVER_PORT: "80",
  SERVER_PROTOCOL: "HTTP/1.1",
};

/**
 * Measures processes that print the same, in milliseconds. They run on any CPU: a process that starts has work for
 * several.
 */
export async function measure_startup(
  contenders: Contender[],
  run: Run,
): Promise<Samples> {
  const commands = new Map<string, string[]>();
  let first: string | null = null;
  for (const { name, command, build, optional } of contenders) {
    try {
      if (build) await output(build(run.folder), {});
      const printed = await output(command(run.folder), CGI_ENVIRON);
      assertEquals(printed, first ??= printed, `${name} prints something else`);
      commands.set(name, command(run.folder));
    } catch (error) {
      if (!optional) throw error;
      run.skip(name, (error as Error).message);
    }
  }
  return await alternate(
    [...commands.keys()],
    run.rounds,
    async (name) => ({ value: await median_time(commands.get(name)!) }),
  );
}

async function median_time(command: string[]): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < RUNS; i++) {
    const before = performance.now();
    await output(command, CGI_ENVIRON);
    times.push(performance.now() - before);
  }
  return median(times);
}
