/** The path that `--root-path` puts an application under. */

import type { WSGIApplication } from "../types.ts";
import { UsageError } from "../cli/settings/usage_error.ts";

/** Segments of what needs no encoding in a path (RFC 3986, section 3.3), so that the path and its encoded form are one. */
const ROOT_PATH = /^(?:\/(?!\.{1,2}(?:\/|$))[\w.~!$&'()*+,;=:@-]+)+$/;

/**
 * Reads what `--root-path` takes.
 *
 * @throws {UsageError} If `text` is no such path.
 */
export function parse_root_path(text: string): string {
  if (ROOT_PATH.test(text)) return text;
  throw new UsageError(
    `--root-path takes a path such as /prefix, with a slash at its beginning, none at its end, and no character that a URL encodes, got "${text}"`,
  );
}

/**
 * The application under a path, as `parse_root_path` gives it: `SCRIPT_NAME` begins with it. A proxy may have removed
 * it from the path or not: where `PATH_INFO` begins with it, it does so no more.
 */
export function mount_at(
  app: WSGIApplication,
  root_path: string,
): WSGIApplication {
  const folder = `${root_path}/`;
  return (environ, start_response) => {
    const { SCRIPT_NAME = "", PATH_INFO = "" } = environ;
    environ.SCRIPT_NAME = root_path + SCRIPT_NAME;
    if (PATH_INFO === root_path || PATH_INFO.startsWith(folder)) {
      environ.PATH_INFO = PATH_INFO.slice(root_path.length);
    }
    return app(environ, start_response);
  };
}
