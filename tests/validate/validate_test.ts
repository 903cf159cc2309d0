import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { TextLineStream, toText } from "@std/streams";
import { SimpleHandler } from "../../handlers.ts";
import { demo_app } from "../../simple_server.ts";
import { FILES, type Rule, rules, spec } from "../../tools/spec.ts";
import type {
  HeaderList,
  StartResponse,
  WSGIApplication,
  WSGIEnvironment,
  WSGIResult,
} from "../../types.ts";
import { PEP } from "../../_internal/validate/report.ts";
import { FileWrapper, setup_testing_defaults } from "../../util.ts";
import { validator, WSGIError, WSGIWarning } from "../../validate.ts";
import {
  bytes,
  Log,
  root,
  run_app,
  serve,
  stream_of,
  until,
} from "../support/support.ts";

type Variables = Record<string, unknown>;

/** A whole environ with `changes`; a variable that is undefined there is left out. */
function environ_with(changes: Variables = {}): WSGIEnvironment {
  const environ: Variables = {};
  setup_testing_defaults(environ);
  environ["wsgi.file_wrapper"] = (file, size) => new FileWrapper(file, size);
  for (const [key, value] of Object.entries(changes)) {
    if (value === undefined) delete environ[key];
    else environ[key] = value;
  }
  return environ as WSGIEnvironment;
}

/** A `start_response` that takes everything. */
const start_anything: StartResponse = () => () => Promise.resolve();

/** What a server does with an application. */
type Server = (
  app: WSGIApplication,
  environ: WSGIEnvironment,
) => Promise<void>;

/** A server that makes no mistake; what goes wrong it throws when the result is closed. */
const good_server: Server = async (app, environ) => {
  const result = await app(environ, start_anything);
  try {
    for await (const _ of result);
  } finally {
    await result.close?.();
  }
};

/** Something broken, between two parties of which one is sound. */
interface Broken {
  environ?: Variables;
  /** Makes `wsgi.input`. */
  input?(): ReadableStream<unknown>;
  /** Not of the type that an application has: it is broken. */
  app?(environ: WSGIEnvironment, start_response: StartResponse): unknown;
  server?: Server;
}

/** What is broken, and what its user reads. */
type Row = [what: string, broken: Broken, message: string];

const TEXT: HeaderList = [["Content-Type", "text/plain"]];

/** An application that answers a 200 with `result`. */
function returning(result: unknown, headers: HeaderList = TEXT): Broken["app"] {
  return (_environ, start_response) => {
    start_response("200 OK", headers);
    return result;
  };
}

/** An application that calls `start_response` with `args`. */
function starting(...args: unknown[]): Broken {
  return {
    app(_environ, start_response) {
      start_response(...args as Parameters<StartResponse>);
      return [];
    },
  };
}

function sending(name: unknown, value: unknown): Broken {
  return starting("200 OK", [...TEXT, [name, value]]);
}

/** The `wsgi.errors` of an application, without the type that would keep it from misusing it. */
function misusing_errors(
  misuse: (errors: Record<string, (arg?: unknown) => void>) => void,
): Broken {
  return {
    app(environ, start_response) {
      // deno-lint-ignore no-explicit-any
      misuse(environ["wsgi.errors"] as any);
      start_response("200 OK", TEXT);
      return [];
    },
  };
}

/** An application that reads all of its input. */
const reader: WSGIApplication = async (environ, start_response) => {
  for await (const _ of environ["wsgi.input"]);
  start_response("200 OK", TEXT);
  return [];
};

const hello = returning([bytes("hello")]);
const ENVIRON = '(PEP 3333, "environ Variables")';
const STREAMS = '(PEP 3333, "Input and Error Streams")';
const STRINGS = '(PEP 3333, "Unicode Issues")';
const START_RESPONSE = '(PEP 3333, "The start_response() Callable")';
const DETAILS = '(PEP 3333, "Specification Details")';
const LENGTH = '(PEP 3333, "Handling the Content-Length Header")';
const WRITE = '(PEP 3333, "The write() Callable")';

class Environ {
  REQUEST_METHOD = "GET";
}

/** Wrong environs. */
const ENVIRON_ROWS: [string, Variables, string][] = [
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
    `PATH_INFO must hold one byte a character, U+0000 to U+00FF, got "/\u20ac" ${STRINGS}`,
  ],
  [
    "an environ without a method",
    { REQUEST_METHOD: undefined },
    `REQUEST_METHOD must be there and be a token, as "GET" is, got none ${ENVIRON}`,
  ],
  [
    "a method that is no token",
    { REQUEST_METHOD: "GET /" },
    `REQUEST_METHOD must be there and be a token, as "GET" is, got "GET /" ${ENVIRON}`,
  ],
  [
    "an environ without a server name",
    { SERVER_NAME: undefined },
    `SERVER_NAME must be there and not be empty, got none ${ENVIRON}`,
  ],
  [
    "an empty server name",
    { SERVER_NAME: "" },
    `SERVER_NAME must be there and not be empty, got "" ${ENVIRON}`,
  ],
  [
    "an environ without a port",
    { SERVER_PORT: undefined },
    `SERVER_PORT must be there and be decimal digits, got none ${ENVIRON}`,
  ],
  [
    "an empty port",
    { SERVER_PORT: "" },
    `SERVER_PORT must be there and be decimal digits, got "" ${ENVIRON}`,
  ],
  [
    "a port that is no number",
    { SERVER_PORT: "http" },
    `SERVER_PORT must be there and be decimal digits, got "http" ${ENVIRON}`,
  ],
  [
    "an environ without a protocol",
    { SERVER_PROTOCOL: undefined },
    `SERVER_PROTOCOL must be there and be "HTTP/" with a version, as "HTTP/1.1" is, got none ${ENVIRON}`,
  ],
  [
    "a protocol that is not HTTP",
    { SERVER_PROTOCOL: "INCLUDED" },
    `SERVER_PROTOCOL must be there and be "HTTP/" with a version, as "HTTP/1.1" is, got "INCLUDED" ${ENVIRON}`,
  ],
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
    `wsgi.input must be free to be read, got a stream that is locked to a reader ${STREAMS}`,
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

function locked_stream(): ReadableStream<Uint8Array> {
  const stream = stream_of();
  stream.getReader();
  return stream;
}

/** A server that calls the application with something else than a sound environ. */
function calling(make: (environ: WSGIEnvironment) => unknown): Broken {
  return {
    server: async (app, environ) => {
      await app(make(environ) as WSGIEnvironment, start_anything);
    },
  };
}

