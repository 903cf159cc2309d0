/** A fetch handler that notes how each of its requests ends. */

import type { FetchHandler } from "../../../../gateways/fetch.ts";
import { bytes } from "../../../support/bytes.ts";

/** Notes that something happened in the request with that key. */
export type Note = (key: string, what: string) => void;

/** What a response is made of. */
interface Context {
  request: Request;
  /** Notes that the request has ended, in one of several ways. */
  end(how: string): void;
}

type Respond = (context: Context) => Response | Promise<Response>;

/** Something to wait for, without which a CGI script would end; it never comes. */
function hold(): () => void {
  const timer = setInterval(() => {}, 1_000_000);
  return () => clearInterval(timer);
}

/** What a body is made of. */
interface Blocks {
  /** Blocks that are not available at once. */
  blocks: string[];
  /** What happens after the last of them. */
  then: "ends" | "fails" | "waits";
}

/** A body that counts how often it is cancelled. */
function body_of(
  { end }: Context,
  { blocks, then }: Blocks,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let release = () => {};
  return new ReadableStream({
    async pull(controller) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      const block = blocks.shift();
      if (block !== undefined) return controller.enqueue(bytes(block));
      if (then === "ends") return controller.close();
      if (then === "fails") throw new Error("the well is dry");
      release = hold();
      await new Promise(() => {});
    },
    cancel() {
      release();
      end("cancelled");
    },
  }, { highWaterMark: 0 });
}

/** A body without end, whose next block is always available. */
function endless_body({ end }: Context): ReadableStream<Uint8Array> {
  return new ReadableStream({
    pull: (controller) => controller.enqueue(bytes("begun".repeat(1000))),
    cancel: () => end("cancelled"),
  }, { highWaterMark: 0 });
}

/** Rejects when the signal is aborted, as `fetch(url, { signal })` does. */
function until_aborted({ signal }: Request): Promise<never> {
  const release = hold();
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => {
      release();
      reject(signal.reason);
    });
  });
}

const stalled: Respond = (context) =>
  new Response(body_of(context, { blocks: ["begun"], then: "waits" }));

/** The responses, by the names that the path has for them. */
const responses = {
  text: () => new Response("hello"),
  stream: (context) =>
    new Response(body_of(context, { blocks: ["hel", "lo"], then: "ends" })),
  stalled,
  silent: (context) =>
    new Response(body_of(context, { blocks: [], then: "waits" })),
  async aborted({ request }) {
    const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
      pull: () => until_aborted(request),
    });
    await null;
    return new Response(body);
  },
  async stalled_after_reading(context) {
    await context.request.text();
    return stalled(context);
  },
  endless: (context) => new Response(endless_body(context)),
  waiting: ({ request }) => until_aborted(request),
  async waiting_after_reading({ request }) {
    await request.text();
    return await until_aborted(request);
  },
  failing: (context) =>
    new Response(body_of(context, { blocks: ["begun"], then: "fails" })),
  measured: (context) =>
    new Response(body_of(context, { blocks: ["hello"], then: "waits" }), {
      headers: { "Content-Length": "5" },
    }),
  echo: ({ request }) => new Response(request.body),
  async reading({ request, end }) {
    try {
      return new Response(await request.text());
    } catch (error) {
      end("cut short");
      throw error;
    }
  },
  no_content: () => new Response(null, { status: 204 }),
  not_modified: () => new Response(null, { status: 304 }),
} satisfies Record<string, Respond>;

/** The name of a response. */
export type ResponseName = keyof typeof responses;

/**
 * Answers `/NAME/KEY` with the response of that name. With `?watched`, the handler asks for `request.signal` and
 * `info.completed`. In each request some work goes on after the end.
 */
export function ending(note: Note): FetchHandler {
  return (request, info, context) => {
    const { pathname, search } = new URL(request.url);
    const [, name, key] = pathname.split("/") as [string, ResponseName, string];
    const ended = Promise.withResolvers<void>();
    const end = (how: string) => {
      note(key, how);
      ended.resolve();
    };
    context.waitUntil(work(ended.promise).then(() => note(key, "worked")));
    if (search === "?watched") {
      request.signal.addEventListener("abort", () => end("aborted"));
      info.completed.then(() => end("completed"), () => end("failed"));
    } else if (!CANCELLED.has(name)) ended.resolve();
    note(key, "begun");
    const respond: Respond = responses[name];
    return respond({ request, end });
  };
}

/** The responses whose body is cancelled. */
const CANCELLED = new Set<ResponseName>([
  "stalled",
  "silent",
  "endless",
  "measured",
]);

/** Work that takes a moment after the end of a request. */
async function work(ended: Promise<void>): Promise<void> {
  await ended;
  await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Notes that are kept in memory. */
export class Notes {
  #notes = new Map<string, string[]>();

  readonly note: Note = (key, what) => {
    this.#notes.set(key, [...this.#notes.get(key) ?? [], what]);
  };

  /** What happened in the request with that key, in alphabetical order. */
  of(key: string): string[] {
    return [...this.#notes.get(key) ?? []].sort();
  }
}
