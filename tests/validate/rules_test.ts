/** Every rule of the validator, broken by a row of the tables; and SPEC.md, which says the rules. */

import { assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { PEP } from "../../_internal/validate/report.ts";
import { FILES, type Rule, rules, spec } from "../../tools/spec.ts";
import { WSGIError, WSGIWarning } from "../../validate.ts";
import { root } from "../support/support.ts";
import { ENVIRON_ROWS, OBJECT_ROWS } from "./environ_rows.ts";
import {
  environ_with,
  fail_on_warning,
  good_server,
  start_anything,
  TEXT,
} from "./exchange.ts";
import { RESULT_ROWS } from "./result_rows.ts";
import {
  DETAILS,
  ENVIRON,
  hello,
  type Row,
  run_row,
  starting,
} from "./rows.ts";
import { SERVER_ROWS } from "./server_rows.ts";
import { START_ROWS } from "./start_response_rows.ts";
import { STREAM_ROWS } from "./stream_rows.ts";

const ERROR_ROWS: Row[] = [
  ...OBJECT_ROWS,
  ...ENVIRON_ROWS.map(([what, environ, message]): Row => [
    what,
    { environ },
    message,
  ]),
  ...START_ROWS,
  ...STREAM_ROWS,
  ...RESULT_ROWS,
  ...SERVER_ROWS,
];

/** What is doubtful, and the warning. */
const WARNING_ROWS: Row[] = [
  [
    "an unknown method",
    { environ: { REQUEST_METHOD: "BREW" } },
    'REQUEST_METHOD should be a method in common use, got "BREW" (RFC 9110, section 9.1)',
  ],
  [
    "a method in lower case",
    { environ: { REQUEST_METHOD: "get" } },
    'REQUEST_METHOD should be a method in common use, got "get" (RFC 9110, section 9.1)',
  ],
  [
    "an environ without a query",
    { environ: { QUERY_STRING: undefined } },
    `QUERY_STRING should be present even if it is empty, got none ${ENVIRON}`,
  ],
  [
    "a status of no class",
    starting("600 Beyond", TEXT),
    'the status should be 599 or below, got "600 Beyond" (RFC 9110, section 15)',
  ],
  [
    "a result that was not closed",
    {
      app: hello,
      environ: { SCRIPT_NAME: "/a", PATH_INFO: "/b\n" },
      server: async (app, environ) => {
        for await (const _ of await app(environ, start_anything));
        await good_server(app, environ_with());
      },
    },
    `the server must call close() of every result, got none for the result of "GET /a/b\\n", which ended before this request ${DETAILS}`,
  ],
];

for (const row of ERROR_ROWS) {
  Deno.test(`validator() refuses ${row[0]}`, async () => {
    const error = await assertRejects(() => run_row(row, fail_on_warning));
    assertInstanceOf(error, WSGIError, `${error}`);
    assertEquals(error.message, row[2]);
  });
}

for (const row of WARNING_ROWS) {
  Deno.test(`validator() warns of ${row[0]}`, async () => {
    const warnings: WSGIWarning[] = [];
    await run_row(row, (warning) => warnings.push(warning));
    assertEquals(warnings.map(({ message }) => message), [row[2]]);
    assertInstanceOf(warnings[0], WSGIWarning);
  });
}

/** The rule at whose check `error` was made. */
function rule_of(error: Error, all: Rule[]): Rule | undefined {
  const [, file, line] = error.stack!.match(
    /at (?:violation|caution) .*\n.*?([^/]*\.ts):(\d+):\d+/,
  )!;
  return all.findLast((rule) =>
    rule.file.endsWith(file!) && rule.line <= Number(line)
  );
}

Deno.test("every rule of SPEC.md is broken by a row of these tables", async () => {
  const all = await rules();
  const broken = new Set<Rule | undefined>();
  for (const row of [...ERROR_ROWS, ...WARNING_ROWS]) {
    await run_row(row, (warning) => broken.add(rule_of(warning, all)))
      .catch((error) => broken.add(rule_of(error, all)));
  }
  assertEquals(all.filter((rule) => !broken.has(rule)), []);
});

Deno.test("SPEC.md is what the comments at the checks say", async () => {
  const text = await Deno.readTextFile(new URL("SPEC.md", root));
  assertEquals(text, await spec(), "run deno task spec");
});

Deno.test("spec() reads every module of the validator that has a check", async () => {
  const names = Array.from(
    Deno.readDirSync(new URL("_internal/validate", root)),
    ({ name }) => `_internal/validate/${name}`,
  );
  const with_rules = [];
  for (const name of ["validate.ts", ...names]) {
    const source = await Deno.readTextFile(new URL(name, root));
    if (/throw violation\(|warn\(/.test(source)) with_rules.push(name);
  }
  assertEquals(with_rules.sort(), [...FILES].sort());
});

Deno.test("the section at a check is the one in its message", async () => {
  for (const file of FILES) {
    const source = await Deno.readTextFile(new URL(file, root));
    const lines = source.split("\n");
    const here = (await rules()).filter((rule) => rule.file === file);
    for (const [index, rule] of here.entries()) {
      const check = lines.slice(rule.line - 1, here[index + 1]?.line);
      const sections = check.join("\n").matchAll(/PEP\.(\w+)|"(RFC [^"]*)"/g);
      const named = Array.from(
        sections,
        ([, key, rfc]) => rfc ?? PEP[key as keyof typeof PEP],
      );
      assertEquals(new Set(named), new Set([rule.section]), rule.sentence);
    }
  }
});
