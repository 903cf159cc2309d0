import { ending } from "./_message.ts";
import { AssertionError } from "./assertion_error.ts";

/** Fails always: for a line that a correct program never reaches. */
export function fail(msg?: string): never {
  throw new AssertionError(`Failed${ending(msg)}`);
}
