/** The conformance table through SCGI, FastCGI and uwsgi, without a web server between. */

import { fastcgi, scgi, uwsgi } from "../gateways/gateway_clients.ts";
import { gateway_door } from "./doors/gateway.ts";
import { type Limit, run_conformance } from "./run.ts";
import { broken_without_length } from "./table.ts";

/** What depends on the web server alone. */
const ENVIRON: Limit[] = [
  {
    reason: "a web server makes the variables: here the test does",
    rows: [
      "PATH_INFO has one slash where the target begins with several",
      "a header with an underscore is left out",
    ],
  },
];

/** What a protocol cannot say that ends a response with the connection. */
const END_OF_CONNECTION: Limit[] = [
  ...ENVIRON,
  {
    reason:
      "the end of a response without Content-Length is that of the connection, whatever has ended it",
    rows: broken_without_length,
    expected: { broken: false },
  },
];

const SCGI: Limit[] = [
  ...END_OF_CONNECTION,
  {
    reason: "SCGI ends a value by a NUL",
    rows: ["PATH_INFO of an encoded NUL"],
  },
];

run_conformance("SCGI", () => gateway_door(scgi, false), SCGI);
run_conformance("FastCGI", () => gateway_door(fastcgi, true), ENVIRON);
run_conformance("uwsgi", () => gateway_door(uwsgi, false), END_OF_CONNECTION);
