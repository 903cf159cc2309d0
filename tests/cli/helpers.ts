/** What the tests of the command share: an application, a request, and what is refused. */

import { assertEquals } from "@std/assert";
import { type Circumstances, run } from "../support/command.ts";

/** The source of an application that answers with `body`. */
export function answer(body: string): string {
  return `(_environ, start_response) => {
  start_response("200 OK", []);
  return [new TextEncoder().encode(${JSON.stringify(body)})];
}`;
}

export async function get(url: string): Promise<string> {
  return await (await fetch(url)).text();
}

/** Runs the command with each of the arguments, which must be refused with that line. */
export async function assert_refused(
  expected: [args: string[], message: string][],
  circumstances: Circumstances = {},
): Promise<void> {
  for (const [args, message] of expected) {
    assertEquals(
      await run(args, circumstances),
      { code: 2, stdout: "", stderr: `error: ${message}\n` },
      args.join(" "),
    );
  }
}