/** Environs that are no environs. */
const OBJECT_ROWS: Row[] = [
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
    `the environ must be open to change, got an object that is frozen or sealed ${ENVIRON}`,
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

const CONTENT_TYPE = "Content-Type";

/** Wrong calls of `start_response`. */
const START_ROWS: Row[] = [
  [
    "a start_response without headers",
    starting("200 OK"),
    `start_response() must be called with status, headers and perhaps exc_info, got 1 argument ${START_RESPONSE}`,
  ],
  [
    "a start_response with four arguments",
    starting("200 OK", TEXT, null, true),
    `start_response() must be called with status, headers and perhaps exc_info, got 4 arguments ${START_RESPONSE}`,
  ],
  [
    "a second start_response",
    {
      app(_environ, start_response) {
        start_response("200 OK", TEXT);
        start_response("500 Oops", TEXT);
        return [];
      },
    },
    `start_response() must be called once, or again with exc_info, got a second call with "500 Oops" and without it ${START_RESPONSE}`,
  ],
  [
    "a status that is a number",
    starting(200, TEXT),
    `the status must be a string of three digits, a space and a reason, as "200 OK" is, got 200 ${START_RESPONSE}`,
  ],
  [
    "a status without a reason",
    starting("200", TEXT),
    `the status must be a string of three digits, a space and a reason, as "200 OK" is, got "200" ${START_RESPONSE}`,
  ],
  [
    "a status of four digits",
    starting("2000 OK", TEXT),
    `the status must be a string of three digits, a space and a reason, as "200 OK" is, got "2000 OK" ${START_RESPONSE}`,
  ],
  [
    "a status that ends its line",
    starting("200 OK\r\n", TEXT),
    `the status must not hold control characters, got "200 OK\\r\\n" ${START_RESPONSE}`,
  ],
  [
    "a status of text instead of bytes",
    starting("200 \u20ac", TEXT),
    `the status must hold one byte a character, U+0000 to U+00FF, got "200 \u20ac" ${STRINGS}`,
  ],
  [
    "a status that is not final",
    starting("100 Continue", []),
    `the status must be 200 or above, got "100 Continue": interim responses are the server's (RFC 9110, section 15.2)`,
  ],
  [
    "headers that are no array",
    starting("200 OK", new Headers()),
    `the headers must be an array of pairs [name, value], got an object of class Headers ${START_RESPONSE}`,
  ],
  [
    "a header that is a string",
    starting("200 OK", ["Content-Type: text/plain"]),
    `a header must be a pair [name, value], got "Content-Type: text/plain" ${START_RESPONSE}`,
  ],
  [
    "a header of three",
    starting("200 OK", [["A", "b", "c"]]),
    `a header must be a pair [name, value], got an array of 3 ${START_RESPONSE}`,
  ],
  [
    "the name of a header that is no string",
    sending(5, "x"),
    'the name of a header must be a token, as "Content-Type" is, got 5 (RFC 9110, section 5.1)',
  ],
  [
    "the name of a header with a colon",
    sending("X-A:", "x"),
    'the name of a header must be a token, as "Content-Type" is, got "X-A:" (RFC 9110, section 5.1)',
  ],
  [
    "a header Status",
    sending("status", "200 OK"),
    `the status must be the first argument, got a header status with "200 OK" ${START_RESPONSE}`,
  ],
  [
    "the name of a header that ends in a hyphen",
    sending("X-", "x"),
    `the name of a header must not end in "-" or "_", got "X-" ${START_RESPONSE}`,
  ],
  [
    "the name of a header that ends in an underscore",
    sending("X_", "x"),
    `the name of a header must not end in "-" or "_", got "X_" ${START_RESPONSE}`,
  ],
  [
    "a hop-by-hop header",
    sending("Connection", "close"),
    'a hop-by-hop header must be left to the server, got Connection with "close" (PEP 3333, "Other HTTP Features")',
  ],
  [
    "a value that is a number",
    sending("X-Count", 5),
    `the value of X-Count must be a string, got 5 ${START_RESPONSE}`,
  ],
  [
    "a value that begins another line",
    sending("X-A", "a\r\nSet-Cookie: b"),
    `the value of X-A must not hold control characters, got "a\\r\\nSet-Cookie: b" ${START_RESPONSE}`,
  ],
  [
    "a value with a TAB",
    sending("X-A", "a\tb"),
    `the value of X-A must not hold control characters, got "a\\tb" ${START_RESPONSE}`,
  ],
  [
    "a value of text instead of bytes",
    sending("X-A", "\u20ac"),
    `the value of X-A must hold one byte a character, U+0000 to U+00FF, got "\u20ac" ${STRINGS}`,
  ],
  [
    "a response without Content-Type",
    starting("200 OK", []),
    "a response with status 200 must have one Content-Type, got none (RFC 9110, section 8.3)",
  ],
  [
    "a response with two types",
    sending("content-type", "text/html"),
    'a response with status 200 must have one Content-Type, got "text/plain" and "text/html" (RFC 9110, section 8.3)',
  ],
  [
    "a 204 with a Content-Type",
    starting("204 No Content", TEXT),
    'a response with status 204 must have no Content-Type, got "text/plain" (RFC 9110, sections 8.3 and 15.4.5)',
  ],
  [
    "a 304 with a Content-Type",
    starting("304 Not Modified", [[CONTENT_TYPE, "text/html"]]),
    'a response with status 304 must have no Content-Type, got "text/html" (RFC 9110, sections 8.3 and 15.4.5)',
  ],
  [
    "a 204 with a Content-Length",
    starting("204 No Content", [["Content-Length", "0"]]),
    'a response with status 204 must have no Content-Length, got "0" (RFC 9110, sections 8.6 and 15.4.5)',
  ],
  [
    "a 304 with a Content-Length",
    starting("304 Not Modified", [["content-length", "12"]]),
    'a response with status 304 must have no Content-Length, got "12" (RFC 9110, sections 8.6 and 15.4.5)',
  ],
  [
    "a Content-Length that is no number",
    sending("Content-Length", "five"),
    'Content-Length must be one number in decimal digits, got "five" (RFC 9110, section 8.6)',
  ],
  [
    "two lengths",
    starting("200 OK", [
      ...TEXT,
      ["Content-Length", "5"],
      ["Content-Length", "6"],
    ]),
    'Content-Length must be one number in decimal digits, got "5" and "6" (RFC 9110, section 8.6)',
  ],
];

/** Misused streams. */
const STREAM_ROWS: Row[] = [
  [
    "an input of text",
    { input: () => ReadableStream.from(["a"]), app: reader },
    `wsgi.input must give Uint8Array, got "a" ${STREAMS}`,
  ],
  [
    "an input that goes on",
    {
      environ: { CONTENT_LENGTH: "5" },
      input: () => stream_of("abc", "def"),
      app: reader,
    },
    `wsgi.input must end at the CONTENT_LENGTH of 5 bytes, got 6 ${STREAMS}`,
  ],
  [
    "an input that is cut short",
    {
      environ: { REQUEST_METHOD: "POST", CONTENT_LENGTH: "5" },
      input: () => stream_of("abc"),
      app: reader,
    },
    `wsgi.input must fail where the body is cut short of the CONTENT_LENGTH of 5 bytes, got an end after 3 ${STREAMS}`,
  ],
  [
    "an input that is read too late",
    {
      input: () => stream_of("abc"),
      app: hello,
      server: async (app, environ) => {
        await good_server(app, environ);
        await environ["wsgi.input"].getReader().read();
      },
    },
    `wsgi.input must not be read once the response is finished, got a read ${STREAMS}`,
  ],
  [
    "an input that is read after the application failed",
    {
      input: () => stream_of("abc"),
      app() {
        throw new Error("no");
      },
      server: async (app, environ) => {
        await assertRejects(() => good_server(app, environ), Error, "no");
        await environ["wsgi.input"].getReader().read();
      },
    },
    `wsgi.input must not be read once the response is finished, got a read ${STREAMS}`,
  ],
  [
    "errors that are not text",
    misusing_errors((errors) => errors.write!(bytes("oops"))),
    `wsgi.errors.write() must be given a string, got a Uint8Array of 4 bytes ${STREAMS}`,
  ],
  [
    "errors that are no lines",
    misusing_errors((errors) => errors.writelines!("oops\n")),
    `wsgi.errors.writelines() must be given an iterable of strings, got "oops\\n" ${STREAMS}`,
  ],
  [
    "errors that are nothing",
    misusing_errors((errors) => errors.writelines!()),
    `wsgi.errors.writelines() must be given an iterable of strings, got undefined ${STREAMS}`,
  ],
  [
    "errors with a line that is not text",
    misusing_errors((errors) => errors.writelines!(["a\n", 5])),
    `a line for wsgi.errors.writelines() must be a string, got 5 ${STREAMS}`,
  ],
  [
    "errors that are closed",
    misusing_errors((errors) => errors.close!()),
    `wsgi.errors must be left open by the application, got close() ${STREAMS}`,
  ],
  [
    "errors that are cancelled",
    misusing_errors((errors) => errors.cancel!()),
    `wsgi.errors must be left open by the application, got cancel() ${STREAMS}`,
  ],
];

function with_length(length: number, result: unknown): Broken["app"] {
  return returning(result, [...TEXT, ["Content-Length", String(length)]]);
}

function* text_chunks() {
  yield "text";
}

function* long_body() {
  yield bytes("abc");
  yield bytes("def");
}

/** Wrong results, and wrong use of `write`. */
const RESULT_ROWS: Row[] = [
  [
    "a result that is missing",
    { app: returning(undefined) },
    `the application must return an iterable of Uint8Array, got undefined ${DETAILS}`,
  ],
  [
    "a result that is null",
    { app: returning(null) },
    `the application must return an iterable of Uint8Array, got null ${DETAILS}`,
  ],
  [
    "a result that is a string",
    { app: returning("hello") },
    `the application must return an iterable of Uint8Array, got "hello": encode it and return [data] ${DETAILS}`,
  ],
  [
    "a result that is a long string",
    { app: returning(Promise.resolve("x".repeat(1_000_060))) },
    `the application must return an iterable of Uint8Array, got "${
      "x".repeat(60)
    }" and 1000000 more characters: encode it and return [data] ${DETAILS}`,
  ],
  [
    "a result that is a Response",
    { app: returning(new Response("hello")) },
    `the application must return an iterable of Uint8Array, got an object of class Response ${DETAILS}`,
  ],
  [
    "a result that is a generator function",
    { app: returning(text_chunks) },
    `the application must return an iterable of Uint8Array, got a function ${DETAILS}`,
  ],
  [
    "a result that is a bare Uint8Array",
    { app: returning(bytes("hello")) },
    `the application must return an iterable of Uint8Array, got a Uint8Array of 5 bytes alone: return [data] ${DETAILS}`,
  ],
  [
    "a stream that is locked",
    { app: locked_stream },
    `a stream that the application returns must be free to be read, got one that is locked to a reader ${DETAILS}`,
  ],
  [
    "a close that is no function",
    { app: returning(Object.assign([], { close: true })) },
    `the result's close must be a function or left out, got true ${DETAILS}`,
  ],
  [
    "an array of strings",
    { app: returning(["hello"]) },
    `a block of the body must be a Uint8Array, got "hello": encode it with TextEncoder ${DETAILS}`,
  ],
  [
    "an array with a hole",
    { app: returning([, bytes("a")]) },
    `a block of the body must be a Uint8Array, got undefined ${DETAILS}`,
  ],
  [
    "a generator of strings",
    {
      *app(_environ, start_response) {
        start_response("200 OK", TEXT);
        yield* text_chunks();
      },
    },
    `a block of the body must be a Uint8Array, got "text": encode it with TextEncoder ${DETAILS}`,
  ],
  [
    "a stream of ArrayBuffers",
    { app: () => ReadableStream.from([new ArrayBuffer(2)]) },
    `a block of the body must be a Uint8Array, got an object of class ArrayBuffer ${DETAILS}`,
  ],
  [
    "a body before start_response()",
    {
      *app(_environ, start_response) {
        yield bytes("");
        start_response("200 OK", TEXT);
      },
    },
    `start_response() must be called before the first block of the body, got a Uint8Array of 0 bytes first ${DETAILS}`,
  ],
  [
    "an array without start_response()",
    { app: () => [bytes("hello")] },
    `start_response() must be called before the first block of the body, got a Uint8Array of 5 bytes first ${DETAILS}`,
  ],
  [
    "an empty array without start_response()",
    { app: () => [] },
    `start_response() must be called before the body ends, got no call ${DETAILS}`,
  ],
  [
    "a generator without start_response()",
    { async *app() {} },
    `start_response() must be called before the body ends, got no call ${DETAILS}`,
  ],
  [
    "an array that is too long",
    { app: with_length(5, [bytes("abc"), bytes("def")]) },
    `the body must be as long as its Content-Length of 5 bytes, got 6 ${LENGTH}`,
  ],
  [
    "an array that is too short",
    { app: with_length(5, [bytes("abc")]) },
    `the body must be as long as its Content-Length of 5 bytes, got 3 ${LENGTH}`,
  ],
  [
    "a generator that is too long",
    { app: (environ, start) => with_length(5, long_body())!(environ, start) },
    `the body must be as long as its Content-Length of 5 bytes, got 6 ${LENGTH}`,
  ],
  [
    "a stream that is too short",
    {
      app: (environ, start) =>
        with_length(7, stream_of("abc", "def"))!(environ, start),
    },
    `the body must be as long as its Content-Length of 7 bytes, got 6 ${LENGTH}`,
  ],
  [
    "write() and a result that are too long",
    {
      app(_environ, start_response) {
        const write = start_response("200 OK", [
          ...TEXT,
          ["Content-Length", "3"],
        ]);
        write(bytes("ab"));
        return [bytes("cd")];
      },
    },
    `the body must be as long as its Content-Length of 3 bytes, got 4 ${LENGTH}`,
  ],
  [
    "a body for a HEAD",
    { environ: { REQUEST_METHOD: "HEAD" }, app: hello },
    "the response to a HEAD must have no body, got a Uint8Array of 5 bytes (RFC 9110, section 9.3.2)",
  ],
  ...["204 No Content", "304 Not Modified"].map((status): Row => [
    `a body for a ${status}`,
    {
      app(_environ, start_response) {
        start_response(status, []);
        return [bytes(""), bytes("x")];
      },
    },
    `a response with status ${
      status.slice(0, 3)
    } must have no body, got a Uint8Array of 1 byte (RFC 9110, sections 6.4.1 and 15.3.6)`,
  ]),
  [
    "a body for a 205",
    {
      async app(_environ, start_response) {
        await start_response("205 Reset Content", TEXT)(bytes("abc"));
        return [];
      },
    },
    "a response with status 205 must have no body, got a Uint8Array of 3 bytes (RFC 9110, sections 6.4.1 and 15.3.6)",
  ],
  [
    "text for write()",
    {
      app(_environ, start_response) {
        start_response("200 OK", TEXT)("hello" as unknown as Uint8Array);
        return [];
      },
    },
    `write() must be given one Uint8Array, got "hello" ${WRITE}`,
  ],
  [
    "nothing for write()",
    {
      app(_environ, start_response) {
        (start_response("200 OK", TEXT) as CallableFunction)();
        return [];
      },
    },
    `write() must be given one Uint8Array, got nothing ${WRITE}`,
  ],
  [
    "a write() by a generator",
    {
      async *app(_environ, start_response) {
        await start_response("200 OK", TEXT)(bytes("ab"));
        yield bytes("cd");
      },
    },
    `write() must not be called once the application has returned its result, got a Uint8Array of 2 bytes: yield it instead ${WRITE}`,
  ],
];

/** A server that goes wrong with the result of a sound application. */
function mishandling(
  mishandle: (result: Iterable<Uint8Array> & WSGIResult) => unknown,
): Broken {
  return {
    app: hello,
    server: async (app, environ) => {
      const result = app(environ, start_anything);
      await mishandle(result as Iterable<Uint8Array> & WSGIResult);
    },
  };
}

/** A server whose `start_response` gives `write`. */
function giving(write: unknown): Broken {
  return {
    app(_environ, start_response) {
      start_response("200 OK", TEXT)(bytes("x"));
      return [];
    },
    server: async (app, environ) => {
      await app(environ, (() => write) as StartResponse);
    },
  };
}

/** Wrong servers. */
const SERVER_ROWS: Row[] = [
  [
    "a call without start_response",
    {
      server: async (app, environ) => {
        await (app as (environ: WSGIEnvironment) => unknown)(environ);
      },
    },
    'the application must be called with environ and start_response, got 1 argument (PEP 3333, "The Application/Framework Side")',
  ],
  [
    "a start_response that is no function",
    {
      server: async (app, environ) => {
        await app(environ, {} as StartResponse);
      },
    },
    `start_response must be a function, got an object of class Object ${START_RESPONSE}`,
  ],
  [
    "a start_response that gives no write()",
    giving(undefined),
    `the server's start_response() must return write(), a function, got undefined ${WRITE}`,
  ],
  [
    "a write() that gives no promise",
    giving(() => undefined),
    'the server\'s write() must return a promise, got undefined (PEP 3333, "Buffering and Streaming")',
  ],
  [
    "a second iteration",
    mishandling((result) => [...result, ...result]),
    `the server must iterate a result once, got a second iteration ${DETAILS}`,
  ],
  [
    "an iteration after close()",
    mishandling(async (result) => {
      await result.close!();
      return [...result];
    }),
    `the server must not iterate a result after close(), got an iteration ${DETAILS}`,
  ],
  [
    "a block that is taken after close()",
    mishandling(async (result) => {
      const iterator = result[Symbol.iterator]();
      await result.close!();
      iterator.next();
    }),
    `the server must not iterate a result after close(), got a next() ${DETAILS}`,
  ],
  [
    "a second close()",
    mishandling(async (result) => {
      await result.close!();
      await result.close!();
    }),
    `the server must call close() of a result once, got a second call ${DETAILS}`,
  ],
];

const ERROR_ROWS: Row[] = [
  ...OBJECT_ROWS,
  ...ENVIRON_ROWS.map(([what, environ, message]): Row => [
    what,
    { environ },
    message,
  ]),
  ...START_ROWS,
  ...STREAM_ROWS,
  ...RESULT_ROWS,
  ...SERVER_ROWS,
];

/** What is doubtful, and the warning. */
const WARNING_ROWS: Row[] = [
  [
    "an unknown method",
    { environ: { REQUEST_METHOD: "BREW" } },
    'REQUEST_METHOD should be a method that is in common use, got "BREW" (RFC 9110, section 9.1)',
  ],
  [
    "a method in lower case",
    { environ: { REQUEST_METHOD: "get" } },
    'REQUEST_METHOD should be a method that is in common use, got "get" (RFC 9110, section 9.1)',
  ],
  [
    "an environ without a query",
    { environ: { QUERY_STRING: undefined } },
    `QUERY_STRING should be there even when it is empty, got none ${ENVIRON}`,
  ],
  [
    "a status of no class",
    starting("600 Beyond", TEXT),
    'the status should be 599 or below, got "600 Beyond" (RFC 9110, section 15)',
  ],
  [
    "a result that was not closed",
    {
      app: hello,
      environ: { SCRIPT_NAME: "/a", PATH_INFO: "/b\n" },
      server: async (app, environ) => {
        for await (const _ of await app(environ, start_anything));
        await good_server(app, environ_with());
      },
    },
    `the server must call close() of every result, got none for that of "GET /a/b\\n", which was over before this request ${DETAILS}`,
  ],
];

/** Has a row's application called by its server, behind the validator. */
async function run_row(
  [, { environ, input, app = hello, server = good_server }]: Row,
  warn: (warning: WSGIWarning) => void,
): Promise<void> {
  const checked = validator(app as WSGIApplication, { warn, close_within: 0 });
  const streams = input && { "wsgi.input": input() };
  await server(checked, environ_with({ ...environ, ...streams }));
}

function fail_on_warning(warning: WSGIWarning): never {
  throw new Error(`unexpected warning: ${warning.message}`);
}

for (const row of ERROR_ROWS) {
  Deno.test(`validator() refuses ${row[0]}`, async () => {
    const error = await assertRejects(() => run_row(row, fail_on_warning));
    assertInstanceOf(error, WSGIError, `${error}`);
    assertEquals(error.message, row[2]);
  });
}

for (const row of WARNING_ROWS) {
  Deno.test(`validator() warns of ${row[0]}`, async () => {
    const warnings: WSGIWarning[] = [];
    await run_row(row, (warning) => warnings.push(warning));
    assertEquals(warnings.map(({ message }) => message), [row[2]]);
    assertInstanceOf(warnings[0], WSGIWarning);
  });
}

/** The rule at whose check `error` was made. */
function rule_of(error: Error, all: Rule[]): Rule | undefined {
  const [, file, line] = error.stack!.match(
    /at (?:breach|caution) .*\n.*?([^/]*\.ts):(\d+):\d+/,
  )!;
  return all.findLast((rule) =>
    rule.file.endsWith(file!) && rule.line <= Number(line)
  );
}

Deno.test("every rule of SPEC.md is broken by a row of these tables", async () => {
  const all = await rules();
  const broken = new Set<Rule | undefined>();
  for (const row of [...ERROR_ROWS, ...WARNING_ROWS]) {
    await run_row(row, (warning) => broken.add(rule_of(warning, all)))
      .catch((error) => broken.add(rule_of(error, all)));
  }
  assertEquals(all.filter((rule) => !broken.has(rule)), []);
});

Deno.test("SPEC.md is what the comments at the checks say", async () => {
  const text = await Deno.readTextFile(new URL("SPEC.md", root));
  assertEquals(text, await spec(), "run deno task spec");
});

Deno.test("spec() reads every module of the validator that has a check", async () => {
  const names = Array.from(
    Deno.readDirSync(new URL("_internal/validate", root)),
    ({ name }) => `_internal/validate/${name}`,
  );
  const with_rules = [];
  for (const name of ["validate.ts", ...names]) {
    const source = await Deno.readTextFile(new URL(name, root));
    if (/throw breach\(|warn\(/.test(source)) with_rules.push(name);
  }
  assertEquals(with_rules.sort(), [...FILES].sort());
});

Deno.test("the section at a check is the one in its message", async () => {
  for (const file of FILES) {
    const source = await Deno.readTextFile(new URL(file, root));
    const lines = source.split("\n");
    const here = (await rules()).filter((rule) => rule.file === file);
    for (const [index, rule] of here.entries()) {
      const check = lines.slice(rule.line - 1, here[index + 1]?.line);
      const sections = check.join("\n").matchAll(/PEP\.(\w+)|"(RFC [^"]*)"/g);
      const named = Array.from(
        sections,
        ([, key, rfc]) => rfc ?? PEP[key as keyof typeof PEP],
      );
      assertEquals(new Set(named), new Set([rule.section]), rule.sentence);
    }
  }
});

/** A sound application with the request that it is made for. */
interface Sound {
  app: WSGIApplication;
  method?: string;
  body?: string;
  /** The status, 200 unless given. */
  status?: number;
  /** The body of the response, `"abcdef"` unless given. */
  answer?: string;
}

const TEXT_6: HeaderList = [...TEXT, ["Content-Length", "6"]];

/** An application that answers with what `make` gives. */
function answering(
  make: (environ: WSGIEnvironment) => WSGIResult,
  headers: HeaderList = TEXT,
): WSGIApplication {
  return (environ, start_response) => {
    start_response("200 OK", headers);
    return make(environ);
  };
}

/** Sound applications of every kind. */
const SOUND: Record<string, Sound> = {
  "an array of one": { app: answering(() => [bytes("abcdef")]) },
  "an array of several": {
    app: answering(() => [bytes("ab"), bytes(""), bytes("cdef")], TEXT_6),
  },
  "an empty array": { app: answering(() => []), answer: "" },
  "an array that is always the same": {
    app: answering(((result) => () => result)([bytes("abc"), bytes("def")])),
  },
  "a promise of an array": {
    app: async (_environ, start_response) => {
      await Promise.resolve();
      start_response("200 OK", TEXT);
      return [bytes("abcdef")];
    },
  },
  "a generator": {
    *app(_environ, start_response) {
      start_response("200 OK", TEXT);
      yield bytes("");
      yield bytes("ab");
      yield bytes("cdef");
    },
  },
  "an async generator": {
    async *app(_environ, start_response) {
      start_response("200 OK", TEXT_6);
      yield bytes("ab");
      await Promise.resolve();
      yield bytes("cdef");
    },
  },
  "a Set": { app: answering(() => new Set([bytes("abc"), bytes("def")])) },
  "a ReadableStream": { app: answering(() => stream_of("abc", "d", "ef")) },
  "an iterable with close()": {
    app: answering(() => Object.assign(stream_of("abcdef"), { close() {} })),
  },
  "write()": {
    async app(_environ, start_response) {
      const write = start_response("200 OK", TEXT_6);
      await write(bytes("ab"));
      await write(bytes("cd"));
      return [bytes("ef")];
    },
  },
  "a file": {
    app: answering((environ) =>
      environ["wsgi.file_wrapper"]!(stream_of("abc", "def"), 4)
    ),
  },
  "a second start_response with exc_info": {
    app(_environ, start_response) {
      start_response("200 OK", TEXT);
      start_response("500 Oops", TEXT, new Error("oops"));
      return [bytes("abcdef")];
    },
    status: 500,
  },
  "a HEAD": { app: answering(() => [], TEXT_6), method: "HEAD", answer: "" },
  "a HEAD with a generator": {
    *app(_environ, start_response) {
      start_response("200 OK", TEXT);
      yield* [];
    },
    method: "HEAD",
    answer: "",
  },
  ...Object.fromEntries(
    ["204 No Content", "304 Not Modified"].map((status) => [status, {
      app: (_environ: WSGIEnvironment, start_response: StartResponse) => {
        start_response(status, [["ETag", '"a"']]);
        return [];
      },
      status: Number(status.slice(0, 3)),
      answer: "",
    }]),
  ),
  "a POST that is echoed": {
    app: answering((environ) => environ["wsgi.input"]),
    method: "POST",
    body: "abcdef",
  },
  "a POST that is read as text": {
    async app(environ, start_response) {
      const body = await toText(environ["wsgi.input"]);
      start_response("200 OK", TEXT);
      return [bytes(body)];
    },
    method: "POST",
    body: "abcdef",
  },
  "a POST that is read as JSON": {
    async app(environ, start_response) {
      const value = await new Response(environ["wsgi.input"]).json();
      start_response("200 OK", TEXT);
      return [bytes(value.text)];
    },
    method: "POST",
    body: '{"text":"abcdef"}',
  },
  "a POST that is read in lines": {
    async *app(environ, start_response) {
      start_response("200 OK", TEXT);
      const lines = environ["wsgi.input"]
        .pipeThrough(new TextDecoderStream() as TextDecoding)
        .pipeThrough(new TextLineStream());
      for await (const line of lines) yield bytes(line);
    },
    method: "POST",
    body: "ab\r\ncd\nef",
  },
  "a POST that is not wanted": {
    async app(environ, start_response) {
      await environ["wsgi.input"].cancel("enough");
      start_response("200 OK", TEXT);
      return [bytes("abcdef")];
    },
    method: "POST",
    body: "ghi",
  },
};

/** Deno's types have it for `BufferSource` only. */
type TextDecoding = ReadableWritablePair<string, Uint8Array>;

/** The environ of the request of a sound application. */
function request_of({ method = "GET", body = "" }: Sound): Variables {
  return { REQUEST_METHOD: method, CONTENT_LENGTH: String(body.length) };
}

for (const [what, sound] of Object.entries(SOUND)) {
  const { app, method = "GET", body = "", status = 200, answer = "abcdef" } =
    sound;

  Deno.test(`validator() passes ${what} through a SimpleHandler, block for block`, async () => {
    const options = {
      environ: request_of(sound),
      body,
      handler_class: SimpleHandler,
      adapt: (handler: SimpleHandler) => {
        handler.origin_server = false; // No Date, which changes from run to run.
      },
    };
    const plain = await run_app(app, options);
    const checked = await run_app(
      validator(app, { warn: fail_on_warning, close_within: 0 }),
      options,
    );
    assertEquals(checked.errors, "");
    assertEquals(checked.chunks, plain.chunks);
    assert(checked.output.startsWith(`Status: ${status} `), checked.output);
    assert(checked.output.endsWith(`\r\n\r\n${answer}`), checked.output);
  });

  Deno.test(`validator() passes ${what} through make_server()`, async () => {
    await using server = serve(validator(app));
    const response = await fetch(server.url, { method, body: body || null });
    assertEquals(response.status, status);
    assertEquals(await response.text(), answer);
    await until(() => server.log.text.includes("\n"));
    assertEquals(
      server.log.text,
      `"${method} / HTTP/1.1" ${status} ${answer.length}\n`,
    );
  });
}

Deno.test("validator() passes demo_app through make_server() without a warning", async () => {
  await using server = serve(validator(demo_app));
  for (const path of ["/", "/x%20y?a=b", "/%E2%82%AC"]) {
    const response = await fetch(server.url + path);
    assertEquals(response.status, 200);
    await response.text();
  }
  await until(() => server.log.text.split("\n").length > 3);
  assertEquals(/WSGI(Warning|Error)/.test(server.log.text), false);
});

Deno.test("validator() passes an asterisk for OPTIONS", async () => {
  const environ = { REQUEST_METHOD: "OPTIONS", PATH_INFO: "*" };
  await run_row(["", { environ }, ""], fail_on_warning);
});

Deno.test("validator() passes an environ without a prototype", async () => {
  const environ = Object.assign(Object.create(null), environ_with());
  await good_server(validator(hello as WSGIApplication), environ);
});

Deno.test("validator() allows a GET whose body the server dropped", async () => {
  const environ = { CONTENT_LENGTH: "5" };
  await run_row(["", { environ, app: reader }, ""], fail_on_warning);
});

Deno.test("validator() refuses what is no function", () => {
  assertThrows(
    () => validator("app" as unknown as WSGIApplication),
    TypeError,
    'the application must be a function, got "app"',
  );
});

/** Calls a sound application behind the validator. */
function call(
  app: WSGIApplication,
  environ: WSGIEnvironment = environ_with(),
  start_response: StartResponse = start_anything,
): WSGIResult | Promise<WSGIResult> {
  return validator(app, { warn: fail_on_warning })(environ, start_response);
}

Deno.test("validator() takes a block when the server does, synchronously from a generator", async () => {
  let made = 0;
  const result = call(function* (_environ, start_response) {
    start_response("200 OK", TEXT);
    for (const text of ["ab", "cd"]) {
      made++;
      yield bytes(text);
    }
  }) as Iterable<Uint8Array> & WSGIResult;
  const iterator = result[Symbol.iterator]();
  assertEquals(made, 0);
  assertEquals(iterator.next(), { done: false, value: bytes("ab") });
  assertEquals(made, 1);
  assertEquals(iterator.next(), { done: false, value: bytes("cd") });
  assertEquals(made, 2);
  assertEquals(iterator.next().done, true);
  await result.close!();
});

Deno.test("validator() takes a block when the server does, from a stream", async () => {
  let pulled = 0;
  const block = bytes("ab");
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      pulled++;
      controller.enqueue(block);
    },
  }, { highWaterMark: 0 });
  const result = await call(answering(() => stream)) as
    & AsyncIterable<Uint8Array>
    & WSGIResult;
  const iterator = result[Symbol.asyncIterator]();
  assertEquals(pulled, 0);
  assertStrictEquals((await iterator.next()).value, block);
  assertEquals(pulled, 1);
  await result.close!();
});

