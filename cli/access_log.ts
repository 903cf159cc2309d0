/** The access log of the command, in the Common Log Format. */

import {
  clock_time,
  escape_controls,
  MONTHS,
  two_digits,
} from "../_internal/log.ts";
import { stderr } from "../_internal/error_stream.ts";
import {
  type GatewayServer,
  request_line,
} from "../gateways/gateway_server.ts";
import {
  WSGIRequestHandler,
  type WSGIRequestHandlerClass,
} from "../simple_server.ts";
import { UsageError } from "./usage_error.ts";

/** Takes a line of the log. */
export type AccessLog = (line: string) => void;

/**
 * The log for what `--access-logfile` says; null for none.
 *
 * @throws {UsageError} If the file cannot be opened.
 */
export function open_access_log(logfile: string): AccessLog | null {
  if (logfile === "none") return null;
  if (logfile === "-") return (line) => stderr.write(line);
  const file = open(logfile);
  const encoder = new TextEncoder();
  return (line) => {
    let bytes = encoder.encode(line);
    while (bytes.length > 0) bytes = bytes.subarray(file.writeSync(bytes));
  };
}

function open(path: string): Deno.FsFile {
  try {
    return Deno.openSync(path, { append: true, create: true });
  } catch (error) {
    throw new UsageError(
      `cannot open the access log: ${(error as Error).message}`,
    );
  }
}

/** The class of request handlers that log to `log`. */
export function logging_handler(
  log: AccessLog | null,
): WSGIRequestHandlerClass {
  return class extends WSGIRequestHandler {
    override log_request(code: number | string, size: number | string): void {
      log?.(access_line(this.address_string(), this.requestline, code, size));
    }
  };
}

/** What a gateway logs its requests by. */
export function request_logger(
  log: AccessLog | null,
): GatewayServer["log_request"] {
  return (variables, code, size) => {
    const { REMOTE_ADDR = "" } = variables;
    log?.(access_line(REMOTE_ADDR, request_line(variables), code, size));
  };
}

function access_line(
  host: string,
  request: string,
  code: number | string,
  size: number | string,
): string {
  const quoted = escape_controls(request).replaceAll('"', '\\"');
  const bytes = Number(size) === 0 ? "-" : size;
  const time = format_time(new Date());
  return `${host || "-"} - - [${time}] "${quoted}" ${code} ${bytes}\n`;
}

/** Local time with its offset: `21/Nov/2026:00:55:42 +0100`. */
function format_time(now: Date): string {
  const date = `${two_digits(now.getDate())}/${
    MONTHS[now.getMonth()]
  }/${now.getFullYear()}`;
  const offset = -now.getTimezoneOffset();
  const sign = offset < 0 ? "-" : "+";
  const minutes = Math.abs(offset);
  const zone = two_digits(Math.floor(minutes / 60)) + two_digits(minutes % 60);
  return `${date}:${clock_time(now)} ${sign}${zone}`;
}
