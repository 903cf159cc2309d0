/** The rows about the environ, and its variables. */

import type { WSGIEnvironment } from "../../types.ts";
import { start_anything, type Variables } from "./exchange.ts";
import {
  type Broken,
  ENVIRON,
  locked_stream,
  type Row,
  STREAMS,
  STRINGS,
} from "./rows.ts";

class Environ {
  REQUEST_METHOD = "GET";
}

const PROTOCOL = "(RFC 3875, section 4.1.16)";

/** Wrong environs. */
export const ENVIRON_ROWS: [string, Variables, string][] = [
  [
    "a number as a variable",
    { HTTP_X_COUNT: 5 },
    `HTTP_X_COUNT must be a string, got 5: only a variable with a dot in its name may be anything else ${ENVIRON}`,
  ],
  [
    "a variable that is null",
    { REMOTE_USER: null },
    `REMOTE_USER must be a string, got null: only a variable with a dot in its name may be anything else ${ENVIRON}`,
  ],
  [
    "a variable of text instead of bytes",
    { PATH_INFO: "/\u20ac" },
    `PATH_INFO must hold one byte per character, U+0000 to U+00FF, got "/\u20ac" ${STRINGS}`,
  ],
  [
    "an environ without a method",
    { REQUEST_METHOD: undefined },
    `REQUEST_METHOD must be present and be a token, such as "GET", got none ${ENVIRON}`,
  ],
  [
    "a method that is no token",
    { REQUEST_METHOD: "GET /" },
    `REQUEST_METHOD must be present and be a token, such as "GET", got "GET /" ${ENVIRON}`,
  ],
  [
    "an environ without a server name",
    { SERVER_NAME: undefined },
    `SERVER_NAME must be present and not empty, got none ${ENVIRON}`,
  ],
  [
    "an empty server name",
    { SERVER_NAME: "" },
    `SERVER_NAME must be present and not empty, got "" ${ENVIRON}`,
  ],
  [
    "an environ without a port",
    { SERVER_PORT: undefined },
    `SERVER_PORT must be present and be decimal digits, got none ${ENVIRON}`,
  ],
  [
    "an empty port",
    { SERVER_PORT: "" },
    `SERVER_PORT must be present and be decimal digits, got "" ${ENVIRON}`,
  ],
  [
    "a port that is no number",
    { SERVER_PORT: "http" },
    `SERVER_PORT must be present and be decimal digits, got "http" ${ENVIRON}`,
  ],
  [
    "an environ without a protocol",
    { SERVER_PROTOCOL: undefined },
    `SERVER_PROTOCOL must be present and be a protocol, such as "HTTP/1.1", got none ${PROTOCOL}`,
  ],
  ...["", "HTTP/", "HTTP/1.1/2", "HTTP/one", "HTTP 1.1", "HTTP/1.1 "].map((
    SERVER_PROTOCOL,
  ): [string, Variables, string] => [
    `a protocol of ${JSON.stringify(SERVER_PROTOCOL)}`,
    { SERVER_PROTOCOL },
    `SERVER_PROTOCOL must be present and be a protocol, such as "HTTP/1.1", got ${
      JSON.stringify(SERVER_PROTOCOL)
    } ${PROTOCOL}`,
  ]),
  [
    "a SCRIPT_NAME without its slash",
    { SCRIPT_NAME: "blog", PATH_INFO: "/" },
    `SCRIPT_NAME must be empty or begin with "/", got "blog" ${ENVIRON}`,
  ],
  [
    "a SCRIPT_NAME that is a slash",
    { SCRIPT_NAME: "/", PATH_INFO: "" },
    `SCRIPT_NAME must be "" where the application is at the root, and PATH_INFO begin with the slash, got "/" ${ENVIRON}`,
  ],
  [
    "a PATH_INFO without its slash",
    { PATH_INFO: "blog" },
    `PATH_INFO must be empty or begin with "/", or be "*" for OPTIONS, got "blog" ${ENVIRON}`,
  ],
  [
    "an asterisk for a GET",
    { PATH_INFO: "*" },
    `PATH_INFO must be empty or begin with "/", or be "*" for OPTIONS, got "*" ${ENVIRON}`,
  ],
  [
    "an environ without a path",
    { SCRIPT_NAME: "", PATH_INFO: "" },
    `SCRIPT_NAME and PATH_INFO must not both be empty, got no path at all: at the root PATH_INFO is "/" ${ENVIRON}`,
  ],
  [
    "a CONTENT_LENGTH that is no number",
    { CONTENT_LENGTH: "-1" },
    `CONTENT_LENGTH must be decimal digits, empty or left out, got "-1" ${ENVIRON}`,
  ],
  [
    "HTTP_CONTENT_TYPE",
    { HTTP_CONTENT_TYPE: "text/plain" },
    `the header must be in the environ as CONTENT_TYPE, got HTTP_CONTENT_TYPE ${ENVIRON}`,
  ],
  [
    "HTTP_CONTENT_LENGTH",
    { HTTP_CONTENT_LENGTH: "5" },
    `the header must be in the environ as CONTENT_LENGTH, got HTTP_CONTENT_LENGTH ${ENVIRON}`,
  ],
  [
    "a version as a string",
    { "wsgi.version": "1.0" },
    `wsgi.version must be [1, 0], got "1.0" ${ENVIRON}`,
  ],
  [
    "another version",
    { "wsgi.version": [1, 1] },
    `wsgi.version must be [1, 0], got [1, 1] ${ENVIRON}`,
  ],
  [
    "an environ without a scheme",
    { "wsgi.url_scheme": undefined },
    `wsgi.url_scheme must be "http" or "https", got none ${ENVIRON}`,
  ],
  [
    "another scheme",
    { "wsgi.url_scheme": "wss" },
    `wsgi.url_scheme must be "http" or "https", got "wss" ${ENVIRON}`,
  ],
  [
    "a file_wrapper that is no function",
    { "wsgi.file_wrapper": true },
    'wsgi.file_wrapper must be a function or left out, got true (PEP 3333, "Optional Platform-Specific File Handling")',
  ],
  [
    "an environ without multithread",
    { "wsgi.multithread": undefined },
    `wsgi.multithread must be true or false, got none ${ENVIRON}`,
  ],
  [
    "a number for multiprocess",
    { "wsgi.multiprocess": 1 },
    `wsgi.multiprocess must be true or false, got 1 ${ENVIRON}`,
  ],
  [
    "a string for run_once",
    { "wsgi.run_once": "no" },
    `wsgi.run_once must be true or false, got "no" ${ENVIRON}`,
  ],
  [
    "an input that does not end",
    { "wsgi.input_terminated": false },
    `wsgi.input_terminated must be true or left out, got false ${STREAMS}`,
  ],
  [
    "an environ without input",
    { "wsgi.input": undefined },
    `wsgi.input must be a ReadableStream, got none ${STREAMS}`,
  ],
  [
    "an input that is null",
    { "wsgi.input": null },
    `wsgi.input must be a ReadableStream, got null ${STREAMS}`,
  ],
  [
    "an input that is locked",
    { "wsgi.input": locked_stream() },
    `wsgi.input must not be locked, got a locked stream ${STREAMS}`,
  ],
  [
    "an environ without errors",
    { "wsgi.errors": undefined },
    `wsgi.errors must have write(), writelines() and flush(), got none without write, writelines, flush ${STREAMS}`,
  ],
  [
    "an error stream that lacks something",
    { "wsgi.errors": { write() {}, writelines() {} } },
    `wsgi.errors must have write(), writelines() and flush(), got an object of class Object without flush ${STREAMS}`,
  ],
];

