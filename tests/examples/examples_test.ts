/** Every example runs as its first comment says, and answers a real client. */

import {
  assert,
  assertEquals,
  assertFalse,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { TextLineStream, toText } from "@std/streams";
import {
  exchange,
  fastcgi,
  whole_request,
} from "../gateways/gateway_clients.ts";
import {
  bytes,
  type ChildServer,
  raw_request,
  root,
  run_script,
  start_server,
  until,
} from "../support/support.ts";

/** Serves an application by the command, at a free port. */
function serve_app(module: string): Promise<ChildServer> {
  return start_server(["mod.ts", "--bind", "127.0.0.1:0", module]);
}

/** Sends a request by hand, and gives what the application made of it: no header of the platform's. */
async function raw(
  server: { url: string },
  request_line: string,
  ...headers: string[]
): Promise<{ status: string; headers: string[]; body: string }> {
  const lines = [request_line, "Host: x", "Connection: close", ...headers];
  const answer = await raw_request(
    Number(new URL(server.url).port),
    `${lines.join("\r\n")}\r\n\r\n`,
  );
  const of_platform = /^(connection|date|server|vary):/;
  return {
    status: answer.status,
    headers: answer.headers
      .map((line) => line.replace(/^[^:]+/, (name) => name.toLowerCase()))
      .filter((line) => !of_platform.test(line))
      .sort(),
    body: answer.body,
  };
}

Deno.test("examples/hello.ts answers with its greeting", async () => {
  await using server = await serve_app("examples/hello.ts");
  assertEquals(await raw(server, "GET / HTTP/1.1"), {
    status: "HTTP/1.1 200 OK",
    headers: ["content-length: 13", "content-type: text/plain; charset=utf-8"],
    body: "Hello world!\n",
  });
});

/** Starts the demo, which prints a port and no URL: its file, or what is given as its source. */
async function start_demo(source: string | null = null) {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-lock", source ? "-" : "examples/demo.ts", "0"],
    cwd: root,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const stderr = toText(child.stderr);
  const stdin = child.stdin.getWriter();
  if (source) await stdin.write(new TextEncoder().encode(source));
  await stdin.close();
  const lines = child.stdout
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new TextLineStream())
    .getReader();
  const { value: line = "" } = await lines.read();
  return {
    line,
    url: `http://127.0.0.1:${line.match(/\d+/)?.[0]}`,
    stderr,
    status: child.status,
    async [Symbol.asyncDispose]() {
      try {
        child.kill("SIGKILL");
      } catch {
        // It has ended.
      }
      await child.status;
      await stderr;
      await lines.cancel();
    },
  };
}

Deno.test("examples/demo.ts answers with the demo page, again and again", async () => {
  await using demo = await start_demo();
  assertMatch(demo.line, /^Serving HTTP on port [1-9]\d*\.\.\.$/);
  for (const path of ["/one", "/two?x=%20"]) {
    const response = await fetch(demo.url + path);
    const page = await response.text();
    assert(page.startsWith("Hello world!\n\n"), page);
    assertStringIncludes(page, `\nREQUEST_URI = '${path}'\n`);
  }
});

Deno.test("examples/demo.ts answers one request and ends by handle_request()", async () => {
  const source = await Deno.readTextFile(new URL("examples/demo.ts", root));
  const serve_forever = "await httpd.serve_forever();";
  const handle_request = "await httpd.handle_request();";
  assertStringIncludes(source, serve_forever);
  assertStringIncludes(source, `// ${handle_request}`);
  await using demo = await start_demo(
    source.replace(serve_forever, "")
      .replace(`// ${handle_request}`, handle_request),
  );
  const response = await fetch(`${demo.url}/one`);
  assertStringIncludes(await response.text(), "\nPATH_INFO = '/one'\n");
  const { code } = await demo.status;
  assertEquals(code, 0);
  assertMatch(
    await demo.stderr,
    /^127\.0\.0\.1 - - \[[^\]]+\] "GET \/one HTTP\/1\.1" 200 \d+\n$/,
  );
});

