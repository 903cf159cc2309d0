/** That application by `Deno.serve`: `deno run -A bench/contenders/hono_bare.ts [SOCKET]`. */

import app from "./hono.ts";

const [path] = Deno.args;
const handler = (request: Request) => app.fetch(request);
if (path === undefined) Deno.serve({ hostname: "127.0.0.1", port: 0 }, handler);
else {
  const onListen = () => console.log(`Listening at unix:${path}`);
  Deno.serve({ path, onListen }, handler);
}
