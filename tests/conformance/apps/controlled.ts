/**
 * The applications that show what a door can carry, beside those of the conformance table.
 *
 * They speak with whoever asked for them over a connection to the port that `X-Control` names, so that they can say what
 * becomes of them, and be told when to go on, in whatever process they run.
 */

import type { WSGIApplication, WSGIEnvironment } from "../../../types.ts";
import { bytes } from "../../support/bytes.ts";

const LARGE_BLOCK = new Uint8Array(100_000);

function connect_control(environ: WSGIEnvironment): Promise<Deno.Conn> {
  const port = Number(environ.HTTP_X_CONTROL);
  return Deno.connect({ hostname: "127.0.0.1", port });
}

/** The order to fail. */
export const FAIL = "x";

/** A block of one byte, and a large one whenever it is told to, or a failure; it says when it is closed. */
const controlled: WSGIApplication = async (environ, start_response) => {
  const control = await connect_control(environ);
  const order = new Uint8Array(1);
  start_response("200 OK", [["Content-Type", "text/plain"]]);
  return {
    async *[Symbol.asyncIterator]() {
      yield bytes("a");
      while (await control.read(order) !== null) {
        if (order[0] === FAIL.charCodeAt(0)) throw new Error("on purpose");
        yield LARGE_BLOCK;
      }
    },
    async close() {
      await control.write(bytes("closed"));
      control.close();
    },
  };
};

/** Says what comes in as it comes, and whether that ends as it should. */
const controlled_input: WSGIApplication = async (environ, start_response) => {
  const control = await connect_control(environ);
  try {
    for await (const chunk of environ["wsgi.input"]) await control.write(chunk);
    await control.write(bytes("ended"));
  } catch {
    await control.write(bytes("failed"));
  } finally {
    control.close();
  }
  start_response("200 OK", [["Content-Type", "text/plain"]]);
  return [];
};

/** Those applications by their names. */
export const controlled_applications: Record<string, WSGIApplication> = {
  controlled,
  controlled_input,
};
