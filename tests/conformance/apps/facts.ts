/** What an application notes beside its answer: how often a result was closed, a file, a generator. */

import type { WSGIEnvironment } from "../../../types.ts";

const memory = new Map<string, string[]>();

/** Notes that something happened during a request. */
export function note(environ: WSGIEnvironment, fact: string): void {
  const key = environ.HTTP_X_KEY!;
  const folder = Deno.env.get("CONFORMANCE_FACTS");
  if (folder) {
    const options = { append: true, create: true };
    Deno.writeTextFileSync(`${folder}/${key}`, `${fact}\n`, options);
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
  const folder = Deno.env.get("CONFORMANCE_FACTS");
  if (!folder) return memory.get(key) ?? [];
  try {
    return Deno.readTextFileSync(`${folder}/${key}`).split("\n").slice(0, -1);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
