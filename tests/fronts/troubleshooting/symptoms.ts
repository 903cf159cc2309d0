/** What the tests of docs/troubleshooting.md share: a symptom is provoked behind a real web server, then its remedy is tried. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { serve, type ServeOptions } from "../../../cli/mod.ts";
import type { WSGIApplication } from "../../../types.ts";
import { encode_text } from "../../../util.ts";
import { read } from "../../support/project.ts";
import { type Front, make_folder, remove_folder } from "../fronts.ts";

/** The page, each of its paragraphs in one line. */
const page = read("docs/troubleshooting.md").replace(/\n(?=[^\n])/g, " ")
  .replace(/ +/g, " ");

/** A message that the page explains. */
export function explained(message: string): string {
  assertStringIncludes(page, message);
  return message;
}

/** An application and a web server, one of which may be wrong. */
export interface Setup {
  /** Starts the web server in front of a socket. */
  start(socket: string): Promise<Front>;
  /** What the application is served with; null where it does not run. */
  options: Omit<ServeOptions, "bind" | "access_logfile"> | null;
  app?: WSGIApplication;
  /** The request. */
  path?: string;
  init?: () => RequestInit;
}

export const hello: WSGIApplication = (_environ, start_response) => {
  start_response("200 OK", [["Content-Type", "text/plain"]]);
  return [encode_text("hello")];
};

/** What is seen of a setup. */
export interface Seen {
  status: number;
  body: string;
  /** What web server and application have logged, the socket called as in the page. */
  log: string;
}

/** Asks once. */
export async function ask(setup: Setup): Promise<Seen> {
  const { app = hello, options, path = "/", init = () => ({}) } = setup;
  const folder = await make_folder();
  await using stack = new AsyncDisposableStack();
  stack.defer(() => remove_folder(folder));
  const socket = join(folder, "app.sock");
  const error_logfile = join(folder, "error.log");
  if (options) {
    const logs = { access_logfile: "none", error_logfile };
    const server = await serve(app, {
      ...options,
      ...logs,
      bind: `unix:${socket}`,
    });
    stack.defer(() => server.shutdown());
  }
  const front = stack.use(await setup.start(socket));
  const url = `http://127.0.0.1:${front.port}${path}`;
  const response = await fetch(url, init());
  const body = await response.text();
  const own_log = options ? await Deno.readTextFile(error_logfile) : "";
  const log = (front.error_log() + front.stderr() + own_log)
    .replaceAll(socket, "/run/tsgi/app.sock");
  return { status: response.status, body, log };
}

/** Makes a test of an entry of the page: its symptom, and its remedy. */
export function test_entry(
  name: string,
  { status, message, wrong, right }: {
    status: number;
    /** What is in a log then; one of several. */
    message: string | string[] | null;
    wrong: Setup;
    /** With the remedy it is a 200. */
    right: Setup;
  },
): void {
  Deno.test(`docs/troubleshooting.md explains ${name}`, async () => {
    const seen = await ask(wrong);
    assertEquals(seen.status, status, seen.log);
    const messages = [message ?? ""].flat();
    const found = messages.map(explained).some((it) => seen.log.includes(it));
    assert(found, `no ${messages.join(" or ")} in ${seen.log}`);
    const mended = await ask(right);
    assertEquals(mended.status, 200, mended.log);
  });
}
