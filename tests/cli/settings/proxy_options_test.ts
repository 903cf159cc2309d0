/** The options that middleware reads: what they take, and what the command says of anything else. */

import { assertEquals, assertThrows } from "@std/assert";
import { OPTIONS } from "../../../cli/settings/options.ts";
import { UsageError } from "../../../cli/settings/usage_error.ts";
import {
  LISTS_WITH_NO_PROXY,
  MOUNT_PATHS,
  NO_MOUNT_PATHS,
} from "../../middleware/option_values.ts";

Deno.test("--forwarded-allow-ips takes a list, and is told as a mistake of the command line otherwise", () => {
  const { parse } = OPTIONS.forwarded_allow_ips;
  for (const text of ["", " ", "*", " 10.0.0.0/8 ,\tunix, ::1 "]) {
    assertEquals(parse(text, "--forwarded-allow-ips"), text);
  }
  for (const [text, entry] of LISTS_WITH_NO_PROXY) {
    assertThrows(
      () => parse(text, "--forwarded-allow-ips"),
      UsageError,
      "--forwarded-allow-ips takes IP addresses, ranges such as 10.0.0.0/8 (from their first address), " +
        `unix and *, with commas between them, got "${entry}"`,
    );
  }
});

Deno.test("--root-path takes a path, and is told as a mistake of the command line otherwise", () => {
  const { parse } = OPTIONS.root_path;
  for (const text of MOUNT_PATHS) {
    assertEquals(parse(text, "--root-path"), text);
  }
  for (const text of NO_MOUNT_PATHS) {
    assertThrows(
      () => parse(text, "--root-path"),
      UsageError,
      "--root-path takes a path such as /prefix, with a leading slash, no trailing slash, " +
        `and no character that a URL encodes, got "${text}"`,
    );
  }
});
