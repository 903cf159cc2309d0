/** `--debug`: whether errors are shown to clients. */

import { format_address } from "../settings/address.ts";
import type { debug_handler } from "./debug_page.ts";
import type { Settings } from "../settings/settings.ts";
import { UsageError } from "../settings/usage_error.ts";

type DebugHandler = typeof debug_handler;

/**
 * The function that makes handlers show errors; null if they should not.
 *
 * @throws {UsageError} If they would be shown to other machines.
 */
export async function debugging(
  { debug, debug_anywhere, bind, protocol }: Settings,
): Promise<DebugHandler | null> {
  if (!debug && !debug_anywhere) return null;
  // Loaded on demand.
  const page = await import("./debug_page.ts");
  if (debug_anywhere) return page.debug_handler;
  if (protocol !== "cgi" && page.is_loopback(bind)) {
    return page.local_debug_handler;
  }
  const where = protocol === "cgi"
    ? "--protocol cgi"
    : `--bind ${format_address(bind)}`;
  throw new UsageError(
    `--debug is for loopback addresses only, got ${where}: use --debug-anywhere to show errors to everyone`,
  );
}
