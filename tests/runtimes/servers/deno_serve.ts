/** The applications of the tables as a module for `deno serve`. */

import { to_fetch } from "../../../gateways/fetch.ts";
import { dispatcher } from "../../conformance/apps/dispatcher.ts";

export default { fetch: to_fetch(dispatcher) };
