/** `is_hop_by_hop()`, which knows the headers of a single connection. */

import { assert, assertFalse } from "@std/assert";
import { is_hop_by_hop } from "../../util.ts";

for (
  const name of [
    "Connection",
    "Keep-Alive",
    "Proxy-Authenticate",
    "Proxy-Authorization",
    "TE",
    "Trailers",
    "Transfer-Encoding",
    "Upgrade",
  ]
) {
  Deno.test(`is_hop_by_hop() is true when the header is ${name}, in any case`, () => {
    const lower = name.toLowerCase();
    const mixed = [...lower].map((char, i) => i % 2 ? char.toUpperCase() : char)
      .join("");
    for (const spelling of [name, lower, name.toUpperCase(), mixed]) {
      assert(is_hop_by_hop(spelling), spelling);
    }
  });
}

Deno.test("is_hop_by_hop() is false when the header is any other", () => {
  const others = ["Accept", "Cache-Control", "Date", "Pragma", "Via"];
  const near = ["", "Trailer", "T", "Connection ", "Keep_Alive", "constructor"];
  for (const name of [...others, ...near]) {
    for (const spelling of [name, name.toLowerCase(), name.toUpperCase()]) {
      assertFalse(is_hop_by_hop(spelling), spelling);
    }
  }
});