Deno.test("validator() reads a block of the input when the application does", async () => {
  let pulled = 0;
  const input = new ReadableStream<Uint8Array>({
    pull(controller) {
      pulled++;
      controller.enqueue(bytes("ab"));
    },
  }, { highWaterMark: 0 });
  const environ = environ_with({ "wsgi.input": input });
  const result = await call(
    async (environ, start_response) => {
      const reader = environ["wsgi.input"].getReader();
      assertEquals(pulled, 0);
      await reader.read();
      await Promise.resolve();
      assertEquals(pulled, 1);
      start_response("200 OK", TEXT);
      return [];
    },
    environ,
  );
  await Array.fromAsync(result);
  assertEquals(input.locked, true);
  await result.close!();
  assertEquals(input.locked, false, "the server can drain what is left");
});

Deno.test("validator() lets a read end that is under way when the response is finished", async () => {
  const { readable, writable } = new TransformStream<Uint8Array>();
  let read: Promise<unknown>;
  const environ = environ_with({ "wsgi.input": readable });
  const app: WSGIApplication = (environ, start_response) => {
    read = environ["wsgi.input"].getReader().read();
    start_response("200 OK", TEXT);
    return [];
  };
  await good_server(validator(app), environ);
  const block = bytes("late");
  writable.getWriter().write(block);
  assertEquals(await read!, { done: false, value: block });
  assertEquals(readable.locked, false);
});

