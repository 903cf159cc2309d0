/** A short soak; the long one is run by hand, as soak.ts says. */

import { assertEquals } from "@std/assert";
import { soak } from "./soak.ts";
import { python_test } from "./support.ts";

python_test(
  "2,000 interleaved requests: none is mixed up with another",
  async () => {
    const { requests, memory } = await soak(2000);
    assertEquals(requests, 2000);
    assertEquals(memory.length, 5);
  },
);
