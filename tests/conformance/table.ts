/**
 * One table of requests and answers that every door of this package must pass: a behaviour that was wrong once
 * is a row here, and no test of a single door.
 *
 * A row is added to the file of its subject in `rows/`; what its application does, if `answer` cannot be told to, stands
 * in `apps/`. `run_conformance` makes tests of the rows.
 */

import type { Row } from "./row.ts";
import { block_rows } from "./rows/blocks.ts";
import { length_rows } from "./rows/content_length.ts";
import { environ_rows } from "./rows/environ.ts";
import { error_rows } from "./rows/errors.ts";
import { fetch_rows } from "./rows/fetch.ts";
import { head_rows } from "./rows/head.ts";
import { host_rows } from "./rows/hosts.ts";
import { input_rows } from "./rows/input.ts";
import { network_rows } from "./rows/network.ts";
import { no_body_rows } from "./rows/no_body.ts";
import { path_rows } from "./rows/paths.ts";
import { request_header_rows } from "./rows/request_headers.ts";
import { result_rows } from "./rows/results.ts";
import { uri_rows } from "./rows/uris.ts";
import { write_rows } from "./rows/write.ts";
import { wrong_head_rows } from "./rows/wrong_head.ts";

/** The table. */
export const rows: Row[] = [
  ...path_rows,
  ...request_header_rows,
  ...environ_rows,
  ...host_rows,
  ...uri_rows,
  ...input_rows,
  ...result_rows,
  ...block_rows,
  ...write_rows,
  ...head_rows,
  ...wrong_head_rows,
  ...no_body_rows,
  ...error_rows,
  ...network_rows,
  ...length_rows,
  ...fetch_rows,
];

/** The rows whose response fails on its way, and has no `Content-Length` that would show it. */
export const broken_without_length: string[] = rows
  .filter(({ expected: { broken, headers }, request }) =>
    broken && !request.leaves &&
    !headers.some(([name]) => name === "content-length")
  )
  .map(({ name }) => name);
