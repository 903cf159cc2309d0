// Handlers of one's own: a number for each request in environ, an error log in a file, and an error page that shows
// the number instead of the stack. Run it with `deno run -A examples/custom_handler.ts [PORT] [LOG]`.

import {
  encode_text,
  type ErrorStream,
  type HeaderList,
  make_server,
  ServerHandler,
  type StartResponse,
  type WSGIApplication,
  type WSGIEnvironment,
  WSGIRequestHandler,
  WSGIServer,
} from "@tsgi/serve";

const [port = "8000", log = "errors.log"] = Deno.args;
let requests = 0;

/** wsgi.errors as a file. */
const error_log: ErrorStream = {
  write(text) {
    Deno.writeTextFileSync(log, text, { append: true });
  },
  writelines(lines) {
    for (const line of lines) this.write(line);
  },
  flush() {},
};

/** Runs the application; logs its errors with the number of the request, and answers them with a page. */
class FriendlyHandler extends ServerHandler {
  override error_headers: HeaderList = [
    ["Content-Type", "text/html; charset=utf-8"],
  ];

  override log_exception(error: unknown): void {
    this.get_stderr().write(`Request ${this.environ?.["example.number"]}: `);
    super.log_exception(error);
  }

  override error_output(
    environ: WSGIEnvironment,
    start_response: StartResponse,
  ): Uint8Array[] {
    start_response(this.error_status, this.error_headers, this.exc_info);
    const number = environ["example.number"];
    return [encode_text(`<!doctype html>
<title>Something went wrong</title>
<p>Sorry, that did not work. We have noted it as number ${number}.</p>
`)];
  }
}

/** Gives each request its number and its error log, and has a FriendlyHandler run it. */
class NumberingHandler extends WSGIRequestHandler {
  override handler_class = FriendlyHandler;

  override get_environ(): Record<string, unknown> {
    return { ...super.get_environ(), "example.number": ++requests };
  }

  override get_stderr(): ErrorStream {
    return error_log;
  }
}

const app: WSGIApplication = (environ, start_response) => {
  if (environ.PATH_INFO === "/fail") throw new Error("the well is dry");
  start_response("200 OK", [["Content-Type", "text/plain"]]);
  return [
    encode_text(`This is request ${environ["example.number"]}. Try /fail.\n`),
  ];
};

const httpd = make_server(
  "127.0.0.1",
  Number(port),
  app,
  WSGIServer,
  NumberingHandler,
);
console.log(`Serving at http://127.0.0.1:${httpd.server_port}/`);
await httpd.serve_forever();
