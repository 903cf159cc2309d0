#!/usr/bin/env -S deno run -A
// An application as a CGI script: put it, executable, where your web server looks for its scripts.
// Run it by hand with `REQUEST_METHOD=GET QUERY_STRING=name=Ada deno run -A examples/cgi_script.ts`.

import { toText } from "@std/streams";
// Not from "@tsgi/serve", which has the servers too: a script is started for each request.
import { CGIHandler } from "@tsgi/serve/handlers";
import type { WSGIApplication } from "@tsgi/serve/types";
import { encode_text } from "@tsgi/serve/util";

const greet: WSGIApplication = async (environ, start_response) => {
  const fields = environ.REQUEST_METHOD === "POST"
    ? await toText(environ["wsgi.input"])
    : environ.QUERY_STRING;
  const name = new URLSearchParams(fields).get("name") || "stranger";
  start_response("200 OK", [["Content-Type", "text/plain; charset=utf-8"]]);
  return [encode_text(`Hello, ${name}!\n`)];
};

await new CGIHandler().run(greet);
