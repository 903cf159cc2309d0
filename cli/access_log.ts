/** The access log of the command, in the Common Log Format. */

import { escape_controls, MONTHS, two_digits } from "../_internal/log.ts";
import { stderr } from "../_internal/error_stream.ts";
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
      if (!log) return;
      const host = this.address_string() || "-";
      const request = escape_controls(this.requestline).replaceAll('"', '\\"');
      const bytes = Number(size) === 0 ? "-" : size;
      const time = format_time(new Date());
      log(`${host} - - [${time}] "${request}" ${code} ${bytes}\n`);
    }
  };
}

/** Local time with its offset: `21/Nov/2026:00:55:42 +0100`. */
function format_time(now: Date): string {
  const date = `${two_digits(now.getDate())}/${
    MONTHS[now.getMonth()]
  }/${now.getFullYear()}`;
  const time = [now.getHours(), now.getMinutes(), now.getSeconds()]
    .map(two_digits).join(":");
  const offset = -now.getTimezoneOffset();
  const sign = offset < 0 ? "-" : "+";
  const minutes = Math.abs(offset);
  const zone = two_digits(Math.floor(minutes / 60)) + two_digits(minutes % 60);
  return `${date}:${time} ${sign}${zone}`;
}
