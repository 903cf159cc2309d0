/** Addresses that servers listen at. */

import { check_function, describe } from "../text/check.ts";

/**
 * The address that a server listens at: a host and a port, or the path of a Unix socket.
 *
 * @category Servers
 */
export type ServerAddress = [host: string, port: number] | string;

/**
 * Checks that an address can be one.
 *
 * @throws {TypeError} If it is neither a host and a port nor a path.
 */
export function check_address(address: ServerAddress): void {
  if (typeof address === "string") {
    if (!/^[^/]*:\d+$/.test(address)) return;
    throw new TypeError(
      `an address is [host, port], or the path of a Unix socket, got "${address}"`,
    );
  }
  if (!Array.isArray(address)) {
    throw new TypeError(
      `an address is [host, port], or the path of a Unix socket, got ${
        describe(address)
      }`,
    );
  }
  const [host, port] = address as unknown[];
  if (typeof host !== "string") {
    throw new TypeError(`the host must be a string, got ${describe(host)}`);
  }
  if (typeof port !== "number") {
    throw new TypeError(`the port must be a number, got ${describe(port)}`);
  }
  if (Number.isInteger(port) && port >= 0 && port <= 65535) return;
  throw new RangeError(
    `the port must be a whole number from 0 to 65535, got ${port}`,
  );
}

/**
 * Checks what a server is made of, before it listens.
 *
 * @throws {TypeError} If the address cannot be one, or the application is not a function.
 */
export function check_server(address: ServerAddress, app: unknown): void {
  check_address(address);
  check_function(app, "the application");
}

/** The host in Deno's form; `""` means every address of the machine. */
export function hostname_of(host: string): string {
  return host === "" ? "0.0.0.0" : host.replace(/^\[|\]$/g, "");
}
