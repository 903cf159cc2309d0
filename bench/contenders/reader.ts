/**
 * `Deno.serve` that reads what any gateway must read of a request, method, URL and every header, into a fresh object:
 * `deno run -A bench/contenders/reader.ts small|large`.
 */

import { answers } from "./application.ts";

const [body, type] = answers[Deno.args[0] as keyof typeof answers];

/** Kept where V8 cannot leave the reading out. */
export let last: Record<string, string>;

Deno.serve({ hostname: "127.0.0.1", port: 0 }, (request) => {
  const { method, url } = request;
  const environ: Record<string, string> = { method, url };
  for (const [name, value] of request.headers) environ[name] = value;
  last = environ;
  return new Response(body, { headers: { "Content-Type": type } });
});
