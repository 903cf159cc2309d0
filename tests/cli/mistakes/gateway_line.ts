/** The command behind a web server that speaks something else. */

import { start } from "../../support/command.ts";
import { bytes, read_all, until, write_all } from "../../support/support.ts";

/** Sends `data` to the command, and gives the line that it logs. */
export async function gateway_line(
  protocol: string,
  data: string,
): Promise<string> {
  await using command = await start(["--protocol", protocol]);
  const { printed, port } = command;
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  await write_all(conn, bytes(data));
  await read_all(conn);
  await until(() => printed.stderr.endsWith("\n"));
  return printed.stderr;
}
