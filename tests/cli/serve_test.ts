/** The command in a program: `serve()` of `cli/mod.ts`, over every protocol. */

import {
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { serve, type ServeOptions } from "../../cli/mod.ts";
import { OPTIONS } from "../../cli/settings/options.ts";
import { demo_app, type ServerAddress } from "../../simple_server.ts";
import type { WSGIApplication } from "../../types.ts";
import { make_folder, without_times } from "../support/command.ts";
import { installed, make_certificate } from "../fronts/fronts.ts";
import {
  exchange,
  type Protocol,
  whole_request,
} from "../gateways/gateway_clients.ts";
import { root, run_script, start_server, until } from "../support/support.ts";
import {
  echo,
  EVERY,
  failing,
  gateways,
  get,
  OF_A_PROCESS,
  QUIET,
  test,
} from "./serving.ts";

test("serve() listens, answers, and ends", async () => {
  const serving = await serve(echo, QUIET);
  const [host, port] = serving.server_address as [string, number];
  assertEquals(host, "127.0.0.1");
  assertEquals(serving.address, `127.0.0.1:${port}`);
  assertEquals(await get(serving, "/x"), "GET||/x|127.0.0.1|");
  await serving.shutdown();
  assertEquals(await serving.finished, undefined);
  await assertRejects(() => get(serving), TypeError);
});

test("serve() serves at a Unix socket, in the place of one that was left behind", async () => {
  await using folder = await make_folder({});
  const path = `${folder.path}/a socket`;
  const left = Deno.listen({ transport: "unix", path: `${path}.other` });
  await Deno.rename(`${path}.other`, path);
  left.close();
  await using serving = await serve(echo, { ...QUIET, bind: `unix:${path}` });
  assertEquals(serving.address, `unix:${path}`);
  assertEquals(serving.server_address, path);
  const client = Deno.createHttpClient({ proxy: { transport: "unix", path } });
  const response = await fetch("http://localhost/x", { client });
  assertEquals(await response.text(), "GET||/x||");
  client.close();
  await serving.shutdown();
  await assertRejects(() => Deno.lstat(path), Deno.errors.NotFound);
});

test("serve() serves HTTPS with a certificate", async () => {
  await using folder = await make_folder({});
  const { certificate, key } = await make_certificate(folder.path);
  const both = `${folder.path}/both.pem`;
  const pem = await Deno.readTextFile(certificate);
  await Deno.writeTextFile(both, pem + await Deno.readTextFile(key));
  for (
    const tls of [{ certfile: certificate, keyfile: key }, { certfile: both }]
  ) {
    await using serving = await serve(demo_app, { ...QUIET, ...tls });
    const client = Deno.createHttpClient({ caCerts: [pem] });
    const response = await fetch(`https://${serving.address}/`, { client });
    const page = await response.text();
    client.close();
    assertStringIncludes(page, "\nHTTPS = 'on'\n");
    assertStringIncludes(page, "\nwsgi.url_scheme = 'https'\n");
    await serving.shutdown();
  }
}, !installed("openssl"));

async function ask(
  protocol: Protocol,
  address: ServerAddress,
  body: string,
): Promise<string> {
  const variables = {
    REQUEST_METHOD: "POST",
    SCRIPT_NAME: "/mounted",
    PATH_INFO: "/x",
    REMOTE_ADDR: "192.0.2.1",
  };
  const request = whole_request(protocol, variables, body);
  const { text } = protocol.answer(await exchange(address, request));
  return text.replace(/^[^]*\r\n\r\n/, "");
}

for (const [name, protocol] of Object.entries(gateways)) {
  test(`serve() serves by ${name}, at a port and at a Unix socket`, async () => {
    await using folder = await make_folder({});
    for (const bind of ["127.0.0.1:0", `unix:${folder.path}/socket`]) {
      const log = `${folder.path}/log`;
      const serving = await serve(echo, {
        protocol: name as keyof typeof gateways,
        bind,
        access_logfile: log,
        timeout: 0,
      });
      const answer = await ask(protocol, serving.server_address, "body");
      assertEquals(answer, "POST|/mounted|/x|192.0.2.1|body");
      await serving.shutdown();
      assertEquals(
        without_times(await Deno.readTextFile(log)),
        '192.0.2.1 - - [time] "POST /mounted/x HTTP/1.1" 200 31\n',
      );
      await Deno.remove(log);
    }
  });
}

test("serve() serves several applications in one process", async () => {
  const one = await serve(echo, { ...QUIET, root_path: "/one" });
  const other = await serve(demo_app, { ...QUIET, validate: true });
  assertEquals(await get(one, "/x"), "GET|/one|/x|127.0.0.1|");
  assertMatch(await get(other), /^Hello world!\n\n/);
  await one.shutdown();
  await assertRejects(() => get(one), TypeError);
  assertMatch(await get(other), /^Hello world!\n\n/);
  await other.shutdown();
});

test("serve() takes every setting of the command, but for those of a process", () => {
  const expected = Object.keys(OPTIONS)
    .filter((name) => !Object.hasOwn(OF_A_PROCESS, name));
  assertEquals(Object.keys(EVERY), expected);
  return Promise.resolve();
});

/** What an application made of a request. */
interface Seen {
  status: number;
  body: string | RegExp;
}

const too_late = new Promise<never>(() => {});

test("serve() does what its options say", async () => {
  const expected: [ServeOptions, WSGIApplication, RequestInit, Seen][] = [
    [{ root_path: "/a" }, echo, {}, {
      status: 200,
      body: "GET|/a|/x|127.0.0.1|",
    }],
    [{}, echo, { headers: { "X-Forwarded-For": "192.0.2.1" } }, {
      status: 200,
      body: "GET||/x|192.0.2.1|",
    }],
    [
      { forwarded_allow_ips: "" },
      echo,
      { headers: { "X-Forwarded-For": "192.0.2.1" } },
      { status: 200, body: "GET||/x|127.0.0.1|" },
    ],
    [
      { limit_request_body: 3 },
      echo,
      { method: "POST", body: "four" },
      { status: 413, body: "Content Too Large" },
    ],
    [{ limit_request_line: 10 }, echo, {}, {
      status: 414,
      body: "URI Too Long",
    }],
    [{ limit_request_fields: 1 }, echo, {}, {
      status: 431,
      body: "Request Header Fields Too Large",
    }],
    [{ limit_request_field_size: 2 }, echo, {}, {
      status: 431,
      body: "Request Header Fields Too Large",
    }],
    [{ timeout: 0.01 }, () => too_late, {}, {
      status: 503,
      body: "Service Unavailable",
    }],
    [{}, failing, {}, { status: 500, body: /^A server error occurred/ }],
    [{ debug: true }, failing, {}, { status: 500, body: /the well is dry/ }],
    [{ debug_anywhere: true }, failing, {}, {
      status: 500,
      body: /the well is dry/,
    }],
    [
      { validate: true },
      (_environ, start_response) => {
        start_response("200 OK", []);
        return [];
      },
      {},
      { status: 500, body: /^A server error occurred/ },
    ],
  ];
  await using folder = await make_folder({});
  const error_logfile = `${folder.path}/errors`;
  for (const [options, app, request, { status, body }] of expected) {
    const told = { ...QUIET, error_logfile, ...options };
    await using serving = await serve(app, told);
    const response = await fetch(`http://${serving.address}/x`, request);
    const page = await response.text();
    const what = JSON.stringify(options);
    assertEquals(response.status, status, what);
    if (typeof body === "string") assertEquals(page, body, what);
    else assertMatch(page, body, what);
  }
});

test("serve() takes what is undefined for not said", async () => {
  const unset = Object.fromEntries(
    Object.keys(EVERY).map((name) => [name, undefined]),
  );
  await using serving = await serve(echo, { ...unset, ...QUIET });
  assertEquals(await get(serving), "GET||/|127.0.0.1|");
});

test("serve() reads no variable of the environment", async () => {
  const variables = {
    TSGI_CMD_ARGS: "--root-path /x",
    WEB_CONCURRENCY: "2",
    GATEWAY_INTERFACE: "CGI/1.1",
    REQUEST_METHOD: "GET",
  };
  const program = source(`const serving = await serve((environ, start) => {
  start("200 OK", []);
  return [new TextEncoder().encode(environ.SCRIPT_NAME)];
}, QUIET);
const response = await fetch("http://" + serving.address);
console.log(JSON.stringify(await response.text()));
await serving.shutdown();
`);
  assertEquals(await run_script(program, { env: variables }), {
    code: 0,
    stdout: '""\n',
    stderr: "",
  });
});

/** The arguments that run a program, which has `serve` and `QUIET`. */
function source(program: string): string[] {
  const head = `import { serve } from "${new URL("cli/mod.ts", root)}";
const QUIET = ${JSON.stringify(QUIET)};
`;
  const url = `data:text/javascript,${encodeURIComponent(head + program)}`;
  return ["--config", new URL("deno.json", root).pathname, url];
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.test(`examples/serve.ts serves until ${signal}, and logs as JSON`, async () => {
    await using program = await start_server(["examples/serve.ts", "0"]);
    const { child, printed, url } = program;
    assertEquals(await (await fetch(url)).text(), "Hello world!\n");
    child.kill(signal);
    assertEquals((await child.status).code, 0);
    const last = "Everything is answered.\n";
    await until(() => printed.stdout.endsWith(last) && printed.stderr !== "");
    assertEquals(printed.stdout, `Serving at ${url}/\n${last}`);
    const { path, status, size } = JSON.parse(printed.stderr);
    assertEquals({ path, status, size }, { path: "/", status: 200, size: 13 });
  });
}

Deno.test("examples/serve.ts refuses a body of more than 1 MiB", async () => {
  await using program = await start_server(["examples/serve.ts", "0"]);
  for (const [excess, status] of [[0, 200], [1, 413]] as const) {
    const body = new Uint8Array(1024 ** 2 + excess);
    const response = await fetch(program.url, { method: "POST", body });
    await response.body?.cancel();
    assertEquals(response.status, status);
  }
});

Deno.test("serve() leaves signals to the program", async () => {
  const program = source(`const serving = await serve(() => [], QUIET);
console.log("http://" + serving.address);
`);
  await using server = await start_server(program);
  server.child.kill("SIGTERM");
  assertEquals((await server.child.status).signal, "SIGTERM");
});
