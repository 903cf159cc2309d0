/** Sound partners for the validator: an environ, a server, applications. */

import type {
  HeaderList,
  StartResponse,
  WSGIApplication,
  WSGIEnvironment,
  WSGIResult,
} from "../../types.ts";
import { FileWrapper, setup_testing_defaults } from "../../util.ts";
import { validator, type WSGIWarning } from "../../validate.ts";

export type Variables = Record<string, unknown>;

/** A whole environ with `changes`; a variable that is undefined there is left out. */
export function environ_with(changes: Variables = {}): WSGIEnvironment {
  const environ: Variables = {};
  setup_testing_defaults(environ);
  environ["wsgi.file_wrapper"] = (file, size) => new FileWrapper(file, size);
  const variables: Variables = environ;
  for (const [key, value] of Object.entries(changes)) {
    if (value === undefined) delete variables[key];
    else variables[key] = value;
  }
  return environ;
}

/** A `start_response` that takes everything. */
export const start_anything: StartResponse = () => () => Promise.resolve();

/** What a server does with an application. */
export type Server = (
  app: WSGIApplication,
  environ: WSGIEnvironment,
) => Promise<void>;

/** A server that makes no mistake; what goes wrong it throws when the result is closed. */
export const good_server: Server = async (app, environ) => {
  const result = await app(environ, start_anything);
  try {
    for await (const _ of result);
  } finally {
    await result.close?.();
  }
};

export const TEXT: HeaderList = [["Content-Type", "text/plain"]];

export const TEXT_6: HeaderList = [...TEXT, ["Content-Length", "6"]];

/** An application that reads all of its input. */
export const reader: WSGIApplication = async (environ, start_response) => {
  for await (const _ of environ["wsgi.input"]);
  start_response("200 OK", TEXT);
  return [];
};

/** An application that answers with what `make` gives. */
export function answering(
  make: (environ: WSGIEnvironment) => WSGIResult,
  headers: HeaderList = TEXT,
): WSGIApplication {
  return (environ, start_response) => {
    start_response("200 OK", headers);
    return make(environ);
  };
}

export function fail_on_warning(warning: WSGIWarning): never {
  throw new Error(`unexpected warning: ${warning.message}`);
}

/** Calls a sound application behind the validator. */
export function call(
  app: WSGIApplication,
  environ: WSGIEnvironment = environ_with(),
  start_response: StartResponse = start_anything,
): WSGIResult | Promise<WSGIResult> {
  return validator(app, { warn: fail_on_warning })(environ, start_response);
}
