/** What the page of `--debug` does not show: secrets, and the variables of the process. */

import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import {
  bare,
  headlines,
  html_of,
  MASK,
  page_for,
  run_child,
  shown_environ,
  text_of,
} from "./pages.ts";

Deno.test("a variable is masked if its name says so", () => {
  const secret = [
    ...["PASSWORD", "DB_PASSWORD", "db_passwd", "mysql_pwd", "SECRET_KEY_BASE"],
    ...["API_KEY", "apiKey", "HTTP_X_API_KEY", "GITHUB_TOKEN", "csrfToken"],
    ...["HTTP_AUTHORIZATION", "HTTP_PROXY_AUTHORIZATION", "HTTP_COOKIE"],
    ...["REDIRECT_HTTP_AUTHORIZATION", "HTTP_X_XSRF", "my.session"],
    ...["SSL_SESSION_ID", "aws_credentials", "PRIVATE_PEM", "SENTRY_DSN"],
    ...["DATABASE_URL", "CONNECTION_STRING", "JWT", "SIGNATURE", "salt"],
  ];
  const plain = ["AUTH_TYPE", "HTTP_HOST", "PWD", "REMOTE_USER", "USER_NAME"];
  const names = [...secret, ...plain];
  const environ = Object.fromEntries(names.map((name) => [name, "value"]));
  const shown = shown_environ(text_of(bare("x"), { ...environ, TOKEN: "" }));
  for (const name of secret) assertEquals([name, shown[name]], [name, MASK]);
  for (const name of plain) {
    assertEquals([name, shown[name]], [name, "'value'"]);
  }
  assertEquals(shown.TOKEN, "''");
  const page = html_of(bare("x"), { A_TOKEN: { value: "abc" } });
  assertStringIncludes(
    page,
    `<tr><th scope="row">A_TOKEN</th><td class="masked">${MASK}</td></tr>`,
  );
});

Deno.test("a secret is masked inside values, messages and source", () => {
  const cases: [unknown, string][] = [
    ["postgres://me:pw@db:1/x?a=@", `postgres://${MASK}@db:1/x?a=@`],
    ["redis://:pw@db, http://t0ken@h", `redis://${MASK}@db, http://${MASK}@h`],
    ["http://h/a@b mailto:me@h", "http://h/a@b mailto:me@h"],
    ["a=1&token=abc&b=2&api_key=x", `a=1&token=${MASK}&b=2&api_key=${MASK}`],
    ["host=db password=pw;x=y", `host=db password=${MASK};x=y`],
    ['{"password":"p\\"w","n":1}', `{"password":${MASK},"n":1}`],
    ["Password: 'pw'", `Password: ${MASK}`],
    ["pin = 1, secret = 1234", `pin = 1, secret = ${MASK}`],
    ['if (token !== "x")', `if (token !== ${MASK})`],
    ['["X-Api-Key", "x"], ["A", "x"]', `["X-Api-Key", ${MASK}], ["A", "x"]`],
    ["a keyboard = b, monkeys", "a keyboard = b, monkeys"],
  ];
  for (const [text, masked] of cases) {
    assertEquals(headlines(bare(String(text))), [`Error: ${masked}`]);
  }
  const inside = {
    "app.config": { user: "u", password: "pw", db: { url: "a://b:c@d" } },
    "app.map": new Map([["api_key", "x"]]),
    "app.headers": new globalThis.Headers({ authorization: "Bearer abc" }),
  };
  assertEquals(shown_environ(text_of(bare("x"), inside)), {
    "app.config":
      `{ user: "u", password: ${MASK}, db: { url: "a://${MASK}@d" } }`,
    "app.map": `Map(1) { "api_key" => ${MASK} }`,
    "app.headers": `Headers { authorization: ${MASK} }`,
  });
});

