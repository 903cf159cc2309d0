/** What was said of the settings, before it is read. */

import { describe } from "../../_internal/text/check.ts";
import { is_option, OPTIONS } from "./options.ts";
import { suggested_setting } from "./other_options.ts";
import { did_you_mean } from "./suggestion.ts";
import { UsageError } from "./usage_error.ts";

/** Settings by their names, as texts; a switch is `yes` or `no`. */
export type Said = Record<string, string>;

/**
 * Adds what a file or a program says of a setting; undefined says nothing.
 *
 * @param where Who says it, for the message.
 * @throws {UsageError} If there is no such setting, or not of such a value.
 */
export function add_setting(
  said: Said,
  name: string,
  value: unknown,
  where: string,
): void {
  const option = is_option(name) ? OPTIONS[name] : undefined;
  if (!option && name !== "application") {
    throw new UsageError(
      `in ${where}: unknown setting ${name}${
        did_you_mean(suggested_setting(name)) || ", see --help"
      }`,
    );
  }
  if (value === undefined) return;
  const is_switch = option !== undefined && !option.value;
  if (is_switch && typeof value === "boolean") {
    said[name] = value ? "yes" : "no";
  } else if (!is_switch && is_text(value)) said[name] = String(value);
  else throw wrong_type(where, name, is_switch, value);
}

function is_text(value: unknown): boolean {
  return typeof value === "string" || typeof value === "number";
}

function wrong_type(
  where: string,
  name: string,
  is_switch: boolean,
  value: unknown,
): UsageError {
  const expected = is_switch ? "true or false" : "a string or a number";
  return new UsageError(
    `in ${where}: ${name} takes ${expected}, got ${show(value)}`,
  );
}

/** A value as JSON, if JSON has it. */
export function show(value: unknown): string {
  if (typeof value === "bigint") return `${value}n`;
  try {
    return JSON.stringify(value) ?? describe(value);
  } catch {
    return describe(value); // It contains itself, or something that JSON cannot express.
  }
}
