/** The lines of the access log as text: every atom, times, and that no request can forge a line. */

import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import {
  type Answered,
  compile_format,
} from "../../../cli/logs/access_format.ts";
import { UsageError } from "../../../cli/settings/usage_error.ts";
import { WSGIRequestHandler } from "../../../simple_server.ts";
import { make_folder, without_times } from "../../support/command.ts";
import { random } from "../../support/random.ts";
import { bytes, root, run_script, serve } from "../../support/support.ts";
import {
  answered,
  ENVIRON,
  native,
  random_environ,
  while_it_is,
} from "./answered.ts";

/** The line for a request, without its time. */
function line_of(
  format: string,
  environ?: Record<string, unknown>,
  rest?: Partial<Answered>,
): string {
  return without_times(compile_format(format).line(answered(environ, rest)));
}

Deno.test("compile_format() knows the Common Log Format", () => {
  const plain = { ...ENVIRON, REQUEST_URI: "/x" };
  for (
    const format of [
      "common",
      '%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s',
    ]
  ) {
    assertEquals(
      line_of(format, plain),
      '192.0.2.1 - - [time] "GET /x HTTP/1.1" 200 12\n',
    );
  }
});

Deno.test("compile_format() knows the combined format, which adds referrer and user agent", () => {
  assertEquals(
    line_of("combined"),
    '192.0.2.1 - - [time] "GET /app/a%20b?c=d HTTP/1.1" 200 12 ' +
      '"http://a.example/" "A \\"B\\""\n',
  );
  assertEquals(
    line_of("combined", {}, { size: 0, headers: null }),
    '- - - [time] "-  -" 200 - "-" "-"\n',
  );
});

/** The value of each atom for `ENVIRON`, and if nothing is known. */
const ATOMS: Record<string, [line: string, of_nothing: string]> = {
  "h": ["192.0.2.1", "-"],
  "l": ["-", "-"],
  "u": ["-", "-"],
  "t": ["[time]", "[time]"],
  "r": ["GET /app/a%20b?c=d HTTP/1.1", "-  -"],
  "m": ["GET", "-"],
  "U": ["/app/a b", ""],
  "q": ["c=d", "-"],
  "H": ["HTTP/1.1", "-"],
  "s": ["200", "200"],
  "B": ["12", "0"],
  "b": ["12", "-"],
  "f": ["http://a.example/", "-"],
  "a": ['A \\"B\\"', "-"],
  "T": ["12", "0"],
  "M": ["12345", "0"],
  "D": ["12345678", "0"],
  "L": ["12.345678", "0.000000"],
  "p": [`<${Deno.pid}>`, `<${Deno.pid}>`],
  "{X-Forwarded-For}i": ["198.51.100.1", "-"],
  "{user-agent}i": ['A \\"B\\"', "-"],
  "{Content-Type}i": ["text/x", "-"],
  "{content-length}i": ["7", "-"],
  "{X-Missing}i": ["-", "-"],
  "{content-type}o": ["text/plain", "-"],
  "{Set-Cookie}o": ["a=1, b=2", "-"],
  "{X-Empty}o": ["", "-"],
  "{X-Missing}o": ["-", "-"],
  "{REMOTE_ADDR}e": ["192.0.2.1", "-"],
  "{wsgi.url_scheme}e": ["http", "-"],
  "{wsgi.version}e": ["[ 1, 0 ]", "-"],
  "{missing}e": ["-", "-"],
};

for (const [atom, [line, of_nothing]] of Object.entries(ATOMS)) {
  Deno.test(`compile_format() knows the atom ${atom}`, () => {
    const times = { now: 0, running: 20000.1 + 12345.678 };
    const format = `<%(${atom})s|%(${atom})s>`;
    const timed = while_it_is(
      times,
      () => line_of(format, ENVIRON, { started: 20000.1 }),
    );
    assertEquals(timed, `<${line}|${line}>\n`);
    const nothing = while_it_is(
      { now: 0 },
      () => line_of(format, {}, { size: 0, headers: null }),
    );
    assertEquals(nothing, `<${of_nothing}|${of_nothing}>\n`);
  });
}

Deno.test("compile_format() copies text, and turns %% into a percent sign", () => {
  const expected = {
    "é\t%%(h)s %(s)s %%%(m)s%% s": "é\t%(h)s 200 %GET% s\n",
    "%(s)s%(s)s": "200200\n",
    "%(s)sjson": "200json\n",
  };
  for (const [format, line] of Object.entries(expected)) {
    assertEquals(line_of(format), line);
  }
});

