/** Applications behind a limit of time, and what the client and the log get. */

import { from_fetch } from "../../gateways/fetch.ts";
import { limit_time } from "../../middleware/mod.ts";
import type { WSGIApplication } from "../../types.ts";
import { bytes, run_app } from "../support/support.ts";

export const PLAIN: [string, string][] = [["Content-Type", "text/plain"]];

/** Long enough for every application that answers, short enough to be waited for. */
export const LIMIT = 0.05;

export const PAGE =
  "Content-Type: text/plain\r\nContent-Length: 19\r\n\r\nService Unavailable";
export const UNAVAILABLE = `Status: 503 Service Unavailable\r\n${PAGE}`;
export const HELLO =
  "Status: 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello";
export const STREAMED =
  "Status: 200 OK\r\nContent-Type: text/plain\r\n\r\nhello";

export const TARGET = {
  REQUEST_METHOD: "GET",
  REQUEST_URI: "/slow?x=1",
  SERVER_PROTOCOL: "HTTP/1.1",
};
export const GIVEN_UP =
  '"GET /slow?x=1 HTTP/1.1" was not answered within 0.05 s: 503';

/** Waits longer than an application may. */
export function sleep(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
}

/** What a request through the limit left behind. */
export async function run(app: WSGIApplication, seconds = LIMIT) {
  const messages: string[] = [];
  const limited = limit_time(
    app,
    { timeout: seconds, log: (message) => void messages.push(message) },
  );
  const { output, errors } = await run_app(limited, { environ: TARGET });
  return { output, errors, messages };
}

/** What an application does that does not answer in time. */
export const slow: Record<string, (late: Promise<void>) => WSGIApplication> = {
  "an async function": (late) => async (_environ, start_response) => {
    await late;
    start_response("200 OK", PLAIN);
    return [bytes("hello")];
  },
  "an async function that has called start_response()":
    (late) => async (_environ, start_response) => {
      start_response("200 OK", PLAIN);
      await late;
      return [bytes("hello")];
    },
  "an async generator": (late) =>
    async function* (_environ, start_response) {
      await late;
      start_response("200 OK", PLAIN);
      yield bytes("hello");
    },
  "an async generator that has called start_response()": (late) =>
    async function* (_environ, start_response) {
      start_response("200 OK", PLAIN);
      await late;
      yield bytes("hello");
    },
  "an async function that returns a generator":
    (late) => async (_environ, start_response) => {
      await sleep(0);
      return (async function* () {
        await late;
        start_response("200 OK", PLAIN);
        yield bytes("hello");
      })();
    },
  "a stream that calls start_response()":
    (late) => (_environ, start_response) =>
      new ReadableStream({
        async pull(controller) {
          await late;
          start_response("200 OK", PLAIN);
          controller.enqueue(bytes("hello"));
        },
      }, { highWaterMark: 0 }),
  "a fetch handler": (late) =>
    from_fetch(async () => {
      await late;
      return new Response("hello");
    }),
  "a fetch handler that looks at its signal": () =>
    from_fetch(({ signal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason));
      })
    ),
};