Deno.test("validator() hands the error of an input on as it is", async () => {
  const failure = new Deno.errors.UnexpectedEof("cut");
  const input = new ReadableStream({
    pull() {
      throw failure;
    },
  });
  const environ = environ_with({ "wsgi.input": input });
  const error = await assertRejects(async () => await call(reader, environ));
  assertStrictEquals(error, failure);
});

Deno.test("validator() cancels the server's input when the application cancels its own", async () => {
  let reason: unknown;
  const input = new ReadableStream({
    cancel(why) {
      reason = why;
    },
  });
  await call(
    SOUND["a POST that is not wanted"]!.app,
    environ_with({
      "wsgi.input": input,
    }),
  );
  assertEquals(reason, "enough");
});

Deno.test("validator() has write() settle when the server's does", async () => {
  const taken = Promise.withResolvers<void>();
  let went_on = false;
  const answered = call(
    async (_environ, start_response) => {
      await start_response("200 OK", TEXT)(bytes("ab"));
      went_on = true;
      return [];
    },
    environ_with(),
    () => () => taken.promise,
  );
  await new Promise((resolve) => setTimeout(resolve, 1));
  assertEquals(went_on, false);
  taken.resolve();
  await answered;
  assertEquals(went_on, true);
});

Deno.test("validator() keeps a generator waiting while the client takes nothing", async () => {
  let made = 0;
  const stdout = new WritableStream<Uint8Array>({
    write: () => new Promise(() => {}),
  });
  const handler = new SimpleHandler(
    stream_of(),
    stdout,
    new Log(),
    environ_with(),
  );
  handler.run(validator(async function* (_environ, start_response) {
    start_response("200 OK", TEXT);
    while (true) {
      made++;
      yield bytes("ab");
    }
  }));
  await new Promise((resolve) => setTimeout(resolve, 5));
  assertEquals(made, 1);
});

