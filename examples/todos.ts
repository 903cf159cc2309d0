// A to-do list; docs/python.md has the same application in Python.
// Run it with `deno run -A jsr:@tsgi/serve examples/todos.ts`.

import { toText } from "@std/streams";
import { encode_text, request_uri, type WSGIApplication } from "@tsgi/serve";

const todos: string[] = [];

const app: WSGIApplication = async (environ, start_response) => {
  switch (`${environ.REQUEST_METHOD} ${environ.PATH_INFO}`) {
    case "GET /":
      start_response("200 OK", [["Content-Type", "text/plain; charset=utf-8"]]);
      return todos.map((todo) => encode_text(`${todo}\n`));
    case "POST /": {
      const form = new URLSearchParams(await toText(environ["wsgi.input"]));
      todos.push(...form.getAll("todo"));
      start_response("303 See Other", [
        ["Content-Type", "text/plain"],
        ["Location", request_uri(environ)],
      ]);
      return [];
    }
  }
  start_response("404 Not Found", [["Content-Type", "text/plain"]]);
  return [encode_text("Not found\n")];
};

export default app;
