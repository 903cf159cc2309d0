/** What a row of the conformance table is, and how it is written down. */

import type { HeaderList } from "../../types.ts";
import { type Digest, json } from "./apps/content.ts";
import type { Script } from "./apps/script.ts";
import type { DoorRequest } from "./doors/door.ts";
import { text } from "../support/support.ts";

/** What has to come back. */
export interface Expected {
  /** Code and reason. */
  status: string;
  /** All headers but those of the server and of the connection, names in lower case. */
  headers: HeaderList;
  /** The bytes, one a character, or their digest. */
  body: string | Digest;
  /** Whether the response must be seen to be incomplete; nothing of it need arrive then, and nothing that is wrong may. */
  broken: boolean;
  /** The lines of the error log, stacks left out: what each of them must hold. */
  log: string[];
  /** What the application noted, and how often. */
  facts: Record<string, number>;
}

/** A row of the table. */
export interface Row {
  name: string;
  /** The application's name in `applications`. */
  application: string;
  request: DoorRequest;
  expected: Expected;
  /** The same with a validator around the application, where that makes a difference. */
  validated: Expected;
}

// How rows are written down

/** The header of a response that says nothing of its length. */
export const TYPE: HeaderList = [["content-type", "text/plain"]];

/** A body whose length the headers say. */
export function whole(body: string | Digest): Partial<Expected> {
  return { headers: [...TYPE, ["content-length", String(body.length)]], body };
}

/** A body that is sent in the course of being made. */
export function streamed(body: string | Digest): Partial<Expected> {
  return { headers: TYPE, body };
}

/** The page that stands for an error, and its line in the log. */
export function error_page(log: string): Partial<Expected> {
  return {
    status: "500 Internal Server Error",
    ...whole("A server error occurred.  Please contact the administrator."),
    log: [log],
  };
}

/** A response that fails on its way. */
export function broken(body: string, log: string): Partial<Expected> {
  return { ...streamed(body), broken: true, log: [log] };
}

/** The request of a row; what it leaves out is a GET of `/` without a body. */
export interface RowRequest extends Partial<DoorRequest> {
  /** What `answer` and its like shall do. */
  script?: Script;
}

export function row(
  name: string,
  application: string,
  { script, ...given }: RowRequest,
  expected: Partial<Expected>,
  validated: Partial<Expected> = {},
): Row {
  const request: DoorRequest = {
    method: "GET",
    target: "/",
    headers: [],
    body: null,
    framing: "length",
    cut: null,
    leaves: false,
    secure: false,
    ...given,
  };
  if (script) request.headers.push(["X-Answer", text(json(script))]);
  const complete: Expected = {
    status: "200 OK",
    headers: [],
    body: "",
    broken: false,
    log: [],
    facts: {},
    ...expected,
  };
  return {
    name,
    application,
    request,
    expected: complete,
    validated: { ...complete, ...validated },
  };
}

/** A row of the application `answer`. */
export function answers(
  name: string,
  script: Script,
  expected: Partial<Expected>,
  validated?: Partial<Expected>,
  request: RowRequest = {},
): Row {
  return row(name, "answer", { script, ...request }, expected, validated);
}

/** Variables of the environ, as they are shown. */
export function shown(variables: Record<string, unknown>): Partial<Expected> {
  return whole(text(json(variables)));
}

/** A row that shows variables of the environ. */
export function shows(
  name: string,
  request: RowRequest,
  variables: Record<string, unknown>,
): Row {
  const show: HeaderList = [["X-Show", Object.keys(variables).join(" ")]];
  const headers = [...request.headers ?? [], ...show];
  return row(name, "environ", { ...request, headers }, shown(variables));
}
