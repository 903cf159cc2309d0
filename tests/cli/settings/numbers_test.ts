/** Sizes, durations and numbers, as options are given them. */

import { assertEquals, assertThrows } from "@std/assert";
import {
  parse_count,
  parse_seconds,
  parse_size,
} from "../../../cli/settings/numbers.ts";
import { UsageError } from "../../../cli/settings/usage_error.ts";

function usage_error(parse: () => unknown): string {
  return assertThrows(parse, UsageError).message;
}

Deno.test("parse_size() reads bytes and units of 1024", () => {
  const sizes: Record<string, number> = {
    "0": 0,
    "1": 1,
    "1048576": 1048576,
    "64k": 65536,
    "64K": 65536,
    "64kb": 65536,
    "64KB": 65536,
    "64KiB": 65536,
    "10m": 10485760,
    "10MB": 10485760,
    "1g": 1073741824,
    "1GiB": 1073741824,
    "0k": 0,
    "007": 7,
    "9007199254740991": 9007199254740991,
  };
  for (const [text, size] of Object.entries(sizes)) {
    assertEquals(parse_size(text, "--limit-request-body"), size, text);
  }
});

Deno.test("parse_size() refuses what is no size", () => {
  const wrong = [
    ...["", "k", "-1", "+1", "1.5m", "1e3", "0x10", "1 k", " 1", "1t", "1b"],
    ...["1ki", "1kk", "9007199254740992", "9g9", "8388608g", "١"],
  ];
  for (const text of wrong) {
    assertEquals(
      usage_error(() => parse_size(text, "--limit-request-body")),
      `--limit-request-body takes a number of bytes, such as 1048576, 64k, 10m or 1g, got "${text}"`,
    );
  }
});

Deno.test("parse_seconds() reads seconds up to what a timer can wait", () => {
  const times: Record<string, number> = {
    "0": 0,
    "30": 30,
    "0.5": 0.5,
    "0.05": 0.05,
    "2147483": 2147483,
  };
  for (const [text, seconds] of Object.entries(times)) {
    assertEquals(parse_seconds(text, "--timeout"), seconds, text);
  }
  for (const text of ["", "-1", ".5", "5.", "30s", "1e3", "inf", "2147484"]) {
    assertEquals(
      usage_error(() => parse_seconds(text, "--timeout")),
      `--timeout takes a number of seconds, such as 30 or 0.5, at most 2147483, got "${text}"`,
    );
  }
});

Deno.test("parse_count() reads a whole number that is not too small", () => {
  assertEquals(parse_count("0", "--workers"), 0);
  assertEquals(parse_count("100", "--workers"), 100);
  assertEquals(parse_count("1", "--workers", { least: 1 }), 1);
  for (const text of ["", "-1", "1.5", "1e3", "many", "9007199254740992"]) {
    assertEquals(
      usage_error(() => parse_count(text, "--workers")),
      `--workers takes a whole number, 0 or more, got "${text}"`,
    );
  }
  assertEquals(
    usage_error(() => parse_count("0", "--workers", { least: 1 })),
    '--workers takes a whole number, 1 or more, got "0"',
  );
});
