/** How a test is made for each of SCGI, FastCGI and uwsgi. */

import { type Protocol, protocols } from "../gateway_clients.ts";

/** A test of each protocol. */
export function test_each(
  name: string,
  fn: (protocol: Protocol) => Promise<void>,
  which = protocols,
): void {
  for (const protocol of which) {
    Deno.test(`${protocol.name}: ${name}`, () => fn(protocol));
  }
}

/** A test of each protocol, over TCP and over a Unix socket. */
export function test_each_transport(
  name: string,
  fn: (protocol: Protocol, unix: boolean) => Promise<void>,
): void {
  for (const protocol of protocols) {
    for (const unix of [false, true]) {
      const transport = unix ? "a Unix socket" : "TCP";
      Deno.test(
        `${protocol.name} over ${transport}: ${name}`,
        () => fn(protocol, unix),
      );
    }
  }
}