Deno.test("validator() keeps an array of one, so that the handler sets Content-Length", async () => {
  const { output } = await run_app(validator(answering(() => [bytes("abc")])));
  assert(output.includes("\r\nContent-Length: 3\r\n"), output);
});

Deno.test("validator() gives an array that is one in every way", async () => {
  const result = await call(answering(() => [bytes("ab"), bytes("c")]));
  assert(Array.isArray(result));
  assertEquals(result.map((block: Uint8Array) => block.length), [2, 1]);
  assertEquals(result.slice(1), [bytes("c")]);
  assertEquals(result[1], bytes("c"));
});

Deno.test("validator() does not warn of a close() that nobody waited for", async () => {
  const app = validator(hello as WSGIApplication, {
    warn: fail_on_warning,
    close_within: 0,
  });
  for (let request = 0; request < 2; request++) {
    const result = app(environ_with(), start_anything);
    for (const _ of result as Iterable<Uint8Array>);
    (result as WSGIResult).close!();
  }
  await Promise.resolve();
});

Deno.test("validator() leaves an array of the application as it was", async () => {
  const array = [bytes("abc")];
  const result = await call(answering(() => array));
  assert(result !== array);
  assertEquals(Reflect.ownKeys(array), ["0", "length"]);
});

Deno.test("validator() keeps a file, so that the handler can send it its own way", async () => {
  let sent: unknown;
  let closed = 0;
  const file = {
    read: () => Promise.resolve(null),
    close: () => void closed++,
  };
  const { errors } = await run_app(
    validator(answering((environ) => environ["wsgi.file_wrapper"]!(file))),
    {
      adapt(handler) {
        handler.sendfile = () => {
          sent = (handler.result as FileWrapper).filelike;
          handler.send_headers();
          return true;
        };
      },
    },
  );
  assertStrictEquals(sent, file);
  assertEquals(closed, 1);
  assertEquals(errors, "");
});

