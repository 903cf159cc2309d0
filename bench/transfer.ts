/** 1 GiB in one request from `curl`: how fast it goes through a server, and how far the server grows. */

import { assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import {
  alternate,
  type Contender,
  type Run,
  type Sample,
  type Samples,
} from "./case.ts";
import { cpu_time, memory, output, placed, start } from "./process.ts";

const MIB = 1024 * 1024;
const SIZE = 1024 * MIB;

/** Which way the bytes go: the path that tests/support/memory_server.ts serves them at. */
export type Way = "down" | "file" | "up";

/** The file of 1 GiB that is served and sent: a hole, which takes no room on the disk. */
export function large_file(folder: string): string {
  return `${folder}/large`;
}

/** A function that measures one transfer in each round, each in a server of its own. */
export function measure_transfer(
  way: Way,
): (contenders: Contender[], run: Run) => Promise<Samples> {
  return async (contenders, run) => {
    const file = large_file(run.folder);
    await Deno.create(file).then((file) => file.close());
    await Deno.truncate(file, SIZE);
    await assert_same_bodies(contenders, way, run);
    const commands = new Map(
      contenders.map(({ name, command }) => [name, command(run.folder)]),
    );
    return await alternate(
      [...commands.keys()],
      run.rounds,
      (name) => transfer(commands.get(name)!, way, run),
    );
  };
}

async function assert_same_bodies(
  contenders: Contender[],
  way: Way,
  run: Run,
): Promise<void> {
  if (way === "up") return; // transfer() compares each answer.
  let first: unknown;
  for (const { name, command } of contenders) {
    await using server = await start(command(run.folder));
    const response = await fetch(`http://${server.address}/${way}`);
    const hash = createHash("sha256");
    for await (const chunk of response.body!) hash.update(chunk);
    const answer = [response.status, hash.digest("hex")];
    assertEquals(answer, first ??= answer, `${name} answers something else`);
  }
}

async function transfer(
  command: string[],
  way: Way,
  run: Run,
): Promise<Sample> {
  await using server = await start(placed(command, "server", run.pinned));
  const { pid } = server;
  const memory_before = memory(pid).now;
  const cpu_before = cpu_time(pid);
  const curl = curl_command(`http://${server.address}/${way}`, way, run);
  const printed = await output(placed(curl, "client", run.pinned));
  const [answer, status, downloaded, seconds] = printed.split(/ /);
  assertEquals(status, "200");
  if (way === "up") assertEquals(answer, String(SIZE));
  else assertEquals(downloaded, String(SIZE));
  return {
    value: SIZE / MIB / Number(seconds),
    cpu: cpu_time(pid) - cpu_before,
    growth: memory(pid).peak - memory_before,
  };
}

function curl_command(url: string, way: Way, run: Run): string[] {
  const written = " %{http_code} %{size_download} %{time_total}";
  return [
    ...["curl", "--silent", "--show-error", "--write-out", written],
    // A request of its own would ask whether the body is wanted.
    ...way === "up"
      ? ["--header", "Expect:", "--upload-file", large_file(run.folder)]
      : ["--output", "/dev/null"],
    url,
  ];
}
