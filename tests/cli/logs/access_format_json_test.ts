/** The lines of the access log as JSON. */

import { assertEquals, assertMatch } from "@std/assert";
import {
  type AccessFormat,
  type Answered,
  compile_format,
} from "../../../cli/logs/access_format.ts";
import { random } from "../../support/random.ts";
import {
  answered,
  ENVIRON,
  native,
  random_environ,
  while_it_is,
} from "./answered.ts";

/** The object in a line of JSON. */
function parse_line(
  format: AccessFormat,
  request: Answered,
): Record<string, unknown> {
  const line = format.line(request);
  assertMatch(line, /^\{[ -~]+\}\n$/);
  return JSON.parse(line);
}

Deno.test("json writes one object per request", () => {
  const format = compile_format("json");
  const times = { now: 1795219002007, running: 20000.1 + 12345.678 };
  assertEquals(
    while_it_is(
      times,
      () => format.line(answered(ENVIRON, { started: 20000.1 })),
    ),
    '{"time":"2026-11-20T23:56:42.007Z","remote_addr":"192.0.2.1","remote_user":null,' +
      '"method":"GET","path":"/app/a b","query":"c=d","protocol":"HTTP/1.1",' +
      '"status":200,"size":12,"referer":"http://a.example/","user_agent":"A \\"B\\"",' +
      '"duration":12.345678}\n',
  );
  assertEquals(
    while_it_is(
      { now: 0 },
      () =>
        parse_line(
          format,
          answered({}, { size: 0, status: "-", headers: null }),
        ),
    ),
    {
      time: "1970-01-01T00:00:00.000Z",
      remote_addr: null,
      remote_user: null,
      method: null,
      path: "",
      query: null,
      protocol: null,
      status: null,
      size: 0,
      referer: null,
      user_agent: null,
      duration: 0,
    },
  );
});

Deno.test("json decodes values as UTF-8, or as Latin-1 if they are not valid UTF-8", () => {
  const format = compile_format("json");
  const expected = {
    [native("/é€😀\u2028\ufeff")]: "/é€😀\u2028\ufeff",
    [native("\ufeffx")]: "\ufeffx",
    [native("\x9b")]: "\x9b",
    "/\xe9": "/\xe9",
    "/\xc3": "/\xc3",
    "/\xc3\xa9\xff": "/\xc3\xa9\xff",
    "/\u20ac": "/\u20ac",
    '\0\t\r\n\x1b\x7f"\\': '\0\t\r\n\x1b\x7f"\\',
  };
  for (const [sent, value] of Object.entries(expected)) {
    const { path, user_agent } = parse_line(
      format,
      answered({ PATH_INFO: sent, HTTP_USER_AGENT: sent }),
    );
    assertEquals([path, user_agent], [value, value]);
  }
});

Deno.test("json can be parsed, whatever the request contains", () => {
  const next = random(8);
  const format = compile_format("json");
  for (let i = 0; i < 2000; i++) {
    const environ = random_environ(next);
    const parsed = parse_line(format, answered(environ));
    const { query } = parsed;
    const sent = environ.QUERY_STRING!;
    assertEquals(query === sent || native(query as string) === sent, true);
    assertEquals(Object.keys(parsed).length, 12);
  }
});