Deno.test("examples/mount.ts answers by the application that the path begins with", async () => {
  await using server = await serve_app("examples/mount.ts");
  const expected = {
    "/blog/2026/11": 'The blog at /blog shows "/2026/11"\n',
    "/blog/": 'The blog at /blog shows "/"\n',
    "/shop": 'The shop at /shop shows ""\n',
    "//./shop/caf%C3%A9?x=1": 'The shop at /shop shows "/café"\n',
  };
  for (const [path, body] of Object.entries(expected)) {
    const answer = await raw(server, `GET ${path} HTTP/1.1`);
    assertEquals(answer.status, "HTTP/1.1 200 OK");
    assertEquals(new TextDecoder().decode(bytes(answer.body)), body);
  }
});

Deno.test("examples/mount.ts answers 404 where nothing is mounted", async () => {
  await using server = await serve_app("examples/mount.ts");
  for (const path of ["/", "/blo", "/blogs", "/constructor", "/BLOG"]) {
    assertEquals(await raw(server, `GET ${path} HTTP/1.1`), {
      status: "HTTP/1.1 404 Not Found",
      headers: ["content-length: 33", "content-type: text/plain"],
      body: "Not found. Try /blog/ or /shop/.\n",
    });
  }
});

const form_page = `<!doctype html>
<form method="post">
  <label>Your name: <input name="name"></label>
  <button>Send</button>
</form>
`;

Deno.test("examples/post_form.ts answers a GET with the form, and a HEAD with its headers", async () => {
  await using server = await serve_app("examples/post_form.ts");
  const response = await fetch(server.url);
  assertEquals(response.status, 200);
  assertEquals(
    response.headers.get("content-type"),
    "text/html; charset=utf-8",
  );
  assertEquals(await response.text(), form_page);
  const head = await raw(server, "HEAD / HTTP/1.1");
  assertEquals(head.status, "HTTP/1.1 200 OK");
  assertEquals(head.body, "");
});

Deno.test("examples/post_form.ts answers a POST with what was sent, escaped", async () => {
  await using server = await serve_app("examples/post_form.ts");
  const names = {
    "Ada Lovelace": "Ada Lovelace",
    "花子": "花子",
    "<b a=\"1\" c='2'>&": "&#60;b a=&#34;1&#34; c=&#39;2&#39;&#62;&#38;",
    "": "stranger",
  };
  for (const [name, shown] of Object.entries(names)) {
    const response = await fetch(server.url, {
      method: "POST",
      body: new URLSearchParams({ name }),
    });
    assertEquals(
      await response.text(),
      `<!doctype html>\n<p>Hello, ${shown}!</p>\n`,
    );
  }
});

Deno.test("examples/post_form.ts answers a body in chunks", async () => {
  await using server = await serve_app("examples/post_form.ts");
  const response = await fetch(server.url, {
    method: "POST",
    body: ReadableStream.from([bytes("na"), bytes("me=A"), bytes("da")]),
  });
  assertEquals(
    await response.text(),
    "<!doctype html>\n<p>Hello, Ada!</p>\n",
  );
});

Deno.test("examples/post_form.ts answers 405 with Allow to any other method", async () => {
  await using server = await serve_app("examples/post_form.ts");
  assertEquals(await raw(server, "DELETE / HTTP/1.1"), {
    status: "HTTP/1.1 405 Method Not Allowed",
    headers: [
      "allow: GET, HEAD, POST",
      "content-length: 30",
      "content-type: text/plain",
    ],
    body: "This form takes GET and POST.\n",
  });
});

