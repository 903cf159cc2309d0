/** The applications that show their environ. */

import type { WSGIApplication } from "../../../types.ts";
import {
  application_uri,
  request_uri,
  shift_path_info,
} from "../../../util.ts";
import { bytes } from "../../support/bytes.ts";
import { json } from "./content.ts";
import { ok } from "./ok.ts";

export const showing: Record<string, WSGIApplication> = {
  /** The variables that `X-Show` names. */
  environ(environ, start_response) {
    const names = environ.HTTP_X_SHOW!.split(" ");
    const variables: Record<string, unknown> = environ;
    const shown = names.map((name) => [name, variables[name] ?? null]);
    return ok(start_response, json(Object.fromEntries(shown)));
  },

  /** The types of what has no text. */
  wsgi_variables(environ, start_response) {
    const { "wsgi.input": input, "wsgi.errors": errors } = environ;
    return ok(
      start_response,
      json({
        version: environ["wsgi.version"],
        input: input instanceof ReadableStream && !input.locked,
        input_terminated: environ["wsgi.input_terminated"],
        errors: [errors.write, errors.writelines, errors.flush]
          .map((method) => typeof method),
        flags: ["multithread", "multiprocess", "run_once"]
          .map((name) => typeof environ[`wsgi.${name}`]),
        file_wrapper: typeof environ["wsgi.file_wrapper"],
        plain: Object.getPrototypeOf(environ) === Object.prototype &&
          !Object.isFrozen(environ),
        copy: Object.keys({ ...environ }).length ===
          Reflect.ownKeys(environ).length,
      }),
    );
  },

  /** The URIs of the request, before and after the segments were shifted that the query counts. */
  uris(environ, start_response) {
    const segments = [];
    for (let i = Number(environ.HTTP_X_SHIFT ?? 0); i > 0; i--) {
      segments.push(shift_path_info(environ));
    }
    return ok(
      start_response,
      json({
        segments,
        script_name: environ.SCRIPT_NAME,
        path_info: environ.PATH_INFO,
        application: application_uri(environ),
        request: request_uri(environ),
        without_query: request_uri(environ, false),
      }),
    );
  },

  /** Writes to the log in every way. */
  errors(environ, start_response) {
    const errors = environ["wsgi.errors"];
    errors.write("one\n");
    errors.writelines(["two\n", "thr", "ee\n"]);
    errors.flush();
    return ok(start_response, bytes("logged"));
  },

  /** Changes all of its environ, which the next request must not see. */
  environ_changed(environ, start_response) {
    const seen = "x.seen" in environ;
    const variables: Record<string, unknown> = environ;
    for (const name of Object.keys(variables)) delete variables[name];
    environ["x.seen"] = true;
    return ok(start_response, json({ seen }));
  },
};
