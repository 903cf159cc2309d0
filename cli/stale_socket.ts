/** What a server that was killed has left. */

/**
 * Removes a socket at which nobody listens.
 *
 * @throws {Error} If what is there is no socket.
 */
export async function remove_stale_socket(path: string): Promise<void> {
  try {
    if (!Deno.lstatSync(path).isSocket) {
      throw new Error("what is there is no socket");
    }
    (await Deno.connect({ transport: "unix", path })).close();
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) Deno.removeSync(path);
    else if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
