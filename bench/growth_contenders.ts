/** Whom `growth.ts` measures. */

import type { Contender } from "./case.ts";
import { cases, serve } from "./cases.ts";

/** What a contender is measured for. */
export type Part = "keeping" | "workers" | "latency" | "soak";

/** The contenders of the case `small` that a part has. */
const OF_SMALL: Record<Part, string[]> = {
  keeping: ["bare Deno.serve", "ours"],
  workers: ["ours"],
  latency: ["bare Deno.serve", "ours", "gunicorn"],
  soak: ["bare Deno.serve", "ours"],
};

/** The contenders of a part; those that are not installed are left out. */
export async function contenders(part: Part): Promise<Contender[]> {
  const small = cases.find(({ name }) => name === "small")!;
  const chosen = small.contenders
    .filter(({ name }) => OF_SMALL[part].includes(name));
  const more = part === "workers"
    ? ["1", "2"].map((count) =>
      serve(`ours, --workers ${count}`, "small", () => ["--workers", count])
    )
    : [];
  const all = [...chosen, ...more];
  const there = await Promise.all(all.map(is_installed));
  return all.filter((_, index) => there[index]);
}

async function is_installed({ command }: Contender): Promise<boolean> {
  const [program] = command("");
  const { success } = await new Deno.Command("which", {
    args: [program!],
    stdout: "null",
  }).output();
  return success;
}