Deno.test("examples/stream.ts answers with the whole countdown", async () => {
  await using server = await serve_app("examples/stream.ts");
  const response = await fetch(`${server.url}/?from=1`);
  assertEquals(response.headers.get("content-type"), "text/event-stream");
  assertEquals(response.headers.get("cache-control"), "no-store");
  assertEquals(await response.text(), "data: 1\n\ndata: Lift-off!\n\n");
  await until(() => server.printed.stderr.includes("ended"));
  assertStringIncludes(server.printed.stderr, "The countdown ended at 0\n");
});

Deno.test("examples/stream.ts answers one event after the other, and ends when the client leaves", async () => {
  await using server = await serve_app("examples/stream.ts");
  // The last event of this countdown is days away: what can be read was sent before it.
  const response = await fetch(`${server.url}/?from=1000000`);
  const body = response.body!.pipeThrough(new TextDecoderStream());
  const reader = body.getReader();
  let events = "";
  while (events.split("\n\n").length < 3) {
    events += (await reader.read()).value ?? "";
  }
  assert(events.startsWith("data: 1000000\n\ndata: 999999\n\n"), events);
  assertFalse(server.printed.stderr.includes("ended"));
  await reader.cancel();
  await until(() =>
    /The countdown ended at [1-9]\d*\n/.test(server.printed.stderr)
  );
});

Deno.test("examples/file.ts answers with its own source", async () => {
  await using server = await serve_app("examples/file.ts");
  const source = await Deno.readFile(new URL("examples/file.ts", root));
  const response = await fetch(server.url);
  assertEquals(await response.bytes(), source);
  const head = await raw(server, "HEAD / HTTP/1.1");
  assertEquals(head, {
    status: "HTTP/1.1 200 OK",
    headers: [
      `content-length: ${source.length}`,
      "content-type: text/plain; charset=utf-8",
    ],
    body: "",
  });
});

/** Serves the file at `path` by `send_file` of the example. */
async function serve_file(path: string, folder: string): Promise<ChildServer> {
  const example = new URL("examples/file.ts", root);
  const module = `${folder}/app.ts`;
  await Deno.writeTextFile(
    module,
    `import { send_file } from ${JSON.stringify(example)};
export default send_file(${JSON.stringify(path)}, "image/x-test");\n`,
  );
  return serve_app(module);
}

