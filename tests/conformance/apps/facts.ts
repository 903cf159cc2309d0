/** What an application notes beside its answer: how often a result was closed, a file, a generator. */

import type { WSGIEnvironment } from "../../../types.ts";
import { builtin, variable } from "./process.ts";

const memory = new Map<string, string[]>();

/** Notes that something happened during a request. */
export function note(environ: WSGIEnvironment, fact: string): void {
  const key = environ.HTTP_X_KEY!;
  const folder = variable("CONFORMANCE_FACTS");
  if (folder) {
    builtin("node:fs").appendFileSync(`${folder}/${key}`, `${fact}\n`);
  } else if (memory.has(key)) memory.get(key)!.push(fact);
  else memory.set(key, [fact]);
}

/** How often each fact was noted under a key. */
export function count_facts(key: string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const fact of noted(key)) counts[fact] = (counts[fact] ?? 0) + 1;
  return counts;
}

function noted(key: string): string[] {
  const folder = variable("CONFORMANCE_FACTS");
  if (!folder) return memory.get(key) ?? [];
  const fs = builtin("node:fs");
  const path = `${folder}/${key}`;
  if (!fs.existsSync(path)) return [];
  return fs.readFileSync(path, "utf8").split("\n").slice(0, -1);
}
