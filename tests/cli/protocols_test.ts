/** The command as a CGI script, and behind a web server by SCGI, FastCGI and uwsgi. */

import { assertEquals, assertMatch } from "@std/assert";
import type { ServerAddress } from "../../simple_server.ts";
import {
  make_folder,
  make_gate,
  run,
  serving_line,
  start,
  STOPPING,
  WAITING_APPS,
  without_times,
} from "../support/command.ts";
import {
  exchange,
  fastcgi,
  type Protocol,
  scgi,
  uwsgi,
  whole_request,
} from "../gateways/gateway_clients.ts";
import { until } from "../support/support.ts";

// CGI

/** The variables of a CGI script, which is asked for `/x?y`. */
const SCRIPT = {
  GATEWAY_INTERFACE: "CGI/1.1",
  REQUEST_METHOD: "GET",
  SCRIPT_NAME: "/cgi-bin/app",
  PATH_INFO: "/x",
  QUERY_STRING: "y",
  SERVER_PROTOCOL: "HTTP/1.1",
  SERVER_NAME: "example.org",
  SERVER_PORT: "80",
  REMOTE_ADDR: "192.0.2.1",
};

const ECHO = `
export default async (environ, start_response) => {
  const body = await new Response(environ["wsgi.input"]).text();
  start_response("200 Fine", [["Content-Type", "text/plain"]]);
  const { SCRIPT_NAME, PATH_INFO, QUERY_STRING } = environ;
  return [new TextEncoder().encode(
    \`\${SCRIPT_NAME}|\${PATH_INFO}|\${QUERY_STRING}|\${body}\`,
  )];
};

export const failing = () => {
  throw new Error("the well is dry");
};
`;

function cgi_answer(status: string, body: string): string {
  return `Status: ${status}\r\nContent-Type: text/plain\r\n` +
    `Content-Length: ${body.length}\r\n\r\n${body}`;
}

Deno.test("the command is a CGI script where a web server starts it", async () => {
  await using folder = await make_folder({ "app.ts": ECHO });
  for (const args of [["app.ts"], ["--protocol", "cgi", "app.ts"]]) {
    assertEquals(await run(args, { cwd: folder.path, env: SCRIPT }), {
      code: 0,
      stdout: cgi_answer("200 Fine", "/cgi-bin/app|/x|y|"),
      stderr: "",
    });
  }
});

Deno.test("the command as a CGI script reads its request body from stdin", async () => {
  await using folder = await make_folder({ "app.ts": ECHO });
  const env = { ...SCRIPT, REQUEST_METHOD: "POST", CONTENT_LENGTH: "5" };
  const answer = await run(["app.ts"], {
    cwd: folder.path,
    env,
    stdin: "Hello, this is too much",
  });
  assertEquals(answer, {
    code: 0,
    stdout: cgi_answer("200 Fine", "/cgi-bin/app|/x|y|Hello"),
    stderr: "",
  });
});

Deno.test("the command as a CGI script limits a body whose length the web server does not tell", async () => {
  await using folder = await make_folder({ "app.ts": ECHO });
  const env = {
    ...SCRIPT,
    REQUEST_METHOD: "POST",
    HTTP_TRANSFER_ENCODING: "chunked",
  };
  const args = ["--limit-request-body", "5", "app.ts"];
  const ask = async (stdin: string) =>
    (await run(args, { cwd: folder.path, env, stdin })).stdout;
  assertEquals(
    await ask("Hello"),
    cgi_answer("200 Fine", "/cgi-bin/app|/x|y|Hello"),
  );
  assertEquals(
    await ask("Hello!"),
    cgi_answer("413 Content Too Large", "Content Too Large"),
  );
});

Deno.test("the command as a CGI script logs requests only if it is told to, and where", async () => {
  await using folder = await make_folder({ "app.ts": ECHO });
  const args = ["app.ts", "--access-logfile", "-"];
  const { stderr } = await run(args, { cwd: folder.path, env: SCRIPT });
  assertEquals(
    without_times(stderr),
    `192.0.2.1 - - [time] "GET /cgi-bin/app/x?y HTTP/1.1" 200 18\n`,
  );
});