/** A server that calls the application with something else than a sound environ. */
function calling(make: (environ: WSGIEnvironment) => unknown): Broken {
  return {
    server: async (app, environ) => {
      await app(make(environ) as WSGIEnvironment, start_anything);
    },
  };
}

/** Environs that are no environs. */
export const OBJECT_ROWS: Row[] = [
  [
    "no environ",
    calling(() => undefined),
    `the environ must be a plain object, got undefined ${ENVIRON}`,
  ],
  [
    "a Map as the environ",
    calling((environ) => new Map(Object.entries(environ))),
    `the environ must be a plain object, got an object of class Map ${ENVIRON}`,
  ],
  [
    "an instance as the environ",
    calling((environ) => Object.assign(new Environ(), environ)),
    `the environ must be a plain object, got an object of class Environ ${ENVIRON}`,
  ],
  [
    "an environ that is frozen",
    calling((environ) => Object.freeze(environ)),
    `the environ must be mutable, got a frozen or sealed object ${ENVIRON}`,
  ],
  [
    "a symbol as a key",
    calling((environ) => ({ ...environ, [Symbol("mine")]: 1 })),
    `the keys of the environ must be strings, got Symbol(mine) ${ENVIRON}`,
  ],
  [
    "a key that is hidden",
    calling((environ) =>
      Object.defineProperty(environ, "my.key", { value: 1 })
    ),
    `the keys of the environ must be enumerable, got "my.key", which is not ${ENVIRON}`,
  ],
];
