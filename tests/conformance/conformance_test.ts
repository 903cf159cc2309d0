/** The conformance table through the doors of this package that need no other server. */

import { deno_serve_door, make_server_door } from "./doors/http.ts";
import { simple_handler_door, to_fetch_door } from "./doors/memory.ts";
import { DENO_SERVE } from "./limits.ts";
import { type Limit, run_conformance } from "./run.ts";
import { broken_without_length } from "./table.ts";

const SIMPLE_HANDLER: Limit[] = [
  {
    reason:
      "whoever makes the handler makes its environ: here the test does, from request headers that fetch joins",
    rows: [
      "PATH_INFO has one slash where the target begins with several",
      "a Cookie that is repeated",
      "a header with an underscore is left out",
      "the header Proxy is left out",
    ],
  },
  {
    reason:
      "HTTP/1.0 ends a body without a Content-Length by closing the connection, which nothing in memory has",
    rows: broken_without_length,
    expected: { broken: false },
  },
  {
    reason:
      "a handler over streams sees that its client has left when it writes",
    rows: ["a client that leaves has a stream cancelled, though it waits"],
  },
];

const FETCH_IN_MEMORY: Limit[] = [
  {
    reason: "the URL of a Request that a program made is normalised",
    rows: ["PATH_INFO of dot segments", "PATH_INFO of encoded dot segments"],
  },
  {
    reason:
      "the headers of a Request that a program made join a Cookie by a comma",
    rows: ["a Cookie that is repeated"],
  },
];

run_conformance("SimpleHandler in memory", simple_handler_door, SIMPLE_HANDLER);
run_conformance("make_server", make_server_door, DENO_SERVE);
run_conformance("to_fetch in memory", to_fetch_door, FETCH_IN_MEMORY);
run_conformance("to_fetch under Deno.serve", deno_serve_door, DENO_SERVE);