Deno.test("validator() checks a file that is sent block by block", async () => {
  const { errors } = await run_app(
    validator(answering(
      (environ) => environ["wsgi.file_wrapper"]!(stream_of("abcdefg")),
      TEXT_6,
    )),
  );
  assert(
    errors.startsWith(
      `WSGIError: the body must be as long as its Content-Length of 6 bytes, got 7 ${LENGTH}\n`,
    ),
    errors,
  );
});

Deno.test("validator() has an error in an array found before the headers go out", async () => {
  const { output } = await run_app(
    validator(answering(() => [bytes("ab"), bytes("c")], TEXT_6)),
  );
  assert(output.startsWith("Status: 500 "), output);
});

/** How a body comes to its end: the client takes all, the application fails, the client leaves. */
const ENDS: Record<string, (app: WSGIApplication) => Promise<void>> = {
  async "the end"(app) {
    await run_app(app);
  },
  async "an error before the headers"(app) {
    await run_app(app, { environ: { fail_at: "0" } });
  },
  async "an error after the headers"(app) {
    await run_app(app, { environ: { fail_at: "2" } });
  },
  async "a client that leaves"(app) {
    let writes = 0;
    await run_app(app, {
      adapt(handler) {
        handler._flush = async () => {
          if (++writes > 1) throw new Deno.errors.BrokenPipe("gone");
        };
      },
    });
  },
};