Deno.test("the secrets of the request are masked wherever they appear", () => {
  const environ = {
    HTTP_COOKIE: 'a=short; sid="0123456789"; b=abcdefgh=',
    HTTP_AUTHORIZATION: `Basic ${btoa("joe:opensesame")}`,
    HTTP_X_TOKEN: "tok\u00c3\u00a9n-value",
    HTTP_X_COPY: "<0123456789>",
    "app.copy": ["opensesame"],
  };
  const message = "0123456789 abcdefgh= opensesame tokén-value " +
    btoa("joe:opensesame");
  const page = text_of(bare(`${message} a=short`), environ);
  assertEquals(
    page.split("\n")[0],
    `Error: ${Array(5).fill(MASK).join(" ")} a=short`,
  );
  assertEquals(shown_environ(page), {
    HTTP_AUTHORIZATION: MASK,
    HTTP_COOKIE: MASK,
    HTTP_X_COPY: `'<${MASK}>'`,
    HTTP_X_TOKEN: MASK,
    "app.copy": `[ "${MASK}" ]`,
  });
});

Deno.test("a secret in the request line is masked", () => {
  const environ = {
    REQUEST_METHOD: "GET",
    REQUEST_URI: "/x?token=abc&a=b",
    QUERY_STRING: "token=abc&a=b",
  };
  const page = text_of(bare("x"), environ);
  assertStringIncludes(page, `\nRequest: GET /x?token=${MASK}&a=b -\n`);
  assertEquals(shown_environ(page), {
    QUERY_STRING: `'token=${MASK}&a=b'`,
    REQUEST_METHOD: "'GET'",
    REQUEST_URI: `'/x?token=${MASK}&a=b'`,
  });
});

Deno.test("a secret literal is masked in the source", async () => {
  const page = await page_for("/log_in");
  assertStringIncludes(page, ` | const password = ${MASK};\n`);
  // In the message it has no name.
  assertStringIncludes(page, "Error: wrong: hunter2\n");
});

Deno.test("variables of the process are left out, and its secrets masked", async () => {
  const variables = {
    SOME_FOLDER: "/home/me",
    DB_PASSWORD: "opensesame",
    HTTP_PROXY: "http://me:pw@proxy",
  };
  const { page, stderr } = await run_child(
    ["--allow-env"],
    ["/environment"],
    variables,
  );
  assertEquals(stderr, "");
  assert(page.startsWith(`Error: cannot reach ${MASK}\n`), page);
  assertEquals(
    Object.keys(shown_environ(page)).filter((name) => !/^wsgi\./.test(name)),
    ["PATH_INFO", "QUERY_STRING", "REQUEST_METHOD", "SCRIPT_NAME"]
      .concat(["SERVER_NAME", "SERVER_PORT", "SERVER_PROTOCOL"]),
  );
  assertEquals(/me@|SOME_FOLDER|opensesame|proxy/.test(page), false);
  assertMatch(
    page,
    / Left out: \d+ variables of the server's process\.\n$/,
  );
});

Deno.test("a CGI script shows the variables of its request, and no others", async () => {
  const { page } = await run_child(["--allow-env"], ["/environment", "cgi"], {
    SOME_FOLDER: "/home/me",
    DB_PASSWORD: "opensesame",
    GATEWAY_INTERFACE: "CGI/1.1",
    HTTP_COOKIE: "sid=0123456789",
    HTTP_USER_AGENT: "me",
    PATH_INFO: "/environment",
    REQUEST_METHOD: "GET",
    SCRIPT_NAME: "/x.cgi",
  });
  const shown = Object.entries(shown_environ(page))
    .filter(([name]) => !/^wsgi\./.test(name));
  assertEquals(Object.fromEntries(shown), {
    GATEWAY_INTERFACE: "'CGI/1.1'",
    HTTP_COOKIE: MASK,
    HTTP_USER_AGENT: "'me'",
    PATH_INFO: "'/environment'",
    QUERY_STRING: "''",
    REQUEST_METHOD: "'GET'",
    SCRIPT_NAME: "'/x.cgi'",
    SERVER_NAME: "'localhost'",
    SERVER_PORT: "'80'",
    SERVER_PROTOCOL: "'HTTP/1.0'",
  });
});
