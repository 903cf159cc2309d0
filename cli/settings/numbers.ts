/** Sizes, durations and numbers, as options are given them. */

import { LONGEST } from "../../middleware/deadlines.ts";
import { UsageError } from "./usage_error.ts";

const UNITS: Record<string, number> = {
  "": 1,
  k: 1024,
  m: 1024 ** 2,
  g: 1024 ** 3,
};

/**
 * Reads a number of bytes: `1048576`, or with a unit, of which each is 1024 times the one before: `64k`, `10m`, `1g`;
 * `64K`, `64kb` and `64KiB` are the same.
 *
 * @param option How the option is called that has this value: `--limit-request-body`.
 * @throws {UsageError} If it is none, or more than a number can hold.
 */
export function parse_size(text: string, option: string): number {
  const [, digits, unit] = text.match(/^(\d+)(?:([kmg])(?:i?b)?)?$/i) ?? [];
  const size = Number(digits) * UNITS[(unit ?? "").toLowerCase()]!;
  if (Number.isSafeInteger(size)) return size;
  throw new UsageError(
    `${option} takes a number of bytes, such as 1048576, 64k, 10m or 1g, got "${text}"`,
  );
}

/**
 * Reads a number of seconds: `30`, `0.5`.
 *
 * @param option How the option is called that has this value.
 * @throws {UsageError} If it is none, or more than a timer can wait.
 */
export function parse_seconds(text: string, option: string): number {
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN;
  if (seconds <= LONGEST) return seconds;
  throw new UsageError(
    `${option} takes a number of seconds, such as 30 or 0.5, at most ${LONGEST}, got "${text}"`,
  );
}

/**
 * Reads a number of things.
 *
 * @param option How the option is called that has this value.
 * @param limits The least number that it takes, 0 unless said otherwise.
 * @throws {UsageError} If it is none, or less than that.
 */
export function parse_count(
  text: string,
  option: string,
  { least = 0 }: { least?: number } = {},
): number {
  const count = /^\d+$/.test(text) ? Number(text) : NaN;
  if (count >= least && Number.isSafeInteger(count)) return count;
  throw new UsageError(
    `${option} takes a whole number, ${least} or more, got "${text}"`,
  );
}