Deno.test("the command as a CGI script tells an error by stderr and a 500", async () => {
  await using folder = await make_folder({ "app.ts": ECHO });
  const { code, stdout, stderr } = await run(
    ["app.ts:failing"],
    { cwd: folder.path, env: SCRIPT },
  );
  assertEquals({ code, stdout }, {
    code: 0,
    stdout: cgi_answer(
      "500 Internal Server Error",
      "A server error occurred.  Please contact the administrator.",
    ),
  });
  assertMatch(stderr, /^Error: the well is dry\n {4}at /);
});

Deno.test("the command as a CGI script has validator with --validate", async () => {
  await using folder = await make_folder({ "app.ts": ECHO });
  const args = ["app.ts:failing", "--validate"];
  const { stderr } = await run(args, { cwd: folder.path, env: SCRIPT });
  assertMatch(stderr, /the well is dry/);
  const good = await run(["--validate"], { env: SCRIPT });
  assertEquals(good.stderr, "");
  assertMatch(good.stdout, /^Status: 200 OK\r\n/);
});

Deno.test("the command listens in the environment of a CGI script if it is told to", async () => {
  const env = SCRIPT;
  await using bound = await start([], { env });
  assertMatch(bound.address, /^http:/);
  await using named = await start(["--protocol=http"], { env });
  assertMatch(named.address, /^http:/);
});

Deno.test("--protocol refuses what it does not know, and cgi with --bind", async () => {
  const expected = [
    [
      ["--protocol", "gopher"],
      '--protocol takes http, cgi, scgi, fastcgi or uwsgi, got "gopher"',
    ],
    [
      ["--protocol", "cgi", "--bind", ":1"],
      "--protocol cgi does not listen: remove --bind",
    ],
  ] as const;
  for (const [args, message] of expected) {
    assertEquals(await run([...args]), {
      code: 2,
      stdout: "",
      stderr: `error: ${message}\n`,
    });
  }
});

// SCGI, FastCGI, uwsgi

const gateways: [name: string, protocol: Protocol][] = [
  ["scgi", scgi],
  ["fastcgi", fastcgi],
  ["uwsgi", uwsgi],
];

/** An address as the command prints it. */
function server_address(printed: string): ServerAddress {
  if (printed.startsWith("unix:")) return printed.slice("unix:".length);
  const [, host, port] = printed.match(/^(.*):(\d+)$/)!;
  return [host!, Number(port)];
}

async function ask(
  protocol: Protocol,
  printed: string,
  variables: Record<string, string>,
): Promise<string> {
  const request = whole_request(protocol, variables);
  const raw = await exchange(server_address(printed), request);
  return protocol.answer(raw).text.replace(/^[^]*\r\n\r\n/, "");
}

for (const [name, protocol] of gateways) {
  Deno.test(`--protocol ${name} serves at a port and at a Unix socket, and logs`, async () => {
    await using folder = await make_folder({ "app.ts": ECHO });
    for (const bind of ["127.0.0.1:0", `unix:${folder.path}/socket`]) {
      await using command = await start(
        ["app.ts", "--protocol", name],
        { cwd: folder.path, bind },
      );
      const { address } = command;
      const variables = { ...SCRIPT, REQUEST_URI: "/cgi-bin/app/x?y" };
      const body = await ask(protocol, address, variables);
      assertEquals(body, "/cgi-bin/app|/x|y|");
      const { code, stdout, stderr } = await command.stop();
      assertEquals(code, 0);
      const line = serving_line("app.ts", address, protocol.name);
      assertEquals(stdout, line + STOPPING);
      assertEquals(
        without_times(stderr),
        `192.0.2.1 - - [time] "GET /cgi-bin/app/x?y HTTP/1.1" 200 18\n`,
      );
    }
  });

  Deno.test(`--protocol ${name} lets a request under way finish at SIGTERM`, async () => {
    await using folder = await make_folder({ "app.ts": WAITING_APPS });
    await using gate = make_gate();
    await using command = await start(
      ["app.ts:stream", "--protocol", name],
      { cwd: folder.path },
    );
    const answer = ask(protocol, command.address, {
      ...SCRIPT,
      QUERY_STRING: gate.url,
    });
    await gate.reached;
    command.child.kill("SIGTERM");
    await until(() => command.printed.stdout.includes(STOPPING));
    gate.open();
    assertEquals(await answer, "first last");
    assertEquals((await command.ended()).code, 0);
  });
}
