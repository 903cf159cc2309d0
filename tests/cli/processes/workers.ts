/** What the tests of workers share: their folder, slow requests, and what the supervisor says. */

import {
  type Circumstances,
  type Folder,
  make_folder,
  type Running,
} from "../../support/command.ts";
import { telling_apps } from "../../support/processes.ts";

/** A folder with an application, and one for temporary files in it. */
export async function make_place(
  files: Record<string, string> = { "app.ts": telling_apps() },
): Promise<Folder & { circumstances: Circumstances; left: () => string[] }> {
  const folder = await make_folder(files);
  const tmp = `${folder.path}/tmp`;
  await Deno.mkdir(tmp);
  return {
    ...folder,
    circumstances: { cwd: folder.path, env: { TMPDIR: tmp } },
    left: () => Array.from(Deno.readDirSync(tmp), ({ name }) => name),
  };
}

/** The messages of the error log, without times, the lines of the access log, and who has replaced whom. */
export function messages(stderr: string): string[] {
  const all = Array.from(
    stderr.matchAll(/^\[[^\]]+\] \[\d+\] (\[[A-Z]+\] .*)$/gm),
    ([, message]) => message!,
  );
  return all.filter((message) => !REPLACED.test(message));
}

/** How the error log says that one worker has taken the place of another, and why, if it was not the end of that. */
export const REPLACED =
  /\[INFO\] worker (?<old>\d+) replaced by worker (?<young>\d+)(?<why>.*)$/m;

export function quiet(...args: string[]): string[] {
  return ["--access-logfile", "none", ...args];
}

/** Requests of the application `slow`, by the process that each is under way in. */
export async function begin_slow(
  { address }: Running,
  gate: string,
  count: number,
): Promise<Map<number, Promise<string>[]>> {
  const begun = new Map<number, Promise<string>[]>();
  await Promise.all(Array.from({ length: count }, async () => {
    const client = Deno.createHttpClient({});
    const response = await fetch(`${address}?${gate}`, { client });
    const reader = response.body!.pipeThrough(new TextDecoderStream())
      .getReader();
    const first = (await reader.read()).value!;
    const rest = read_rest(reader, first).finally(() => client.close());
    const pid = parseInt(first);
    begun.set(pid, [...begun.get(pid) ?? [], rest]);
  }));
  return begun;
}

/** The whole text, or that it was broken off. */
export async function read_rest(
  reader: ReadableStreamDefaultReader<string>,
  text: string,
): Promise<string> {
  try {
    for (let part; !(part = await reader.read()).done;) text += part.value;
    return text;
  } catch {
    return "broken off";
  }
}

export function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

export const RELOADED = "[INFO] reloaded";

/** Counts how often the workers have been replaced. */
export function reloads({ printed }: Running): number {
  return messages(printed.stderr).filter((line) => line === RELOADED).length;
}
