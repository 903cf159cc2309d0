/**
 * `Deno.serve` that does what no WSGI server can leave out, and nothing else: an environ of its own for each request,
 * with the variables of the process, of the request and of its headers, and a stream; three headers in the response.
 * `deno run -A bench/contenders/least.ts small|large`.
 */

import { answers } from "./application.ts";

const [body, type] = answers[Deno.args[0] as keyof typeof answers];

const version: [number, number] = [1, 0];
const errors = { write() {}, writelines() {}, flush() {} };
const nothing = {
  start: (controller: ReadableStreamDefaultController) => controller.close(),
};

/** As much as ours has for it: a template, that V8 clones fast. */
const template: Record<string, unknown> = JSON.parse(JSON.stringify({
  ...Deno.env.toObject(),
  SERVER_NAME: "localhost",
  GATEWAY_INTERFACE: "CGI/1.1",
  SERVER_PORT: "8000",
  SERVER_PROTOCOL: "HTTP/1.1",
  SERVER_SOFTWARE: "WSGIServer/0.2",
  SCRIPT_NAME: "",
  CONTENT_TYPE: "text/plain",
  CONTENT_LENGTH: "",
  REMOTE_ADDR: "",
  REQUEST_METHOD: "",
  PATH_INFO: "",
  QUERY_STRING: "",
  REQUEST_URI: "",
  "wsgi.input": "",
  "wsgi.input_terminated": true,
  "wsgi.errors": "",
  "wsgi.version": "",
  "wsgi.run_once": false,
  "wsgi.url_scheme": "http",
  "wsgi.multithread": false,
  "wsgi.multiprocess": false,
}));

const names = new Map<string, string>();

function variable(header: string): string {
  let name = names.get(header);
  if (name === undefined) {
    name = `HTTP_${header.toUpperCase().replaceAll("-", "_")}`;
    names.set(header, name);
  }
  return name;
}

/** Kept where V8 cannot leave the work out. */
export let last: Record<string, unknown>;

Deno.serve({ hostname: "127.0.0.1", port: 0 }, (request, info) => {
  const { url, method } = request;
  const target = url.slice(url.indexOf("/", 8));
  const query = target.indexOf("?");
  const environ = { ...template };
  environ.REQUEST_METHOD = method;
  environ.REMOTE_ADDR = (info.remoteAddr as Deno.NetAddr).hostname;
  environ.PATH_INFO = query < 0 ? target : target.slice(0, query);
  environ.QUERY_STRING = query < 0 ? "" : target.slice(query + 1);
  environ.REQUEST_URI = target;
  request.headers.forEach((value, name) => environ[variable(name)] = value);
  environ["wsgi.input"] = request.body ?? new ReadableStream(nothing);
  environ["wsgi.errors"] = errors;
  environ["wsgi.version"] = version;
  last = environ;
  const response = new Response(body);
  response.headers.append("Content-Type", type);
  response.headers.append("Content-Length", String(body.length));
  response.headers.append("Server", "WSGIServer/0.2 Deno/2.9.6");
  return response;
});
