/** The two servers that are compared. */

import { read_environ } from "../../handlers.ts";
import { WSGIRequestHandler } from "../../simple_server.ts";
import { serve } from "../support/support.ts";
import { application } from "./application.ts";

/** A server that has been started; ended by `await using`. */
export interface ParityServer extends AsyncDisposable {
  port: number;
}

/** CPython's, and which CPython it is. */
export interface PythonServer extends ParityServer {
  version: number[];
}

const OLDEST = [3, 9];
const COMMAND = "python3";

/** Whether there is a CPython to compare with. */
export async function has_python(): Promise<boolean> {
  const suits = `import sys; sys.exit(sys.version_info < (${OLDEST}))`;
  try {
    const { success } = await new Deno.Command(COMMAND, {
      args: ["-I", "-c", suits],
      stdout: "null",
      stderr: "null",
    }).output();
    return success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Starts `wsgiref.simple_server`. */
export async function start_python(): Promise<PythonServer> {
  const child = new Deno.Command(COMMAND, {
    args: ["-I", `${import.meta.dirname}/python/parity_server.py`],
    stdin: "piped", // Its end is the child's end, even if this process is killed.
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const lines = child.stdout
    .pipeThrough(new TextDecoderStream())
    .getReader();
  let line = "";
  while (!line.endsWith("\n")) {
    const { done, value } = await lines.read();
    if (done) throw new Error("wsgiref.simple_server did not start");
    line += value;
  }
  return {
    ...JSON.parse(line),
    async [Symbol.asyncDispose]() {
      await child.stdin.close();
      await lines.cancel();
      await child.status;
    },
  };
}

/** The variables of this process, each without a value: they are none of the request's. */
const nothing = Object.fromEntries(
  Object.keys(read_environ()).map((name) => [name, undefined]),
);

class ParityHandler extends WSGIRequestHandler {
  override get_environ(): Record<string, unknown> {
    return { ...nothing, ...super.get_environ() };
  }
}

/** Starts our own. */
export function start_ours(): ParityServer {
  return serve(application, ParityHandler);
}
