// A form and the answer to it: wsgi.input, the body of the request, is a stream that ends by itself.
// Run it with `deno run -A jsr:@tsgi/serve examples/post_form.ts`.

import { toText } from "@std/streams";
import { encode_text, type WSGIApplication } from "@tsgi/serve";

const form = `<form method="post">
  <label>Your name: <input name="name"></label>
  <button>Send</button>
</form>`;

const app: WSGIApplication = async (environ, start_response) => {
  const method = environ.REQUEST_METHOD;
  if (!["GET", "HEAD", "POST"].includes(method)) {
    start_response("405 Method Not Allowed", [
      ["Allow", "GET, HEAD, POST"],
      ["Content-Type", "text/plain"],
    ]);
    return [encode_text("This form takes GET and POST.\n")];
  }
  const content = method === "POST"
    ? greeting(await toText(environ["wsgi.input"]))
    : form;
  start_response("200 OK", [["Content-Type", "text/html; charset=utf-8"]]);
  return [encode_text(`<!doctype html>\n${content}\n`)];
};

/** What a form that was sent is answered with; `body` is application/x-www-form-urlencoded. */
function greeting(body: string): string {
  const name = new URLSearchParams(body).get("name") || "stranger";
  return `<p>Hello, ${escape_html(name)}!</p>`;
}

/** Text as it may stand in a page: what a client sent is never markup. */
function escape_html(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}

export default app;
