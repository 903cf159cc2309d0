/** The conformance table as a Worker, on workerd. */

import { run_conformance } from "../conformance/run.ts";
import { installed, share_door } from "../fronts/fronts.ts";
import { WORKERD as limits } from "./limits.ts";
import { WORKERD, workerd_door } from "./runtimes.ts";

if (installed(WORKERD)) {
  run_conformance("workerd", share_door(workerd_door), limits);
}
