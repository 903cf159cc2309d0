/** A short soak; see soak.ts for the long one. */

import { assertEquals } from "@std/assert";
import { soak } from "./soak.ts";
import { python_test } from "./support.ts";

python_test(
  "2,000 interleaved requests are not mixed up",
  async () => {
    const { requests, memory } = await soak(2000);
    assertEquals(requests, 2000);
    assertEquals(memory.length, 5);
  },
);