/** Blocks, and an error in the place of the one that the environ names. */
function* blocks(environ: WSGIEnvironment): Generator<Uint8Array> {
  for (let index = 0; index < 4; index++) {
    if (environ.fail_at === String(index)) throw new Error("on purpose");
    yield bytes("ab");
  }
}

/** Results that count how often they are let go of. */
const CLOSING: Record<
  string,
  (environ: WSGIEnvironment, count: () => void) => WSGIResult
> = {
  "close() of an iterable": (environ, close) => ({
    [Symbol.iterator]: () => blocks(environ),
    close,
  }),
  "close() of an array": (environ, close) => {
    const last = environ.fail_at ? "no bytes" : bytes("cd");
    return Object.assign([bytes("ab"), last] as Uint8Array[], { close });
  },
  "close() of a file": (environ, close) => {
    const source = blocks(environ);
    return environ["wsgi.file_wrapper"]!({
      read: async (p) => {
        const { done, value } = source.next();
        if (!done) p.set(value);
        return done ? null : value.length;
      },
      close,
    });
  },
  "the finally of a generator": function* (environ, count) {
    try {
      yield* blocks(environ);
    } finally {
      count();
    }
  },
  "the finally of an async generator": async function* (environ, count) {
    try {
      yield* blocks(environ);
    } finally {
      count();
    }
  },
};