Deno.test("examples/file.ts answers with every byte of a large file", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const data = Uint8Array.from({ length: 1_000_003 }, (_, i) => i * i >> 3);
    await Deno.writeFile(`${folder}/data`, data);
    await using server = await serve_file(`${folder}/data`, folder);
    const response = await fetch(server.url);
    assertEquals(response.headers.get("content-length"), String(data.length));
    assertEquals(response.headers.get("content-type"), "image/x-test");
    const body = await response.bytes();
    assertEquals(body.length, data.length);
    assert(body.every((byte, index) => byte === data[index]));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("examples/file.ts answers 404 where the file is missing", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await using server = await serve_file(`${folder}/missing`, folder);
    assertEquals(await raw(server, "GET / HTTP/1.1"), {
      status: "HTTP/1.1 404 Not Found",
      headers: ["content-length: 10", "content-type: text/plain"],
      body: "Not found\n",
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** Runs the CGI script as a web server does. */
function run_cgi(env: Record<string, string>, stdin = "") {
  const server = {
    GATEWAY_INTERFACE: "CGI/1.1",
    SERVER_PROTOCOL: "HTTP/1.1",
    SERVER_NAME: "localhost",
    SERVER_PORT: "80",
    SCRIPT_NAME: "/cgi-bin/cgi_script.ts",
    PATH_INFO: "",
    QUERY_STRING: "",
  };
  return run_script(["examples/cgi_script.ts"], {
    env: { ...server, ...env },
    stdin,
  });
}

/** All that the CGI script writes to greet `name`; characters are bytes. */
function greeting(name: string, method = "GET"): string {
  const body = `Hello, ${name}!\n`;
  return "Status: 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\n" +
    `Content-Length: ${body.length}\r\n\r\n${method === "HEAD" ? "" : body}`;
}

Deno.test("examples/cgi_script.ts answers a GET by its environment", async () => {
  const get = { REQUEST_METHOD: "GET" };
  assertEquals(
    await run_cgi({ ...get, QUERY_STRING: "x=1&name=caf%C3%A9+au+lait" }),
    { code: 0, stdout: greeting("caf\xc3\xa9 au lait"), stderr: "" },
  );
  assertEquals(await run_cgi(get), {
    code: 0,
    stdout: greeting("stranger"),
    stderr: "",
  });
});

Deno.test("examples/cgi_script.ts answers a POST by CONTENT_LENGTH bytes of its stdin", async () => {
  const post = {
    REQUEST_METHOD: "POST",
    CONTENT_TYPE: "application/x-www-form-urlencoded",
    CONTENT_LENGTH: "8",
    QUERY_STRING: "name=Eve",
  };
  assertEquals(await run_cgi(post, "name=Ada"), {
    code: 0,
    stdout: greeting("Ada"),
    stderr: "",
  });
  assertEquals(await run_cgi(post, "name=Ada and more"), {
    code: 0,
    stdout: greeting("Ada"),
    stderr: "",
  });
});

Deno.test("examples/cgi_script.ts answers a POST whose body was cut short with a 400, and logs nothing", async () => {
  const { stdout, stderr } = await run_cgi({
    REQUEST_METHOD: "POST",
    CONTENT_LENGTH: "9",
  }, "name=Ada");
  assert(stdout.startsWith("Status: 400 Bad Request\r\n"), stdout);
  assertFalse(stdout.includes("Ada"));
  assertEquals(stderr, "");
});

/** Starts the custom handlers, their error log in a file of their own. */
async function start_custom() {
  const log = await Deno.makeTempFile();
  const server = await start_server(["examples/custom_handler.ts", "0", log]);
  return {
    server,
    read_log: () => Deno.readTextFile(log),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await Deno.remove(log);
    },
  };
}

Deno.test("examples/custom_handler.ts answers with the number in environ", async () => {
  await using custom = await start_custom();
  for (const number of [1, 2]) {
    const response = await fetch(custom.server.url);
    assertEquals(response.status, 200);
    assertEquals(
      await response.text(),
      `This is request ${number}. Try /fail.\n`,
    );
  }
  assertEquals(await custom.read_log(), "");
});

Deno.test("examples/custom_handler.ts answers an error with its page, and logs it to its file", async () => {
  await using custom = await start_custom();
  const page = `<!doctype html>
<title>Something went wrong</title>
<p>Sorry, that did not work. We have noted it as number 1.</p>
`;
  assertEquals(
    await raw(custom.server, "POST /fail HTTP/1.1", "Content-Length: 0"),
    {
      status: "HTTP/1.1 500 Internal Server Error",
      headers: [
        `content-length: ${page.length}`,
        "content-type: text/html; charset=utf-8",
      ],
      body: page,
    },
  );
  assertMatch(
    await custom.read_log(),
    /^Request 1: Error: the well is dry\n {4}at app \(.*custom_handler\.ts:/,
  );
  await until(() => custom.server.printed.stderr.includes("\n"));
  // The access log is all that stderr gets.
  assertMatch(
    custom.server.printed.stderr,
    /^127\.0\.0\.1 - - \[[^\]]+\] "POST \/fail HTTP\/1\.1" 500 115\n$/,
  );
});

Deno.test("fastcgi.ts answers a web server at its socket", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/socket`;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-lock", "examples/fastcgi.ts", path],
    cwd: root,
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  assertEquals((await lines.read()).value, `Serving at unix:${path}\n`);
  const request = whole_request(fastcgi, { PATH_INFO: "/x" });
  const answer = fastcgi.answer(await exchange(path, request));
  assertStringIncludes(answer.text, "\nPATH_INFO = '/x'\n");
  child.kill("SIGKILL");
  await child.status;
  await lines.cancel();
  await Deno.remove(folder, { recursive: true });
});
