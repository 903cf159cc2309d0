/** The doors without a socket: `to_fetch` and `SimpleHandler` in memory. */

import { to_fetch } from "../../../gateways/fetch.ts";
import { SimpleHandler } from "../../../handlers.ts";
import { bytes, join, Log } from "../../support/support.ts";
import { dispatcher } from "../apps/dispatcher.ts";
import { parse_answer } from "./answer.ts";
import { chunks_of, type Door, type DoorRequest } from "./door.ts";

/** The body of a request as a stream, which fails where it is cut. */
function body_stream(
  { body, cut }: DoorRequest,
  when_cut: (
    controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>,
  ) => void,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const chunks = chunks_of((body ?? bytes("")).subarray(0, cut ?? undefined));
  return new ReadableStream({
    pull(controller) {
      const { done, value } = chunks.next();
      if (!done) controller.enqueue(value);
      else if (cut === null) controller.close();
      else when_cut(controller);
    },
  }, { highWaterMark: 0 });
}

/** `to_fetch`, in memory. */
export async function to_fetch_door(): Promise<Door> {
  const log = new Log();
  const handler = to_fetch(dispatcher, { stderr: log });
  return {
    async send(request) {
      const response = await handler(fetch_request(request));
      const { status, statusText, headers } = response;
      return {
        status: `${status} ${statusText}`,
        headers: [...headers],
        ...await read_body(response, request.leaves),
      };
    },
    log: () => log.text,
    async [Symbol.asyncDispose]() {},
  };
}

function fetch_request(request: DoorRequest): Request {
  const { method, target, body, framing, secure } = request;
  const headers = new Headers(request.headers);
  if (body && framing === "length") {
    headers.set("content-length", String(body.length));
  }
  const path = new TextDecoder().decode(bytes(target));
  const scheme = secure ? "https" : "http";
  const host = headers.get("host");
  // A Request has no URL with a host that is none.
  const origin = [`${scheme}://${host}`].find((it) => URL.canParse(it)) ??
    `${scheme}://localhost`;
  const stream = body && body_stream(request, (controller) => {
    controller.error(new Error("the client has disconnected"));
  });
  const init = { method, headers, body: stream, duplex: "half" };
  return new Request(`${origin}${path}`, init as RequestInit);
}

async function read_body(
  { body }: Response,
  leaves: boolean,
): Promise<{ body: Uint8Array; broken: boolean }> {
  const parts: Uint8Array[] = [];
  const reader = body?.getReader();
  let broken = false;
  try {
    for (let step; reader && !(step = await reader.read()).done;) {
      parts.push(step.value);
      if (!leaves) continue;
      await reader.cancel();
      broken = true;
    }
  } catch {
    broken = true;
  }
  return { body: join(parts), broken };
}

/** `SimpleHandler`, in memory. */
export async function simple_handler_door(): Promise<Door> {
  const log = new Log();
  return {
    async send(request) {
      const parts: Uint8Array[] = [];
      const stdout = new WritableStream<Uint8Array<ArrayBuffer>>({
        write(data) {
          // The client has left with the body's first block, which comes with the head.
          if (request.leaves && parts.length > 0) {
            throw new Deno.errors.BrokenPipe("the client has disconnected");
          }
          parts.push(data);
        },
      });
      const stdin = body_stream(request, (controller) => controller.close());
      const environ = cgi_environ(request);
      const handler = new SimpleHandler(stdin, stdout, log, environ);
      handler.os_environ = {};
      await handler.run(dispatcher);
      const answer = parse_answer(join(parts), request.method);
      return { ...answer, broken: answer.broken || request.leaves };
    },
    log: () => log.text,
    async [Symbol.asyncDispose]() {},
  };
}

/** The variables of a request, as a web server makes them. */
function cgi_environ(request: DoorRequest): Record<string, string> {
  const { method, target, headers, body, secure } = request;
  const [, path, query] = target.match(/^([^?]*)\??(.*)$/s)!;
  const environ: Record<string, string> = {
    REQUEST_METHOD: method,
    SCRIPT_NAME: "",
    PATH_INFO: path!.replace(
      /%([0-9A-Fa-f]{2})/g,
      (_, hex) => String.fromCharCode(parseInt(hex, 16)),
    ),
    QUERY_STRING: query!,
    REQUEST_URI: target,
    SERVER_NAME: "localhost",
    SERVER_PORT: secure ? "443" : "80",
    SERVER_PROTOCOL: "HTTP/1.1",
    GATEWAY_INTERFACE: "CGI/1.1",
    REMOTE_ADDR: "127.0.0.1",
    CONTENT_LENGTH: body ? String(body.length) : "",
  };
  if (secure) environ.HTTPS = "on";
  for (const [name, value] of new Headers(headers)) {
    const variable = name.replaceAll("-", "_").toUpperCase();
    const own = variable === "CONTENT_TYPE" ? variable : `HTTP_${variable}`;
    environ[own] = value;
  }
  return environ;
}