for (const [end, drive] of Object.entries(ENDS)) {
  for (const [what, make] of Object.entries(CLOSING)) {
    Deno.test(`validator() has ${what} called once at ${end}`, async () => {
      let closed = 0;
      await drive(validator(
        answering((environ) => make(environ, () => closed++)),
        { warn: fail_on_warning },
      ));
      assertEquals(closed, 1);
    });
  }
}

Deno.test("validator() has a stream cancelled when its client leaves while a block is awaited", async () => {
  let cancelled = 0;
  const stream = () =>
    new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(bytes("ab")),
      pull: () => new Promise(() => {}),
      cancel: () => void cancelled++,
    });
  await using server = serve(validator(answering(stream)));
  const response = await fetch(server.url);
  await response.body!.cancel();
  await until(() => cancelled > 0);
  assertEquals(cancelled, 1);
});

Deno.test("validator() stops a result that its server closes without having taken anything", async () => {
  let cancelled = 0;
  const result = await call(
    answering(() => new ReadableStream({ cancel: () => void cancelled++ })),
  );
  await result.close!();
  assertEquals(cancelled, 1);
});

Deno.test("validator() has the application's own error come out as it is", async () => {
  const failure = new RangeError("mine");
  for (
    const app of [
      () => {
        throw failure;
      },
      () => Promise.reject(failure),
      // deno-lint-ignore require-yield
      function* () {
        throw failure;
      },
    ] as WSGIApplication[]
  ) {
    const error = await assertRejects(() =>
      good_server(validator(app), environ_with())
    );
    assertStrictEquals(error, failure);
  }
});

Deno.test("validator() hands on what start_response throws", async () => {
  const failure = new Error("too late");
  const error = await assertRejects(async () => {
    await call(hello as WSGIApplication, environ_with(), () => {
      throw failure;
    });
  });
  assertStrictEquals(error, failure);
});

Deno.test("validator() has a breach logged once, and answered by the error page", async () => {
  await using server = serve(
    validator(starting("200", TEXT).app as WSGIApplication),
  );
  const response = await fetch(server.url);
  assertEquals(response.status, 500);
  assertEquals(
    await response.text(),
    "A server error occurred.  Please contact the administrator.",
  );
  await until(() => server.log.text.endsWith("500 59\n"));
  assertEquals(
    server.log.text.match(/WSGIError: the status must be/g)?.length,
    1,
  );
});

Deno.test("validator() writes warnings to wsgi.errors unless it has a hook", async () => {
  const log = new Log();
  const environ = environ_with({ QUERY_STRING: undefined, "wsgi.errors": log });
  await good_server(validator(hello as WSGIApplication), environ);
  assertEquals(
    log.text,
    `WSGIWarning: QUERY_STRING should be there even when it is empty, got none ${ENVIRON}\n`,
  );
});

Deno.test("validator() lets what its hook throws come out of the call", async () => {
  const environ = environ_with({ REQUEST_METHOD: "BREW" });
  const app = validator(hello as WSGIApplication, {
    warn(warning) {
      throw warning;
    },
  });
  await assertRejects(() => good_server(app, environ), WSGIWarning, '"BREW"');
});

Deno.test("validator() gives a server time to close before it warns", async () => {
  const app = validator(hello as WSGIApplication, { warn: fail_on_warning });
  const result = await app(environ_with(), start_anything);
  await Array.fromAsync(result);
  await good_server(app, environ_with());
  await result.close!();
});

Deno.test("validator() does not warn of a result that is still being read", async () => {
  const app = validator(SOUND["a generator"]!.app, {
    warn: fail_on_warning,
    close_within: 0,
  });
  const result = await app(environ_with(), start_anything) as
    & Iterable<Uint8Array>
    & WSGIResult;
  result[Symbol.iterator]().next();
  await good_server(app, environ_with());
  await result.close!();
});

/** Results that are over before their end, and how a server takes of them. */
const OVER: Record<
  string,
  { app: Broken["app"]; take(iterator: Iterator<Uint8Array>): unknown }
> = {
  "has failed": {
    app: returning(blocks({ ...environ_with(), fail_at: "0" })),
    take: (iterator) => assertThrows(() => iterator.next(), Error, "purpose"),
  },
  "breaks a rule": {
    app: returning(new Set(["text"])),
    take: (iterator) => assertThrows(() => iterator.next(), WSGIError),
  },
  "was left by its server": {
    app: returning(long_body()),
    take: (iterator) => iterator.return!(),
  },
  "has reached its Content-Length": {
    app: returning(long_body(), [...TEXT, ["Content-Length", "3"]]),
    take: (iterator) => iterator.next(),
  },
};

for (const [when, { app, take }] of Object.entries(OVER)) {
  Deno.test(`validator() warns, once, of a result that ${when} and was not closed`, async () => {
    const warnings: string[] = [];
    const checked = validator(app as WSGIApplication, {
      warn: ({ message }) => warnings.push(message),
      close_within: 0,
    });
    const result = await checked(environ_with(), start_anything);
    take((result as Iterable<Uint8Array>)[Symbol.iterator]());
    await checked(environ_with(), start_anything);
    await checked(environ_with(), start_anything);
    assertEquals(warnings, [
      `the server must call close() of every result, got none for that of "GET /", which was over before this request ${DETAILS}`,
    ]);
  });
}

Deno.test("validator() lets wsgi.errors be written to, and shows its text", async () => {
  const environ = environ_with();
  await good_server(
    validator(
      misusing_errors((errors) => {
        errors.write!("a\n");
        errors.writelines!(new Set(["b\n", "c\n"]));
        errors.flush!();
      }).app as WSGIApplication,
    ),
    environ,
  );
  assertEquals(String(environ["wsgi.errors"]), "a\nb\nc\n");
});
