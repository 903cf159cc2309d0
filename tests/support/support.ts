/** What the tests share: applications' output in memory, raw HTTP, the command as a child process. */

import { concat } from "../../_internal/text/bytes.ts";
import { BaseCGIHandler, type SimpleHandler } from "../../handlers.ts";
import {
  make_server,
  WSGIRequestHandler,
  type WSGIRequestHandlerClass,
  WSGIServer,
} from "../../simple_server.ts";
import type { ErrorStream, WSGIApplication } from "../../types.ts";
import { setup_testing_defaults } from "../../util.ts";
import { bytes, text } from "./bytes.ts";

export { bytes, text };

/** The folder of the project. */
export const root = new URL("../../", import.meta.url);

/** Some byte arrays as one. */
export function join(parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(concat(parts));
}

/** A stream of the bytes of `chunks`. */
export function stream_of(...chunks: string[]): ReadableStream<Uint8Array> {
  return ReadableStream.from(chunks.map(bytes));
}

/** A stdout that keeps what it gets. */
export class Sink extends WritableStream<Uint8Array> {
  chunks: string[];

  constructor() {
    const chunks: string[] = [];
    super({
      write(chunk) {
        chunks.push(text(chunk));
      },
    });
    this.chunks = chunks;
  }

  get text(): string {
    return this.chunks.join("");
  }
}

/** An error log that keeps what it gets. */
export class Log implements ErrorStream {
  text = "";
  write(text: string): void {
    this.text += text;
  }
  writelines(lines: Iterable<string>): void {
    for (const line of lines) this.write(line);
  }
  flush(): void {}
}

type SimpleHandlerClass = new (
  ...args: ConstructorParameters<typeof SimpleHandler>
) => SimpleHandler;

/** What a request through a handler in memory left behind. */
export interface Run<Handler> {
  handler: Handler;
  /** Everything that was written to stdout. */
  output: string;
  /** What was written to it, write by write. */
  chunks: string[];
  /** Everything that was written to the error log. */
  errors: string;
}

/**
 * Runs `app` in memory, through `BaseCGIHandler` unless another class is given. `environ` is completed by
 * `setup_testing_defaults`; `adapt` may change the handler first.
 */
export async function run_app<
  HandlerClass extends SimpleHandlerClass = typeof BaseCGIHandler,
>(
  app: WSGIApplication,
  { environ = {}, body = "", handler_class, adapt }: {
    environ?: Record<string, unknown>;
    body?: string;
    handler_class?: HandlerClass;
    adapt?: (handler: InstanceType<HandlerClass>) => void;
  } = {},
): Promise<Run<InstanceType<HandlerClass>>> {
  const stdout = new Sink();
  const log = new Log();
  const complete: Record<string, unknown> = { ...environ };
  setup_testing_defaults(complete);
  const Handler = (handler_class ?? BaseCGIHandler) as HandlerClass;
  const handler = new Handler(stream_of(body), stdout, log, complete);
  handler.os_environ = {};
  adapt?.(handler as InstanceType<HandlerClass>);
  await handler.run(app);
  return {
    handler: handler as InstanceType<HandlerClass>,
    output: stdout.text,
    chunks: stdout.chunks,
    errors: log.text,
  };
}

/** A server under test: its log in `log.text`, ended by `await using`. */
export interface TestServer extends AsyncDisposable {
  server: WSGIServer;
  port: number;
  url: string;
  /** `wsgi.errors`, tracebacks and the lines of the access log, time left out. */
  log: Log;
}

