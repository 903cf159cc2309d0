/** The conformance table on Node, the one that is installed and a newer one: `to_fetch` by srvx. */

import { run_conformance } from "../conformance/run.ts";
import { installed, share_door } from "../fronts/fronts.ts";
import { NODE as limits } from "./limits.ts";
import { NEWER_NODE, NODE, node_door } from "./runtimes.ts";

if (installed(NODE, NEWER_NODE)) {
  for (const [name, program] of [["Node", NODE], ["newer Node", NEWER_NODE]]) {
    run_conformance(name!, share_door(() => node_door(program!)), limits);
  }
}
