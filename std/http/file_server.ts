/** The files of a folder, as `@std/http/file-server` serves them: as much of it as an example needs. */

import { extname, join, normalize } from "node:path/posix";
import { STATUS_CODE, STATUS_TEXT, type StatusCode } from "./status.ts";

/** What `serveDir` can be told, of what the real one can. */
export interface ServeDirOptions {
  /** The folder whose files are served. */
  fsRoot?: string;
  /** Whether requests are not logged. */
  quiet?: boolean;
}

const CONTENT_TYPES: Record<string, string> = {
  ".bin": "application/octet-stream",
  ".css": "text/css; charset=UTF-8",
  ".html": "text/html; charset=UTF-8",
  ".js": "text/javascript; charset=UTF-8",
  ".json": "application/json; charset=UTF-8",
  ".md": "text/markdown; charset=UTF-8",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=UTF-8",
};

/** Answers a request for a file below a folder; of a folder, with its `index.html`. */
export async function serveDir(
  request: Request,
  options: ServeDirOptions = {},
): Promise<Response> {
  if (request.method !== "GET" && request.method !== "HEAD") {
    return plain(STATUS_CODE.MethodNotAllowed);
  }
  let response;
  try {
    response = await serve_path(request, options.fsRoot ?? ".");
  } catch (error) {
    if (!options.quiet) console.error((error as Error).message);
    response = plain(
      error instanceof Deno.errors.NotFound
        ? STATUS_CODE.NotFound
        : STATUS_CODE.InternalServerError,
    );
  }
  if (!options.quiet) console.log(request.method, response.status);
  return response;
}

async function serve_path(request: Request, root: string): Promise<Response> {
  const url = new URL(request.url);
  const decoded = decodeURIComponent(url.pathname);
  const path = normalize(decoded);
  if (path !== decoded) return redirect(url, path);
  if (/\/\./.test(path)) return plain(STATUS_CODE.NotFound);
  const file = join(root, path.replace(/\/$/, ""));
  const { isFile, isDirectory } = await Deno.stat(file);
  if (isFile && path.endsWith("/")) {
    return redirect(url, url.pathname.slice(0, -1));
  }
  if (isDirectory && !path.endsWith("/")) {
    return redirect(url, `${url.pathname}/`);
  }
  return await serve_file(request, isDirectory ? `${file}/index.html` : file);
}

function redirect(url: URL, path: string): Response {
  url.pathname = path;
  return Response.redirect(url, STATUS_CODE.MovedPermanently);
}

async function serve_file(request: Request, path: string): Promise<Response> {
  const info = await Deno.stat(path);
  const headers = await headers_of(path, info);
  if (request.method === "HEAD") return answer(STATUS_CODE.OK, null, headers);
  if (is_known(request.headers, headers, info)) {
    headers.delete("content-length");
    return answer(STATUS_CODE.NotModified, null, headers);
  }
  const range = info.size > 0 && parse_range(request.headers, info.size);
  if (!range) return answer(STATUS_CODE.OK, await open(path), headers);
  const [first, last] = range;
  if (last < 0 || last < first || first >= info.size) {
    headers.delete("content-length");
    headers.set("content-range", `bytes */${info.size}`);
    const status = STATUS_CODE.RangeNotSatisfiable;
    return answer(status, STATUS_TEXT[status], headers);
  }
  const start = Math.max(first, 0);
  const end = Math.min(last, info.size - 1);
  headers.set("content-range", `bytes ${start}-${end}/${info.size}`);
  headers.set("content-length", String(end - start + 1));
  const part = await open(path, start, end - start + 1);
  return answer(STATUS_CODE.PartialContent, part, headers);
}

async function headers_of(
  path: string,
  { mtime, size }: Deno.FileInfo,
): Promise<Headers> {
  const headers = new Headers({
    "accept-ranges": "bytes",
    "content-length": String(size),
    "last-modified": mtime!.toUTCString(),
    "etag": await etag_of(mtime!, size),
  });
  const type = CONTENT_TYPES[extname(path)];
  if (type) headers.set("content-type", type);
  return headers;
}

async function etag_of(mtime: Date, size: number): Promise<string> {
  const time = new TextEncoder().encode(mtime.toJSON());
  const hash = await crypto.subtle.digest("SHA-256", time);
  const text = new Uint8Array(hash).toBase64().slice(0, 27);
  return `W/"${size.toString(16)}-${text}"`;
}

/** Whether the client has the file as it is (RFC 9110, section 13.2.2). */
function is_known(
  asked: Headers,
  headers: Headers,
  { mtime }: Deno.FileInfo,
): boolean {
  const tags = asked.get("if-none-match");
  if (tags) {
    const strong = headers.get("etag")!.slice("W/".length);
    return /^\s*\*\s*$/.test(tags) || tags.split(/\s*,\s*/)
      .some((tag) => tag.replace(/^W\//, "") === strong);
  }
  const since = asked.get("if-modified-since");
  return tags === null && since !== null &&
    mtime!.getTime() < new Date(since).getTime() + 1000;
}

/** The first and the last byte of one range; null where there is none that can be read. */
function parse_range(headers: Headers, size: number): [number, number] | null {
  const [, first, last] = headers.get("range")?.match(/bytes=(\d+)?-(\d+)?$/) ??
    [];
  if (first !== undefined) {
    return [Number(first), last === undefined ? size - 1 : Number(last)];
  }
  return last === undefined ? null : [size - Number(last), size - 1];
}

async function open(
  path: string,
  start = 0,
  length = Infinity,
): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  const file = await Deno.open(path);
  await file.seek(start, Deno.SeekMode.Start);
  if (length === Infinity) return file.readable;
  let left = length;
  return file.readable.pipeThrough(
    new TransformStream({
      transform(block, controller) {
        controller.enqueue(block.subarray(0, left));
        left -= Math.min(left, block.length);
        if (left === 0) controller.terminate();
      },
    }),
  );
}

function plain(status: StatusCode): Response {
  return answer(status, STATUS_TEXT[status]);
}

function answer(
  status: StatusCode,
  body: BodyInit | null,
  headers = new Headers(),
): Response {
  return new Response(body, {
    status,
    statusText: STATUS_TEXT[status],
    headers,
  });
}
