#!/usr/bin/env node
// An application as a CGI script for Node: put it, executable, where your web server looks for its scripts, and run
// `npx jsr add @tsgi/serve` in that folder or in one above it. With `bun` in the first line it is one for Bun.

import { CGIHandler } from "@tsgi/serve/handlers";
import { encode_text } from "@tsgi/serve/util";

async function greet(environ, start_response) {
  const fields = environ.REQUEST_METHOD === "POST"
    ? await new Response(environ["wsgi.input"]).text()
    : environ.QUERY_STRING;
  const name = new URLSearchParams(fields).get("name") || "stranger";
  start_response("200 OK", [["Content-Type", "text/plain; charset=utf-8"]]);
  return [encode_text(`Hello, ${name}!\n`)];
}

await new CGIHandler().run(greet);
