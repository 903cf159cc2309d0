/** The applications of the conformance table as a Worker. */

import { to_fetch } from "../../../gateways/fetch.ts";
import { dispatcher } from "../../conformance/apps/dispatcher.ts";

const handler = to_fetch(dispatcher);

export default { fetch: (request: Request) => handler(request) };
