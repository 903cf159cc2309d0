/** What the settings of the command do to requests: limits, time, TLS, proxies, errors shown; by HTTP and FastCGI. */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import {
  make_folder,
  run,
  type Running,
  start,
  without_times,
} from "../../support/command.ts";
import { installed, make_certificate } from "../../fronts/fronts.ts";
import {
  exchange,
  fastcgi,
  whole_request,
} from "../../gateways/gateway_clients.ts";
import { ask, make_wide_gate } from "../../support/processes.ts";
import {
  bytes,
  raw_request,
  read_all,
  root,
  until,
  write_all,
} from "../../support/support.ts";

/** Answers with some variables, and the length of the body. */
const TELLING_APP = `export default async (environ, start_response) => {
  const { length } = await new Response(environ["wsgi.input"]).text();
  start_response("200 OK", [["Content-Type", "text/plain"]]);
  const names = decodeURIComponent(environ.QUERY_STRING).split(",");
  const values = names.map((name) => JSON.stringify(environ[name]));
  return [new TextEncoder().encode([...values, length].join(" "))];
};`;

// Limits

/** The status line and the body of the answer to a request, which needs no Connection header. */
async function answer_to(
  { port }: Running,
  request: string,
  body = "",
): Promise<string> {
  const head = `${request}\r\nConnection: close\r\n\r\n`;
  const answer = await raw_request(port, head + body);
  return `${answer.status.slice("HTTP/1.1 ".length)}|${answer.body}`;
}

// The status line of a 413 is Deno's, as every one by HTTP.
Deno.test("--limit-request-* refuse what is larger, by a byte", async () => {
  await using folder = await make_folder({ "app.ts": TELLING_APP });
  await using command = await start([
    ...["app.ts", "--limit-request-line", "20", "--limit-request-fields", "3"],
    ...["--limit-request-field-size", "26", "--limit-request-body", "10"],
  ], { cwd: folder.path });
  const get = "GET /1234567 HTTP/1.1\r\nHost: a";
  const post = "POST / HTTP/1.1\r\nHost: a";
  const ok = "200 OK|";
  const expected: [request: string, body: string, answer: string][] = [
    [get.replace("7", ""), "", `${ok} 0`],
    [get, "", "414 URI Too Long|URI Too Long"],
    ["GET / HTTP/1.1\r\nHost: a\r\nA: 1", "", `${ok} 0`],
    [
      "GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\nB: 2",
      "",
      "431 Request Header Fields Too Large|Request Header Fields Too Large",
    ],
    ["GET / HTTP/1.1\r\nHost: 12345678901234567890", "", `${ok} 0`],
    [
      "GET / HTTP/1.1\r\nHost: 123456789012345678901",
      "",
      "431 Request Header Fields Too Large|Request Header Fields Too Large",
    ],
    [`${post}\r\nContent-Length: 10`, "0123456789", `${ok} 10`],
    [
      `${post}\r\nContent-Length: 11`,
      "0123456789a",
      "413 Payload Too Large|Content Too Large",
    ],
    [
      `${post}\r\nTransfer-Encoding: chunked`,
      "b\r\n0123456789a\r\n0\r\n\r\n",
      "413 Payload Too Large|Content Too Large",
    ],
  ];
  for (const [request, body, answer] of expected) {
    assertEquals(await answer_to(command, request, body), answer, request);
  }
  assertEquals((await command.stop()).code, 0);
});

Deno.test("--limit-request-body refuses a larger body by FastCGI", async () => {
  await using folder = await make_folder({ "app.ts": TELLING_APP });
  await using command = await start(
    ["app.ts", "--protocol", "fastcgi", "--limit-request-body", "10"],
    { cwd: folder.path },
  );
  const answers = ["0123456789", "0123456789a"].map(async (body) => {
    const request = whole_request(fastcgi, { REQUEST_METHOD: "POST" }, body);
    const raw = await exchange(["127.0.0.1", command.port], request);
    return fastcgi.answer(raw).text.split("\r\n")[0];
  });
  assertEquals(await Promise.all(answers), ["200 OK", "413 Content Too Large"]);
});