Deno.test("compile_format() refuses an invalid format", () => {
  const wrong = {
    "": '""',
    "jsno": '"jsno": did you mean json?',
    "toString": '"toString"',
    "100%%": '"100%%"',
    "%(x)s": '"%(x)s"',
    "%(hl)s": '"%(hl)s"',
    "%(h)d": '"%(h)d"',
    "%(h)": '"%(h)"',
    "%(h": '"%(h"',
    "%()s": '"%()s"',
    "%h": '"%h": did you mean %(h)s?',
    "%(s)s%": '"%"',
    "%({a}x)s": '"%({a}x)s"',
    "%({}i)s": '"%({}i)s"',
    "%({a)s": '"%({a)s"',
    "%(s)s\n": '"%(s)s\\n"',
    "%(s)s\x1b[0m": '"%(s)s\\u001b[0m"',
  };
  for (const [format, got] of Object.entries(wrong)) {
    const error = assertThrows(() => compile_format(format), UsageError);
    assertEquals(
      error.message,
      "--access-logformat takes common, combined, json, or one line of text with atoms, %(X)s, where X is one of " +
        "h l u t r m U q H s b B f a T M D L p {NAME}i {NAME}o {NAME}e, and %% for a percent sign, " +
        `got ${got}`,
    );
  }
});

Deno.test("needs_time tells whether a format contains a duration", () => {
  const expected = {
    "common": false,
    "combined": false,
    "json": true,
    "%(T)s": true,
    "%(s)s %(M)s": true,
    "%(s)s %(D)s": true,
    "%(s)s %(L)s": true,
    "%(t)s %({T}i)s T": false,
  };
  for (const [format, needs_time] of Object.entries(expected)) {
    assertEquals([format, compile_format(format).needs_time], [
      format,
      needs_time,
    ]);
  }
});

Deno.test("a duration is never negative, even if the clock is set back", () => {
  const format = "%(T)s %(M)s %(D)s %(L)s";
  const line = while_it_is(
    { now: 0, running: 1 },
    () => line_of(format, {}, { started: 2 }),
  );
  assertEquals(line, "0 0 0 0.000000\n");
});

/** The header that a client sends for `user:password`. */
function basic(credentials: string, scheme = "Basic"): Record<string, string> {
  return { HTTP_AUTHORIZATION: `${scheme} ${btoa(credentials)}` };
}

Deno.test("the atom u is REMOTE_USER, or the user of a Basic Authorization", () => {
  const expected: [environ: Record<string, string>, user: string][] = [
    [{ REMOTE_USER: "alice" }, "alice"],
    [{ REMOTE_USER: "alice", ...basic("bob:x") }, "alice"],
    [{ REMOTE_USER: "", ...basic("bob:x") }, "bob"],
    [basic("bob:x:y"), "bob"],
    [basic("bob:x", "bAsIc "), "bob"],
    [basic("bob"), "bob"],
    [basic(":x"), "-"],
    [basic("a b\n:x"), "a\\x20b\\x0a"],
    [basic('[1] "\\:x'), '[1]\\x20\\"\\\\'],
    [basic(native("é:x")), "\\xc3\\xa9"],
    [basic("bob:x", "Bearer"), "-"],
    [{ HTTP_AUTHORIZATION: "Basic" }, "-"],
    [{ HTTP_AUTHORIZATION: "Basic !" }, "-"],
    [{ HTTP_AUTHORIZATION: "" }, "-"],
  ];
  for (const [environ, user] of expected) {
    assertEquals(line_of("%(u)s", environ), `${user}\n`);
  }
});

Deno.test("the atom r is the request line, as far as the variables contain it", () => {
  const request = { REQUEST_METHOD: "GET", SERVER_PROTOCOL: "HTTP/1.0" };
  const expected: [environ: Record<string, unknown>, line: string][] = [
    [{ ...request, REQUEST_URI: "//a%2Fb?" }, "GET //a%2Fb? HTTP/1.0"],
    [
      { ...request, SCRIPT_NAME: "/a", PATH_INFO: "/b c/\xe9" },
      "GET /a/b%20c/%E9 HTTP/1.0",
    ],
    [
      { ...request, PATH_INFO: "/a", QUERY_STRING: "b=c" },
      "GET /a?b=c HTTP/1.0",
    ],
    // Only an application can set these.
    [{ ...request, PATH_INFO: "/\u20ac" }, "GET - -"],
    [{ ...request, REQUEST_URI: Symbol("x") }, "GET - -"],
    [{ REQUEST_METHOD: Symbol("x") }, "Symbol(x) - -"],
  ];
  for (const [environ, line] of expected) {
    assertEquals(line_of("%(r)s", environ), `${line}\n`);
  }
});

Deno.test("everything but printable ASCII is escaped, and so are backslashes and double quotes", () => {
  const all = Array.from({ length: 256 }, (_, i) => String.fromCharCode(i));
  const hex = (char: string) =>
    `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`;
  for (const char of [...all, "\u20ac", "\u2028"]) {
    const expected = char === '"' || char === "\\"
      ? `\\${char}`
      : /[ -~]/.test(char)
      ? char
      : char > "\xff"
      ? `\\u${char.charCodeAt(0).toString(16)}`
      : hex(char);
    const environ = {
      REQUEST_METHOD: "GET",
      REQUEST_URI: `/${char}x`,
      SERVER_PROTOCOL: "HTTP/1.1",
      HTTP_USER_AGENT: `${char}${char}`,
      REMOTE_ADDR: `1${char}`,
    };
    const in_word = char === " " ? "\\x20" : expected;
    assertEquals(
      line_of("%(h)s %(r)s %(a)s", environ),
      `1${in_word} GET /${expected}x HTTP/1.1 ${expected}${expected}\n`,
    );
  }
});

