/** Rows: statuses and headers that an application may send. */

import { answers, type Row, row, TYPE, whole } from "../row.ts";

export const head_rows: Row[] = [
  ...[
    "201 Created",
    "302 Found",
    "404 Not Found",
    "418 I'm a teapot",
    "500 Internal Server Error",
    "503 Service Unavailable",
  ].map((status) =>
    answers(`the status ${status}`, { status, blocks: ["a"] }, {
      status,
      ...whole("a"),
      facts: { closed: 1 },
    })
  ),
  answers("a custom reason", { status: "200 Quite All Right" }, {
    status: "200 Quite All Right",
    ...whole(""),
    facts: { closed: 1 },
  }),
  answers("a status that is not registered", {
    status: "299 Quite All Right",
  }, {
    status: "299 Quite All Right",
    ...whole(""),
    facts: { closed: 1 },
  }),
  answers("headers of all kinds", {
    headers: [
      ...TYPE,
      ["Set-Cookie", "a=1; Path=/"],
      ["X-Bytes", "caf\u00e9"],
      ["set-cookie", "b=2"],
      ["X-Empty", ""],
      ["X-Repeated", "1"],
      ["x-repeated", "2"],
      ["Cache-Control", "no-cache, max-age=0"],
      ["Location", "/caf%C3%A9?a=b#c"],
    ],
    blocks: ["a"],
  }, {
    headers: [
      ...TYPE,
      ["set-cookie", "a=1; Path=/"],
      ["set-cookie", "b=2"],
      ["x-bytes", "caf\u00e9"],
      ["x-empty", ""],
      ["x-repeated", "1, 2"],
      ["cache-control", "no-cache, max-age=0"],
      ["location", "/caf%C3%A9?a=b#c"],
      ["content-length", "1"],
    ],
    body: "a",
    facts: { closed: 1 },
  }),
  row("headers that are changed afterwards", "headers_changed", {}, whole("a")),
];
