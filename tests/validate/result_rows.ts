/** The rows about the body: the result of the application, and `write`. */

import { bytes, stream_of } from "../support/support.ts";
import { TEXT } from "./exchange.ts";
import {
  type Broken,
  DETAILS,
  LENGTH,
  locked_stream,
  long_body,
  returning,
  type Row,
  WRITE,
} from "./rows.ts";

function with_length(length: number, result: unknown): Broken["app"] {
  return returning(result, [...TEXT, ["Content-Length", String(length)]]);
}

function* text_chunks() {
  yield "text";
}

/** Wrong results, and wrong use of `write`. */
export const RESULT_ROWS: Row[] = [
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
    `a stream that the application returns must not be locked, got a locked one ${DETAILS}`,
  ],
  [
    "a close that is no function",
    { app: returning(Object.assign([], { close: true })) },
    `the result's close must be a function if it is present, got true ${DETAILS}`,
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