/** Reverses the escaping. */
function unescaped(escaped: string): string {
  return escaped.replace(
    /\\(?:x(..)|u(....)|(.))/g,
    (_, byte, unit, char) =>
      char ?? String.fromCharCode(parseInt(byte ?? unit, 16)),
  );
}

Deno.test("no request can forge a line or a field, and every value can be recovered", () => {
  const next = random(6);
  const format = compile_format('%(h)s %(u)s "%(a)s" "%(f)s" "%({c}e)s"');
  for (let i = 0; i < 3000; i++) {
    const environ: Record<string, string> = random_environ(next);
    environ.REMOTE_USER = environ.REQUEST_URI!;
    environ.c = environ.QUERY_STRING!;
    const line = format.line(answered(environ));
    const quoted = '"((?:[^"\\\\]|\\\\.)*)"';
    const [, ...fields] =
      line.match(`^([!-~]+) ([!-~]+) ${quoted} ${quoted} ${quoted}\n$`) ?? [];
    assertEquals(fields.map(unescaped), [
      environ.REMOTE_ADDR || "-",
      environ.REMOTE_USER || "-",
      environ.HTTP_USER_AGENT,
      environ.HTTP_REFERER,
      environ.c,
    ]);
    assertMatch(line, /^[ -~]+\n$/);
  }
});

Deno.test("every format gives exactly one line of printable ASCII", () => {
  const next = random(7);
  const formats = ["common", "combined", "json", "%(m)s%(U)s%(q)s%(H)s%(s)s"]
    .map(compile_format);
  for (let i = 0; i < 2000; i++) {
    const environ = random_environ(next);
    for (const format of formats) {
      assertMatch(format.line(answered(environ)), /^[ -~]+\n$/);
    }
  }
});

Deno.test("the time of a line is right, even if the clock is set back", () => {
  const format = compile_format("%(t)s");
  const line = (now: number) =>
    while_it_is({ now }, () => format.line(answered()));
  const first = line(1795219002000);
  assertEquals(line(1795219002999), first);
  const second = line(1795219003000);
  assertEquals(first.replace(":42 ", ":43 "), second);
  assertEquals(line(1795219002500), first);
});

Deno.test("the atom t has the local time and its offset from UTC, json has UTC", async () => {
  await using folder = await make_folder({
    "program.ts": `import { compile_format } from ${
      JSON.stringify(new URL("cli/logs/access_format.ts", root).href)
    };
const answered = { environ: {}, status: "200", size: 0, headers: null, started: 0 };
for (const now of [1795219002007, 1782864000999]) {
  Date.now = () => now;
  console.log(compile_format("%(t)s").line(answered).trim());
  console.log(JSON.parse(compile_format("json").line(answered)).time);
}`,
  });
  const expected = {
    "UTC": ["20/Nov/2026:23:56:42 +0000", "01/Jul/2026:00:00:00 +0000"],
    "Europe/Berlin": [
      "21/Nov/2026:00:56:42 +0100",
      "01/Jul/2026:02:00:00 +0200",
    ],
    "Asia/Kolkata": [
      "21/Nov/2026:05:26:42 +0530",
      "01/Jul/2026:05:30:00 +0530",
    ],
    "America/St_Johns": [
      "20/Nov/2026:20:26:42 -0330",
      "30/Jun/2026:21:30:00 -0230",
    ],
  };
  await Promise.all(
    Object.entries(expected).map(async ([TZ, [winter, summer]]) => {
      const { stdout } = await run_script(["--no-check", "program.ts"], {
        cwd: folder.path,
        env: { TZ },
      });
      assertEquals(stdout.trimEnd().split("\n"), [
        `[${winter}]`,
        "2026-11-20T23:56:42.007Z",
        `[${summer}]`,
        "2026-07-01T00:00:00.999Z",
      ]);
    }),
  );
});

Deno.test("a request over HTTP is logged as it was received", async () => {
  const format = compile_format(
    '%(h)s %(u)s "%(r)s" %(U)s %(q)s "%(a)s" %({X-A}i)s %({SERVER_NAME}e)s',
  );
  const lines: string[] = [];
  class Handler extends WSGIRequestHandler {
    override handle(): Response {
      lines.push(format.line(answered(this.get_environ())));
      return new Response();
    }
  }
  await using server = serve(() => [], Handler);
  using conn = await Deno.connect({
    hostname: "127.0.0.1",
    port: server.port,
  });
  await conn.write(bytes(
    'POST /a%20"b?c=d HTTP/1.1\r\nHost: a\r\nUser-Agent: A "B" \xe9\r\nX-A: 1\r\n' +
      `Authorization: Basic ${btoa("bob:x")}\r\nConnection: close\r\n\r\n`,
  ));
  while (await conn.read(new Uint8Array(1024)) !== null);
  assertEquals(lines, [
    '127.0.0.1 bob "POST /a%20\\"b?c=d HTTP/1.1" /a \\"b c=d "A \\"B\\" \\xe9" 1 localhost\n',
  ]);
});
