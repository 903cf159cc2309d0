/** Who is trusted, and what becomes of the headers of anybody else. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { read_ip } from "../../../middleware/ip_address.ts";
import { trust_forwarded } from "../../../middleware/mod.ts";
import { read_trusted } from "../../../middleware/trusted.ts";
import {
  behind,
  changes_of,
  environ_of,
  FORGED,
  REQUEST,
  type Variables,
} from "./forwarding.ts";
import { LISTS_WITH_NO_PROXY } from "../option_values.ts";

/** Of the addresses, those that are trusted. */
function trusted_of(
  text: string,
  addresses: (string | undefined)[],
): (string | undefined)[] {
  const trusted = read_trusted(text);
  // The second answer is the one that was remembered.
  for (const address of addresses) trusted.is_trusted(address);
  return addresses.filter((address) => trusted.is_trusted(address));
}

const PEERS = [
  ...["", undefined, "127.0.0.1", "::ffff:127.0.0.1", "::1", "0:0:0:0:0:0:0:1"],
  ...["10.0.0.0", "10.255.255.255", "::ffff:10.1.2.3", "11.0.0.0", "9.9.9.9"],
  ...["2001:db8::1", "2001:DB8:ffff::1", "2001:db9::", "fe80::1%eth0"],
  ...["unix", "*", "localhost", "127.0.0.1:80", "[::1]", "127.0.0.1 "],
];

Deno.test("read_trusted() trusts addresses and ranges by their value", () => {
  const expected: [text: string, trusted: (string | undefined)[]][] = [
    ["", []],
    [" ", []],
    ["127.0.0.1", ["127.0.0.1", "::ffff:127.0.0.1"]],
    ["::ffff:7f00:1", ["127.0.0.1", "::ffff:127.0.0.1"]],
    ["::1", ["::1", "0:0:0:0:0:0:0:1"]],
    ["0::1/128", ["::1", "0:0:0:0:0:0:0:1"]],
    ["10.0.0.0/8", ["10.0.0.0", "10.255.255.255", "::ffff:10.1.2.3"]],
    ["::ffff:a00:0/104", ["10.0.0.0", "10.255.255.255", "::ffff:10.1.2.3"]],
    ["10.0.0.0/32", ["10.0.0.0"]],
    ["2001:db8::/32", ["2001:db8::1", "2001:DB8:ffff::1"]],
    ["fe80::/10", ["fe80::1%eth0"]],
    ["unix", [""]],
    [" 10.0.0.0 ,\tunix, ::1 ", ["", "::1", "0:0:0:0:0:0:0:1", "10.0.0.0"]],
  ];
  for (const [text, trusted] of expected) {
    assertEquals(trusted_of(text, PEERS), trusted, text);
  }
});

Deno.test("read_trusted() keeps IPv4 and IPv6 apart, and * trusts everybody", () => {
  const is_ipv6 = (peer: string | undefined) =>
    peer && read_ip(peer) !== null && /:/.test(peer) && !/^::ffff/.test(peer);
  const is_ipv4 = (peer: string | undefined) =>
    peer && read_ip(peer) !== null && !is_ipv6(peer);
  assertEquals(trusted_of("0.0.0.0/0", PEERS), PEERS.filter(is_ipv4));
  assertEquals(trusted_of("::/0", PEERS), PEERS.filter(is_ipv6));
  assertEquals(trusted_of("::1,*", PEERS), PEERS);
});

Deno.test("read_trusted() throws a TypeError for anything else", () => {
  for (const [text, entry] of LISTS_WITH_NO_PROXY) {
    assertThrows(
      () => read_trusted(text),
      TypeError,
      "trusted takes IP addresses, ranges such as 10.0.0.0/8 (from their first address), " +
        `unix and *, with commas between them, got "${entry}"`,
    );
  }
});

Deno.test("is_trusted() remembers no more than so many peers, and answers all", () => {
  const trusted = read_trusted("10.0.0.0/16");
  for (let i = 0; i < 3000; i++) {
    const rest = `${i >> 8}.${i & 255}`;
    assert(trusted.is_trusted(`10.0.${rest}`));
    assert(!trusted.is_trusted(`10.1.${rest}`));
  }
});

Deno.test("trust_forwarded() removes what an untrusted peer forwards, and believes nothing of it", () => {
  const untrusted: [address: string | null, trusted: string][] = [
    ["127.0.0.1", ""],
    ["127.0.0.1", "127.0.0.2, ::1, unix"],
    ["127.0.0.1", "::/0"],
    ["198.51.100.1", "127.0.0.1"],
    ["::1", "127.0.0.1"],
    ["", "0.0.0.0/0, ::/0"],
    ["nobody", "0.0.0.0/0, ::/0, unix"],
  ];
  for (const [address, trusted] of untrusted) {
    const environ = { ...REQUEST, REMOTE_ADDR: address! };
    assertEquals(
      environ_of({ ...FORGED, REMOTE_ADDR: address! }, trusted),
      environ,
    );
  }
});

Deno.test("trust_forwarded() trusts no peer without an address, unless it trusts everybody", () => {
  const { REMOTE_ADDR: _, ...request } = REQUEST;
  const seen = (trusted: string) =>
    behind(
      (app) => trust_forwarded(app, { trusted }),
      { ...request, HTTP_X_FORWARDED_FOR: "203.0.113.9" },
    ).REMOTE_ADDR;
  assertEquals(seen("0.0.0.0/0, ::/0, unix"), undefined);
  assertEquals(seen("*"), "203.0.113.9");
});

Deno.test("trust_forwarded() leaves a request alone that no proxy says anything of", () => {
  const others: Variables = {
    HTTP_X_REQUEST_ID: "1",
    HTTP_X_FORWARD: "a",
    HTTP_FORWARDED_X: "b",
    HTTP_VIA: "1.1 c",
    HTTPS: "on",
    "wsgi.url_scheme": "https",
  };
  for (const trusted of ["", "127.0.0.1", "*"]) {
    assertEquals(changes_of({}, trusted), {});
    assertEquals(changes_of(others, trusted), {});
  }
});