/** Serves `app` at a free port of 127.0.0.1, everything that is logged kept in memory. */
export function serve(
  app: WSGIApplication,
  handler_class: WSGIRequestHandlerClass = WSGIRequestHandler,
): TestServer {
  const log = new Log();
  class LoggedServer extends WSGIServer {
    override handle_error(error: unknown): Response {
      log.write(`unhandled: ${error}\n`);
      return new Response(null, { status: 500 });
    }
  }
  const LoggedHandler = class extends handler_class {
    override get_stderr(): ErrorStream {
      return log;
    }
    override log_request(code: number | string, size: number | string): void {
      log.write(`"${this.requestline}" ${code} ${size}\n`);
    }
  } as WSGIRequestHandlerClass;
  const server = make_server("127.0.0.1", 0, app, LoggedServer, LoggedHandler);
  server.serve_forever();
  return {
    server,
    port: server.server_port,
    url: `http://127.0.0.1:${server.server_port}`,
    log,
    [Symbol.asyncDispose]: () => server.server_close(),
  };
}

/** What came back on a raw connection. */
export interface RawAnswer {
  /** The status line. */
  status: string;
  /** The header lines, as they were sent. */
  headers: string[];
  /** Everything after the empty line, chunked coding and all. */
  body: string;
  /** Everything. */
  raw: string;
}

/** Sends bytes to a server and reads until it closes the connection: so the request should say `Connection: close`. */
export async function raw_request(
  port: number,
  request: string,
): Promise<RawAnswer> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  await write_all(conn, bytes(request));
  const raw = await read_all(conn);
  const end = raw.indexOf("\r\n\r\n");
  const [status = "", ...headers] = raw.slice(0, end).split("\r\n");
  return { status, headers, body: raw.slice(end + 4), raw };
}

/** Writes all of `data`. */
export async function write_all(
  conn: Deno.Conn,
  data: Uint8Array,
): Promise<void> {
  for (let sent = 0; sent < data.length;) {
    sent += await conn.write(data.subarray(sent));
  }
}

/** Reads to the end of the connection. */
export async function read_all(conn: Deno.Conn): Promise<string> {
  const buffer = new Uint8Array(65536);
  let all = "";
  while (true) {
    const length = await conn.read(buffer);
    if (length === null) return all;
    all += text(buffer.subarray(0, length));
  }
}

/** Waits until `condition` holds; for what happens after an answer, not for what takes its time. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}

/** Runs a script to its end, with `-A`, in the project's folder. */
export async function run_script(
  args: string[],
  { env = {}, stdin = "", cwd = root }: {
    env?: Record<string, string>;
    stdin?: string;
    cwd?: URL | string;
  } = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-lock", ...args],
    cwd,
    env: { NO_COLOR: "1", ...env },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(bytes(stdin));
  await writer.close();
  const { code, stdout, stderr } = await child.output();
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

/** A server that runs as a child process; ended by `await using`. */
export interface ChildServer extends AsyncDisposable {
  child: Deno.ChildProcess;
  /** What it serves at: the first URL that it printed. */
  url: string;
  /** Everything that it has printed so far. */
  printed: { stdout: string; stderr: string };
}

/** Starts a script that serves and prints its URL, with `-A`, in the project's folder. */
export async function start_server(
  args: string[],
  { env = {}, cwd = root }: {
    env?: Record<string, string>;
    cwd?: URL | string;
  } = {},
): Promise<ChildServer> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-lock", ...args],
    cwd,
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const printed = { stdout: "", stderr: "" };
  const drained = Promise.all([
    keep(child.stdout, (part) => printed.stdout += part),
    keep(child.stderr, (part) => printed.stderr += part),
  ]);
  let ended = false;
  const status = child.status.finally(() => ended = true);
  const find_url = () => printed.stdout.match(/http:\/\/\S+?(?=\/?\s|\/?$)/m);
  await until(() => ended || find_url() !== null && /\n/.test(printed.stdout));
  if (ended) {
    await drained;
    throw new Error(`${args.join(" ")} ended: ${printed.stderr}`);
  }
  return {
    child,
    url: find_url()![0],
    printed,
    async [Symbol.asyncDispose]() {
      if (!ended) child.kill("SIGKILL");
      await status;
      await drained;
    },
  };
}

async function keep(
  stream: ReadableStream<Uint8Array>,
  add: (part: string) => void,
): Promise<void> {
  for await (const part of stream.pipeThrough(new TextDecoderStream())) {
    add(part);
  }
}
