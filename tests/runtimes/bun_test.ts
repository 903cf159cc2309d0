/** The conformance table on Bun: `to_fetch` by `Bun.serve`. */

import { run_conformance } from "../conformance/run.ts";
import { installed, share_door } from "../fronts/fronts.ts";
import { BUN as limits } from "./limits.ts";
import { BUN, bun_door } from "./runtimes.ts";

if (installed(BUN)) run_conformance("Bun", share_door(bun_door), limits);
