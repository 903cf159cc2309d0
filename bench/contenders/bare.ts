/** `Deno.serve` with a constant: `deno run -A bench/contenders/bare.ts small|large`. */

import { answers } from "./application.ts";

const [body, type] = answers[Deno.args[0] as keyof typeof answers];

Deno.serve(
  { hostname: "127.0.0.1", port: 0 },
  () => new Response(body, { headers: { "Content-Type": type } }),
);
