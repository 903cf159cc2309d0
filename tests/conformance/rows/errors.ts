/** Rows: errors of an application, wherever they happen, and what is no result. */

import { result_kinds } from "../apps/script.ts";
import {
  APPLICATIONS,
  facts_at_end,
  facts_when_left,
} from "../result_kinds.ts";
import {
  answers,
  broken,
  error_page,
  type Row,
  row,
  streamed,
  TYPE,
  whole,
} from "../row.ts";

const lazy_kinds = result_kinds.filter((kind) =>
  kind !== "array" && kind !== "set"
);

export const error_rows: Row[] = [
  ...["answer", ...APPLICATIONS].map((application) =>
    row(
      `an error before start_response(), the application is ${application}`,
      application,
      { script: { before: "mine" } },
      error_page("Error: mine"),
    )
  ),
  ...["answer", ...APPLICATIONS].map((application) =>
    row(
      `an error after start_response(), the application is ${application}`,
      application,
      {
        script: {
          status: "201 Created",
          headers: [...TYPE, ["Set-Cookie", "a=1"]],
          after: "mine",
        },
      },
      error_page("Error: mine"),
    )
  ),
  ...lazy_kinds.map((kind) =>
    answers(`an error in the first block of kind ${kind}`, {
      kind,
      blocks: [{ error: "mine" }],
    }, { ...error_page("Error: mine"), facts: facts_at_end(kind) })
  ),
  ...lazy_kinds.map((kind) =>
    answers(`an error in a later block of kind ${kind}`, {
      kind,
      blocks: ["a", "b", { error: "mine" }, "c"],
    }, { ...broken("ab", "Error: mine"), facts: facts_at_end(kind) })
  ),
  row(
    "wsgi.file_wrapper with what reads neither bytes nor the end",
    "no_file",
    {},
    error_page(
      "TypeError: a file's read() must give null or a number from 0 to 65536, got undefined",
    ),
  ),
  ...["generator_answer", "async_generator_answer"].map((application) =>
    row(
      `an error in a later block, the application is ${application}`,
      application,
      { script: { blocks: ["a", { error: "mine" }] } },
      { ...broken("a", "Error: mine"), facts: { finished: 1 } },
    )
  ),
  answers("an error behind empty blocks is still in time for the page", {
    kind: "generator",
    blocks: ["", "", { error: "mine" }],
  }, { ...error_page("Error: mine"), facts: { finished: 1 } }),
  ...(["array", "iterable", "async iterable"] as const).map((kind) =>
    answers(`an error in close() of kind ${kind}`, {
      kind,
      blocks: ["a"],
      close: "mine",
    }, {
      ...(kind === "array" ? whole("a") : streamed("a")),
      log: ["Error: mine"],
      facts: { closed: 1 },
    })
  ),
  answers("an error in a block and one in close()", {
    kind: "iterable",
    blocks: [{ error: "first" }],
    close: "second",
  }, {
    ...error_page("Error: first"),
    log: ["Error: second", "Error: first"],
    facts: { closed: 1 },
  }),
  row(
    "an application that rejects",
    "reject",
    {},
    error_page("TypeError: rejected"),
  ),
  row(
    "an application that throws nothing",
    "throw_nothing",
    {},
    error_page("undefined was thrown"),
  ),
  row(
    "an application that throws a text",
    "throw_text",
    {},
    error_page("a text"),
  ),
  row("exc_info before the headers went out", "exc_info_before", {}, {
    status: "503 Service Unavailable",
    ...whole("replaced"),
  }),
  row(
    "exc_info after the headers went out",
    "exc_info_after",
    {},
    broken("a", "Error: too late"),
  ),
  row(
    "start_response() a second time",
    "start_twice",
    {},
    error_page("start_response() was called a second time without exc_info"),
    error_page("start_response() must be called once"),
  ),
  answers(
    "start_response() not at all, and a block",
    { status: null, blocks: ["a"] },
    {
      ...error_page("the body began before start_response() was called"),
      facts: { closed: 1 },
    },
    error_page("start_response() must be called before the first block"),
  ),
  answers(
    "start_response() not at all, and nothing",
    { status: null },
    {
      ...error_page("the application did not call start_response()"),
      facts: { closed: 1 },
    },
    error_page("start_response() must be called before the body ends"),
  ),
  ...[
    ["string", 'got "text"'],
    ["null", "got null"],
    ["undefined", "got undefined"],
    ["number", "got 5"],
    ["bytes", "Uint8Array"],
    ["object", "got an object of class Object"],
    ["function", "got a function"],
  ].map(([kind, came]) =>
    row(
      `a result that is wrong: ${kind}`,
      `return_${kind}`,
      {},
      error_page(came!),
      error_page("the application must return an iterable of Uint8Array"),
    )
  ),
  ...(["array", "generator", "async generator", "stream"] as const).map((
    kind,
  ) =>
    answers(
      `a block that is a text, in a result of kind ${kind}`,
      { kind, blocks: [{ value: "text" }] },
      {
        ...error_page('the body must consist of Uint8Array, got "text"'),
        facts: facts_when_left(kind),
      },
      error_page('a block of the body must be a Uint8Array, got "text"'),
    )
  ),
  answers(
    "a later block that is a number",
    { kind: "generator", blocks: ["a", { value: 5 }] },
    {
      ...broken("a", "the body must consist of Uint8Array, got 5"),
      facts: { finished: 1 },
    },
    broken("a", "a block of the body must be a Uint8Array, got 5"),
  ),
];
