/** Formats errors for a log, and names what the call of an application failed at. */

import { platform } from "../platform.ts";
import { no_function } from "../text/check.ts";
import { about_application, without_callers } from "../text/frames.ts";

/**
 * Formats the message of `error`, its stack down to the application, and the chain of its causes, ending in a newline.
 *
 * @param limit The number of stack frames to keep of each error, starting at the throw; null keeps all.
 */
export function format_exception(
  error: unknown,
  limit: number | null = null,
): string {
  try {
    return format_chain(error, limit);
  } catch {
    // Its stack, name or cause is a getter that throws.
    return "An error that cannot be displayed\n";
  }
}

function format_chain(error: unknown, limit: number | null): string {
  const seen = new Set<unknown>();
  let text = "";
  for (let cause = error; !seen.has(cause); cause = cause.cause) {
    seen.add(cause);
    if (text) text += "Caused by: ";
    if (!(cause instanceof Error)) return `${text}${platform.inspect(cause)}\n`;
    text += `${cut_stack(cause, limit)}\n`;
    if (cause.cause === undefined) break;
  }
  return text;
}

/** The stack of an error with `limit` frames. */
function cut_stack(error: Error, limit: number | null): string {
  const head = `${error}`;
  const stack = without_callers(error.stack || head);
  if (limit === null) return stack;
  const lines = stack.split("\n");
  // The message may take several lines; the frames are the lines after it.
  const first = lines.findIndex((line) => /^\s+at /.test(line));
  return first < 0 ? stack : lines.slice(0, first + limit).join("\n");
}

/** What a call of an application threw; if that is not a function, an error that says what to do. */
export function error_of_call(error: unknown, application: unknown): unknown {
  return typeof application === "function"
    ? error
    : about_application(no_function(application, "the application"));
}
