/**
 * Many interleaved requests to an application in Python: none may be mixed up with another, and memory must not grow.
 * `deno task soak:python` sends 100,000 of them.
 */

import { assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import { to_fetch } from "../../gateways/fetch.ts";
import { python_application } from "../../python/mod.ts";
import { Log, root } from "../support/support.ts";

/** What was measured. */
export interface Soaked {
  requests: number;
  /** The memory of the process in MiB after each fifth of the requests. */
  memory: number[];
}

/** The number of requests in flight. */
const AT_ONCE = 32;

/** With `--v8-flags=--expose-gc`: what V8 has not collected yet is not a leak. */
const { gc: collect_garbage } = globalThis as { gc?: () => void };

const KINDS = ["plain", "stream", "upload", "error", "leave", "large"];

/**
 * Sends the requests; throws at the first wrong response.
 *
 * @param warm_up How many more are sent before memory is measured: meanwhile V8 compiles WebAssembly a second time.
 */
export async function soak(requests: number, warm_up = 0): Promise<Soaked> {
  const path = new URL("tests/python/apps/soak.py", root).pathname;
  const log = new Log();
  // With the time limit of the command.
  const application = await python_application(path, { timeout: 30 });
  const handle = to_fetch(application, { stderr: log });
  const memory: number[] = [];
  let begun = 0;
  let ended = 0;
  const client = async () => {
    while (begun < warm_up + requests) {
      const number = begun++;
      const kind = number % 500 === 499 ? "large" : KINDS[number * 7 % 5]!;
      await send(handle, kind, `r${number}`);
      const measured = ++ended - warm_up;
      if (measured > 0 && measured % (requests / 5) === 0) {
        log.text = "";
        collect_garbage?.();
        memory.push(Math.round(Deno.memoryUsage().rss / (1 << 20)));
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, client));
  return { requests: ended - warm_up, memory };
}

type Handle = (request: Request) => Response | Promise<Response>;

/** Lets other requests proceed. */
const pause = () => new Promise((resolve) => setTimeout(resolve, 0));

async function send(handle: Handle, kind: string, name: string): Promise<void> {
  const own = `${name} ${name}\n`;
  const get = (path: string) => handle(new Request(`http://a/${path}?${name}`));
  if (kind === "plain") {
    assertEquals(await (await get("plain")).text(), own);
  } else if (kind === "error") {
    const response = await get("error");
    assertEquals(response.status, 500);
    await response.body?.cancel();
  } else if (kind === "upload" || kind === "large") {
    const body = new Uint8Array(kind === "large" ? 2_000_000 : 3000)
      .fill(name.length);
    const digest = createHash("sha256").update(body).digest("hex");
    const init = { method: "POST", body };
    const response = await handle(new Request(`http://a/upload?${name}`, init));
    assertEquals(await response.text(), own + digest);
  } else {
    const reader = (await get("stream")).body!.getReader();
    const decoder = new TextDecoder();
    let text = "";
    for (let step; !(step = await reader.read()).done;) {
      text += decoder.decode(step.value);
      await pause();
      if (kind === "leave" && text.length > own.length) break;
    }
    if (kind === "leave") {
      assertEquals(own.repeat(8).startsWith(text), true);
      await reader.cancel();
    } else assertEquals(text, own.repeat(8));
  }
}

if (import.meta.main) {
  const requests = Number(Deno.args[0] ?? 100_000);
  const started = performance.now();
  const { memory } = await soak(requests, requests / 5);
  const seconds = Math.round((performance.now() - started) / 1000);
  console.log(
    `${requests} requests after ${
      requests / 5
    } others in ${seconds} s, none mixed up; MiB after each fifth: ${
      memory.join(", ")
    }`,
  );
  const growth = memory.at(-1)! / memory[0]! - 1;
  console.log(`From the first fifth to the last: ${percent(growth)}`);
  Deno.exit(growth > 0.1 ? 1 : 0);
}

function percent(share: number): string {
  return `${share < 0 ? "" : "+"}${(100 * share).toFixed(1)} %`;
}
