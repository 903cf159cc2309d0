/** Addresses that servers listen at. */

/**
 * The address that a server listens at: a host and a port, or the path of a Unix socket.
 *
 * @category Servers
 */
export type ServerAddress = [host: string, port: number] | string;

/** The host in Deno's form; `""` means every address of the machine. */
export function hostname_of(host: string): string {
  return host === "" ? "0.0.0.0" : host.replace(/^\[|\]$/g, "");
}
