/** How the questions are put to a door. */

import { assertEquals } from "@std/assert";
import type { HTTPDoor } from "../doors/door.ts";
import { type Answers, answers, type DoorName } from "./answers.ts";
import { capabilities } from "./questions.ts";

/** Makes a test of each question to a door. */
export function run_capabilities(
  door_name: DoorName,
  open: () => Promise<HTTPDoor>,
): void {
  const expected: Answers = answers[door_name];
  for (const { name, probe } of capabilities) {
    Deno.test(`${door_name}: ${name}`, async () => {
      await using door = await open();
      const answer = await probe({ door, expected: expected[name] });
      assertEquals(answer, expected[name]);
    });
  }
}