Deno.test("--timeout answers with a 503 where the application does not, and closes its result when it comes", async () => {
  await using folder = await make_folder({
    "app.ts": `export default async (environ, start_response) => {
  await (await fetch(environ.QUERY_STRING)).text();
  return Object.assign([], { close: () => console.log("closed") });
};`,
  });
  await using gate = make_wide_gate();
  await using command = await start(
    ["app.ts", "--timeout", "0.1"],
    { cwd: folder.path },
  );
  const response = await fetch(`${command.address}?${gate.url}`);
  assertEquals(response.status, 503);
  assertEquals(await response.text(), "Service Unavailable");
  assertEquals(command.printed.stdout.includes("closed"), false);
  gate.open();
  await until(() => command.printed.stdout.includes("closed"));
  const { code, stderr } = await command.stop();
  assertEquals(code, 0);
  const request = `"GET /?${gate.url} HTTP/1.1"`;
  const lines = without_times(stderr).split("\n").sort();
  assertEquals(lines.length, 3);
  assertEquals(lines[1], `127.0.0.1 - - [time] ${request} 503 19`);
  assertStringIncludes(
    lines[2]!,
    `[ERROR] ${request} was not answered within 0.1 s: 503`,
  );
});

// TLS

Deno.test({
  name: "--certfile and --keyfile serve HTTPS, by HTTP/1.1 and HTTP/2",
  ignore: !installed("openssl"),
  async fn() {
    await using folder = await make_folder({ "app.ts": TELLING_APP });
    const { certificate, key } = await make_certificate(folder.path);
    const caCerts = [await Deno.readTextFile(certificate)];
    const tls = ["--certfile", certificate, "--keyfile", key];
    const query = "?wsgi.url_scheme,HTTPS,SERVER_PORT";
    for (const workers of ["0", "1"]) {
      await using command = await start(
        ["app.ts", ...tls, "--workers", workers],
        { cwd: folder.path },
      );
      const { address, port } = command;
      assertEquals(address, `https://127.0.0.1:${port}/`);
      for (const http2 of [false, true]) {
        using client = Deno.createHttpClient({ caCerts, http1: !http2, http2 });
        const response = await fetch(`${address}${query}`, { client });
        assertEquals(await response.text(), `"https" "on" "${port}" 0`);
      }
      assertEquals((await command.stop()).code, 0);
    }
  },
});

Deno.test({
  name: "a certificate or a key that is none is one line",
  ignore: !installed("openssl"),
  async fn() {
    await using folder = await make_folder({ "none.pem": "none\n" });
    const { certificate } = await make_certificate(folder.path);
    const other = await make_folder({});
    const { key } = await make_certificate(other.path);
    await Deno.writeTextFile(
      `${folder.path}/encrypted.pem`,
      "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
    );
    await Deno.writeTextFile(`${folder.path}/empty.pem`, "");
    const missing =
      "No such file or directory (os error 2): readfile 'missing.pem'";
    const begins = "in PEM (-----BEGIN ...), got none";
    const no_certificate = `expected a certificate ${begins}`;
    const no_key = `expected a private key ${begins}`;
    const cases: [cert: string, key: string | null, message: string][] = [
      ["missing.pem", key, `cannot read --certfile: ${missing}`],
      [certificate, "missing.pem", `cannot read --keyfile: ${missing}`],
      ["none.pem", key, `cannot use --certfile none.pem: ${no_certificate}`],
      ["empty.pem", null, `cannot use --certfile empty.pem: ${no_certificate}`],
      [certificate, "none.pem", `cannot use --keyfile none.pem: ${no_key}`],
      [certificate, "empty.pem", `cannot use --keyfile empty.pem: ${no_key}`],
      [
        certificate,
        "encrypted.pem",
        "cannot use --keyfile encrypted.pem: it is encrypted",
      ],
      [
        certificate,
        null,
        `cannot use the key in --certfile ${certificate}, as there is no --keyfile: expected a private key, got certificate`,
      ],
      [
        certificate,
        key,
        `cannot use --keyfile ${key}: it does not belong to --certfile`,
      ],
    ];
    await Promise.all(cases.map(async ([cert, key, message]) => {
      const tls = [
        "--certfile",
        cert,
        ...key === null ? [] : ["--keyfile", key],
      ];
      const ways = [["--workers", "0"], ["--workers", "1"], ["--check-config"]];
      for (const way of ways) {
        assertEquals(
          await run(["--bind", "127.0.0.1:0", ...tls, ...way], {
            cwd: folder.path,
          }),
          { code: 2, stdout: "", stderr: `error: ${message}\n` },
        );
      }
    }));
    await other[Symbol.asyncDispose]();
  },
});

