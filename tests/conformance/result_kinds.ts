/** What is noted of each kind of result, and the applications that are not plain functions. */

import type { Script } from "./apps/script.ts";

/** What is noted of a result that was taken to its end. */
export function facts_at_end(kind: Script["kind"]): Record<string, number> {
  if (kind === "generator" || kind === "async generator") {
    return { finished: 1 };
  }
  return /stream/.test(kind!) ? {} : { closed: 1 };
}

/** What is noted of one that was left before. */
export function facts_when_left(kind: Script["kind"]): Record<string, number> {
  return /stream/.test(kind!) ? { cancelled: 1 } : facts_at_end(kind);
}

export const APPLICATIONS = [
  "async_answer",
  "generator_answer",
  "async_generator_answer",
];
