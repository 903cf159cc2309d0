/** Applications behind the limits of a request, the requests and the answers. */

import { BaseCGIHandler } from "../../handlers.ts";
import { limit_body } from "../../middleware/mod.ts";
import type { WSGIApplication, WSGIResult } from "../../types.ts";
import { bytes, run_app, stream_of, text } from "../support/support.ts";

export const PLAIN: [string, string][] = [["Content-Type", "text/plain"]];

/** Says how it was asked. */
export const hello: WSGIApplication = (environ, start_response) => {
  start_response("200 OK", PLAIN);
  return [bytes(`${environ.REQUEST_METHOD} ${environ.REQUEST_URI}`)];
};

export const never: WSGIApplication = () => {
  throw new Error("the application must not be called");
};

export async function read(input: ReadableStream<Uint8Array>): Promise<string> {
  return text(await new Response(input as BodyInit).bytes());
}

/** Answers with what it was sent. */
export const echo: WSGIApplication = async (environ, start_response) => {
  const body = await read(environ["wsgi.input"]);
  start_response("200 OK", PLAIN);
  return [bytes(body)];
};

/** What a page is in the output of a CGI handler. */
export function page(status: string): string {
  const body = status.slice(4);
  return `Status: ${status}\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

export const TOO_LARGE = page("413 Content Too Large");
export const TOO_LONG = page("414 URI Too Long");
export const TOO_MUCH = page("431 Request Header Fields Too Large");

/** A request by HTTP as bytes; the connection stays open. */
export function post(
  target: string,
  headers: string,
  body: string,
): Uint8Array {
  return bytes(
    `POST ${target} HTTP/1.1\r\nHost: x\r\n${headers}\r\n\r\n${body}`,
  );
}

/** Some parts as a chunked body that does not end. */
export function chunked(...parts: string[]): string {
  return parts.map((part) => `${part.length.toString(16)}\r\n${part}\r\n`)
    .join("");
}

export const CHUNKED = "Transfer-Encoding: chunked";
export const LAST =
  "GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

/** Reads until the connection has brought `end`. */
export async function read_until(
  conn: Deno.Conn,
  end: string,
): Promise<string> {
  const buffer = new Uint8Array(65536);
  let all = "";
  while (!all.endsWith(end)) {
    const length = await conn.read(buffer);
    if (length === null) throw new Error(`the connection ended: ${all}`);
    all += text(buffer.subarray(0, length));
  }
  return all;
}

/** Notes what `app` gets for an input, and hands it on. */
export function noting(
  inputs: unknown[],
  app: WSGIApplication,
): WSGIApplication {
  return (environ, start_response) => {
    inputs.push(environ["wsgi.input"]);
    return app(environ, start_response);
  };
}

/** A handler whose requests may have a body without saying its length. */
export class UploadHandler extends BaseCGIHandler {
  broken = false;
  /** What the handler got for a result. */
  sent: WSGIResult | null = null;

  override get_stdin(): ReadableStream<Uint8Array> {
    return this.stdin;
  }
  override close() {
    this.sent = this.result;
    return super.close();
  }
  override break_off(): void {
    this.broken = true;
  }
}

/** Runs an application behind a limit of five bytes; the body comes byte by byte. */
export async function upload(
  app: WSGIApplication,
  body: string,
  environ: Record<string, unknown> = {},
) {
  return await run_app(limit_body(app, { max_size: 5 }), {
    environ: { REQUEST_METHOD: "POST", ...environ },
    handler_class: UploadHandler,
    adapt: (handler) => handler.stdin = stream_of(...body),
  });
}