Deno.test({
  name: "a certificate is not blamed for an address that is not to be had",
  ignore: !installed("openssl"),
  async fn() {
    await using folder = await make_folder({});
    const { certificate, key } = await make_certificate(folder.path);
    const tls = ["--certfile", certificate, "--keyfile", key];
    const { code, stderr } = await run(["--bind", "192.0.2.1:0", ...tls]);
    assertEquals(code, 1);
    assertMatch(stderr, /^error: cannot listen at 192\.0\.2\.1:0: .+\n$/);
    assertEquals(await run(["--check-config", ...tls]), {
      code: 0,
      stdout: "The configuration is good.\n",
      stderr: "",
    });
  },
});

// Proxies

const FORGED = {
  "X-Forwarded-For": "203.0.113.9",
  "X-Forwarded-Proto": "https",
  "X-Forwarded-Host": "example.org",
};

Deno.test("--forwarded-allow-ips says whose X-Forwarded-* are believed", async () => {
  await using folder = await make_folder({ "app.ts": TELLING_APP });
  const query = "?REMOTE_ADDR,wsgi.url_scheme,HTTP_HOST";
  for (const allowed of [null, "10.0.0.1", "127.0.0.0/8", ""]) {
    const args = allowed === null ? [] : [`--forwarded-allow-ips=${allowed}`];
    await using command = await start(["app.ts", ...args], {
      cwd: folder.path,
    });
    const { address, port } = command;
    const is_believed = allowed === null || allowed.startsWith("127");
    const response = await fetch(`${address}${query}`, { headers: FORGED });
    assertEquals(
      await response.text(),
      is_believed
        ? '"203.0.113.9" "https" "example.org" 0'
        : `"127.0.0.1" "http" "127.0.0.1:${port}" 0`,
      `${allowed}`,
    );
    const logged = is_believed ? "203.0.113.9" : "127.0.0.1";
    const { stderr } = await command.stop();
    assertEquals(stderr.split(" ")[0], logged);
  }
});

Deno.test("--root-path is SCRIPT_NAME", async () => {
  await using folder = await make_folder({ "app.ts": TELLING_APP });
  await using command = await start(["app.ts", "--root-path", "/mount"], {
    cwd: folder.path,
  });
  const query = "?SCRIPT_NAME,PATH_INFO,REQUEST_URI";
  for (const path of ["/mount/x", "/x"]) {
    assertEquals(
      await ask(command.port, path + query),
      `"/mount" "/x" "${path}${query}" 0`,
    );
  }
});

Deno.test("--umask that may not be set is one line", async () => {
  const { stdout, stderr, code } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--no-prompt", "--allow-read", "--allow-net", "--allow-env"],
      ...["mod.ts", "--umask", "007"],
    ],
    cwd: root,
    env: { NO_COLOR: "1" },
  }).output();
  assertEquals([code, stdout.length], [2, 0]);
  assertMatch(
    new TextDecoder().decode(stderr),
    /^error: cannot set --umask: Requires sys access .*\n$/,
  );
});

Deno.test("--umask is that of a Unix socket, whose clients have no address", async () => {
  await using folder = await make_folder({ "app.ts": TELLING_APP });
  const path = `${folder.path}/socket`;
  for (const [mask, mode] of [["007", 0o770], ["0177", 0o600]] as const) {
    await using _command = await start(["app.ts", "--umask", mask], {
      cwd: folder.path,
      bind: `unix:${path}`,
    });
    assertEquals((await Deno.stat(path)).mode! & 0o777, mode);
    using conn = await Deno.connect({ transport: "unix", path });
    const request = "GET /?REMOTE_ADDR HTTP/1.1\r\nHost: a\r\n";
    await write_all(conn, bytes(`${request}Connection: close\r\n\r\n`));
    assertEquals((await read_all(conn)).split("\r\n\r\n")[1], '"" 0');
  }
});

// Errors

Deno.test("--debug shows errors to the client, which gets a fixed text without it", async () => {
  await using folder = await make_folder({
    "app.ts": `export default () => { throw new Error("the well is dry"); };`,
  });
  for (const args of [[], ["--debug"], ["--debug-anywhere", "-w", "1"]]) {
    await using command = await start(["app.ts", ...args], {
      cwd: folder.path,
    });
    const response = await fetch(command.address, {
      headers: { Accept: "text/html" },
    });
    assertEquals(response.status, 500);
    const page = await response.text();
    assertEquals(page.includes("the well is dry"), args.length > 0);
    const { stderr } = await command.stop();
    assertMatch(
      stderr,
      /^\[.+\] \[\d+\] \[ERROR\] error while answering "GET \/ HTTP\/1.1":\nError: the well is dry\n {4}at /,
    );
  }
});
