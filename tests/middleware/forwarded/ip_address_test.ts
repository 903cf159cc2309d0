/** IP addresses and ranges, by their value. */

import { assert, assertEquals } from "@std/assert";
import { isIP } from "node:net";
import {
  contains,
  is_ip,
  read_ip,
  read_range,
} from "../../../middleware/ip_address.ts";
import { int, pick, random } from "../../support/random.ts";

Deno.test("read_ip() reads every spelling of an address as the same value, and is_ip() takes it", () => {
  const spellings = [
    ["0.0.0.0", "::ffff:0.0.0.0", "::ffff:0:0"],
    ["127.0.0.1", "::ffff:127.0.0.1", "::FFFF:7F00:1"],
    ["255.255.255.255", "0:0:0:0:0:ffff:ffff:ffff"],
    ["::", "0::", "::0", "0:0:0:0:0:0:0:0", "0:0::0.0.0.0"],
    ["::1", "0:0:0:0:0:0:0:1", "0000::0001", "::0.0.0.1", "::1%lo"],
    ["2001:db8::a", "2001:DB8:0:0::A", "2001:0db8::000a", "2001:db8::a%25x-1"],
    ["1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"],
    ["::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"],
    ["fe80::1", "fe80::1%eth0", "fe80::1%1"],
  ];
  const values = spellings.map((texts) => {
    const [first, ...others] = texts.map(read_ip);
    assert(first !== null);
    for (const other of others) assertEquals(other, first, texts.join(" "));
    assertEquals(texts.filter((text) => !is_ip(text)), []);
    return String(first);
  });
  assertEquals(new Set(values).size, values.length);
});

Deno.test("read_ip() gives null for what is no address, and is_ip() false", () => {
  const wrong = [
    ..." 1 1.2.3 1.2.3.4.5 1.2.3.256 01.2.3.4 1.2.3.04 0x1.2.3.4 1.2.3.-4"
      .split(" "),
    ...["1.2.3.4 ", " 1.2.3.4", "1.2.3.4\n", "1.2.3.4%eth0", "1.2..4"],
    ...[":", ":::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "::12345"],
    ...["1:2:3:4:5:6:7:8::", "1:2:3:4::5:6:7:8", ":1:2:3:4:5:6:7:8", "1:"],
    ...["::g", "::1%", "::1%a b", "%eth0", "[::1]", "::1.2.3", "1.2.3.4::"],
    ...["::1.2.3.4:5", "1:2:3:4:5:6:7:1.2.3.4", "::1/128", "localhost", "*"],
    ...[`::1%${"a".repeat(62)}`, `${"0".repeat(1e6)}::`],
  ];
  for (const text of wrong) assertEquals(read_ip(text), null, text);
  assertEquals(wrong.filter(is_ip), []);
});

/** An IPv6 address, or nearly one. */
function near_ipv6(next: () => number): string {
  const group = () => pick(next, ["0", "0000", "1", "FfFf", "a0"]);
  const left = Array.from({ length: int(next, 0, 8) }, group);
  const right = Array.from({ length: int(next, 0, 8 - left.length) }, group);
  if (right.length > 1 && next() < 0.3) right.splice(-2, 2, "1.2.3.4");
  const text = left.length === 8
    ? left.join(":")
    : `${left.join(":")}::${right.join(":")}`;
  if (next() < 0.7) return text;
  const place = int(next, 0, text.length);
  const piece = pick(next, [
    "",
    ":",
    "::",
    "0",
    "12345",
    "g",
    ".",
    ".5",
    "256",
  ]);
  return text.slice(0, place) + piece + text.slice(place + int(next, 0, 2));
}

Deno.test("read_ip() and is_ip() take the IPv6 addresses that Node takes, and read_ip() tells those apart that a URL does", () => {
  const next = random(1);
  const by_value = new Map<string, string>();
  let refused = 0;
  for (let i = 0; i < 5000; i++) {
    const text = near_ipv6(next);
    if (!text.includes(":")) continue;
    const ip = read_ip(text);
    const canonical = URL.parse(`http://[${text}]/`)?.hostname ?? null;
    assertEquals(ip === null, canonical === null, text);
    assertEquals(ip !== null, isIP(text) === 6, text);
    assertEquals(ip !== null, is_ip(text), text);
    if (ip === null) refused++;
    else {
      const same = by_value.get(String(ip)) ?? canonical!;
      assertEquals(same, canonical, text);
      by_value.set(String(ip), same);
    }
  }
  assert(by_value.size > 500);
  assert(refused > 300);
});

/** The bits of an address, as text. */
function bits_of(text: string): string {
  return read_ip(text)!.toString(2).padStart(128, "0");
}

Deno.test("contains() is true when the first bits are the same", () => {
  const next = random(2);
  const hex = () => int(next, 0, 0xffff).toString(16);
  for (let i = 0; i < 5000; i++) {
    const length = int(next, 0, 128);
    const groups = Array.from({ length: 8 }, hex);
    const first = bits_of(groups.join(":")).slice(0, length).padEnd(128, "0");
    const text = first.match(/.{16}/g)!
      .map((group) => parseInt(group, 2).toString(16)).join(":");
    const range = read_range(`${text}/${length}`)!;
    const place = int(next, 0, 127);
    const other = first.slice(0, place) +
      (first[place] === "0" ? "1" : "0") + first.slice(place + 1);
    const ip = BigInt(`0b${other}`);
    assert(contains(range, read_ip(text)!), `${text}/${length}`);
    assertEquals(
      contains(range, ip),
      place >= length,
      `${text}/${length} ${place}`,
    );
  }
});
