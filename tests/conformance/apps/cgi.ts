/**
 * The applications of the conformance table for a CGI script. A process that ends has noted all its facts and written
 * all its log: it writes the key of its request into the log last, which saves asking for it.
 */

export { dispatcher as default } from "./dispatcher.ts";

globalThis.addEventListener("unload", () => {
  // Its whole work is to have written the key.
  if (Deno.env.get("HTTP_X_APPLICATION") === "mark") return;
  console.error(Deno.env.get("HTTP_X_KEY") ?? "");
});
