/** Where servers listen. */

/** Where a server listens: a host and a port, or the path of a Unix socket. */
export type ServerAddress = [host: string, port: number] | string;

/** The host as Deno takes it; `""` is every address of the machine. */
export function hostname_of(host: string): string {
  return host === "" ? "0.0.0.0" : host.replace(/^\[|\]$/g, "");
}
