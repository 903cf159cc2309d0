/** Sound applications of every kind, with the requests that they are made for. */

import { TextLineStream, toText } from "@std/streams";
import type {
  StartResponse,
  WSGIApplication,
  WSGIEnvironment,
} from "../../types.ts";
import { bytes, stream_of } from "../support/support.ts";
import { answering, TEXT, TEXT_6 } from "./exchange.ts";

/** A sound application with the request that it is made for. */
export interface Sound {
  app: WSGIApplication;
  method?: string;
  body?: string;
  /** The status, 200 unless given. */
  status?: number;
  /** The body of the response, `"abcdef"` unless given. */
  answer?: string;
}

/** Sound applications of every kind. */
export const SOUND: Record<string, Sound> = {
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
  "a HEAD that is answered as a GET is": {
    app: answering(() => [bytes("ab"), bytes("cdef")], TEXT_6),
    method: "HEAD",
    answer: "",
  },
  "a HEAD that is answered by write()": {
    async app(_environ, start_response) {
      const write = start_response("200 OK", TEXT);
      await write(bytes("ab"));
      return [bytes("cdef")];
    },
    method: "HEAD",
    answer: "",
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
  "a redirect without a Content-Type": {
    app(_environ, start_response) {
      start_response("302 Found", [["Location", "/"]]);
      return [];
    },
    status: 302,
    answer: "",
  },
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
