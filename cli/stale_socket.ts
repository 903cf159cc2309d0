/** Removes the socket file of a server that was killed. */

import { SocketFile } from "../_internal/server/socket_file.ts";

/**
 * Removes a socket that nobody listens at.
 *
 * @throws {Error} If the file there is not a socket.
 */
export async function remove_stale_socket(path: string): Promise<void> {
  const file = new SocketFile(path);
  try {
    if (!Deno.lstatSync(path).isSocket) {
      throw new Error("the file there is not a socket");
    }
    (await Deno.connect({ transport: "unix", path })).close();
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) file.remove();
    else if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
