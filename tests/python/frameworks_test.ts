/**
 * A small application of each framework: forms, cookies, sessions, uploads, downloads, streams, error pages. The same
 * requests are sent to waitress on CPython, and the responses must be the same, byte for byte.
 */

import { assertEquals } from "@std/assert";
import { installed, make_folder } from "../fronts/fronts.ts";
import { in_front } from "../fronts/nginx.ts";
import { root, until } from "../support/support.ts";
import { start } from "../support/command.ts";
import { free_port, is_listening } from "../support/processes.ts";
import { has_pyodide, PACKAGES } from "./support.ts";

const APPS = new URL("tests/python/apps/", root).pathname;
const FRAMEWORKS = ["flask", "bottle", "falcon", "webob", "django"];

/** Whether the packages and CPython are installed. */
const has_packages = is_there(`${PACKAGES}/flask`) &&
  is_there("/usr/bin/python3");

if (!has_packages) {
  console.log(
    `Left out, as there are no packages of Python at ${PACKAGES}: run tests/python/packages.sh`,
  );
}

function is_there(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

/** A response, without what changes from one time to the next. */
interface Answer {
  request: string;
  status: number;
  headers: [string, string][];
  body: string;
}

/** Headers that depend on the server or on the time. */
const OF_SERVER =
  /^(date|server|connection|keep-alive|transfer-encoding|via|expires)$/;

async function record(response: Response, request: string): Promise<Answer> {
  const headers = [...response.headers]
    .filter(([name]) =>
      !OF_SERVER.test(name) && name !== "vary" ||
      name === "vary" && response.headers.get(name) !== "Accept-Encoding"
    )
    .map(([name, value]): [string, string] => [
      name,
      // The value of a session cookie is random.
      name === "set-cookie"
        ? value.replace(/^([^=]+)=[^;]*/, "$1=...").replace(
          /expires=[^;]*/i,
          "expires=...",
        )
        : value.replace(/http:\/\/127\.0\.0\.1:\d+/, ""),
    ]).sort();
  return {
    request,
    status: response.status,
    headers,
    body: (await response.text()).replaceAll(/127\.0\.0\.1:\d+/g, ""),
  };
}

/** A response without its Content-Length if only one of the servers has set it. */
function without_found_length(answer: Answer, other: Answer): Answer {
  if (other.headers.some(([name]) => name === "content-length")) return answer;
  const length = String(new TextEncoder().encode(answer.body).length);
  const headers = answer.headers.filter(([name, value]) =>
    name !== "content-length" || value !== length
  );
  return { ...answer, headers };
}

/** A client of one framework's application, which keeps its cookies. */
class Client {
  #address: string;
  #framework: string;
  #cookies = new Map<string, string>();
  readonly answers: Answer[] = [];

  constructor(port: number, framework: string) {
    this.#address = `http://127.0.0.1:${port}`;
    this.#framework = framework;
  }

  async send(path: string, init: RequestInit = {}): Promise<Answer> {
    const cookie = Array.from(
      this.#cookies,
      ([name, value]) => `${name}=${value}`,
    ).join("; ");
    const response = await fetch(this.#address + path, {
      ...init,
      redirect: "manual",
      headers: {
        "Accept-Encoding": "identity",
        "X-Framework": this.#framework,
        ...cookie ? { Cookie: cookie } : {},
        ...init.headers,
      },
    });
    for (const each of response.headers.getSetCookie()) {
      const [, name, value] = each.match(/^([^=]+)=([^;]*)/)!;
      this.#cookies.set(name!, value!);
    }
    const answer = await record(response, `${init.method ?? "GET"} ${path}`);
    this.answers.push(answer);
    return answer;
  }
}

async function visit(client: Client): Promise<void> {
  await client.send("/?name=M%C3%BCller%20%26%20Co");
  await client.send("/", { method: "HEAD" });
  await client.send("/form", {
    method: "POST",
    body: new URLSearchParams({ name: "J\u00fcrgen" }),
  });
  await client.send("/session");
  for (const size of [10, 3_000_000]) {
    const head =
      '--X\r\nContent-Disposition: form-data; name="text"\r\n\r\nsome text\r\n--X\r\n' +
      'Content-Disposition: form-data; name="file"; filename="a.bin"\r\nContent-Type: application/octet-stream\r\n\r\n';
    const body = `${head}${"u".repeat(size)}\r\n--X--\r\n`;
    await client.send("/upload", {
      method: "POST",
      body,
      headers: { "Content-Type": "multipart/form-data; boundary=X" },
    });
  }
  await client.send("/download");
  await client.send("/stream?name=line");
  await client.send("/json", {
    method: "POST",
    body: '{"a": [1, "\\u00e9", null]}',
    headers: { "Content-Type": "application/json" },
  });
  await client.send("/error");
  await client.send("/missing");
}

/** The admin pages of Django: a login, a list from the database, a new entry. */
async function administer(client: Client): Promise<void> {
  const token = /name="csrfmiddlewaretoken" value="([^"]+)"/;
  const form = (page: Answer, fields: Record<string, string>) => ({
    method: "POST",
    body: new URLSearchParams({
      csrfmiddlewaretoken: page.body.match(token)?.[1] ?? "",
      ...fields,
    }),
  });
  const login = await client.send("/admin/login/?next=/admin/");
  await client.send(
    "/admin/login/?next=/admin/",
    form(login, { username: "admin", password: "wrong" }),
  );
  await client.send(
    "/admin/login/?next=/admin/",
    form(login, { username: "admin", password: "secret" }),
  );
  await client.send("/admin/");
  await client.send("/admin/auth/user/");
  const add = await client.send("/admin/auth/group/add/");
  await client.send(
    "/admin/auth/group/add/",
    form(add, { name: "editors", _save: "Save" }),
  );
  await client.send("/admin/auth/group/");
  await client.send("/users");
  for (const answer of client.answers) {
    answer.body = answer.body.replaceAll(
      /(csrfmiddlewaretoken" value=|nonce=)"[^"]+"/g,
      "$1...",
    );
  }
}

async function visit_all(port: number, framework: string): Promise<Answer[]> {
  const client = new Client(port, framework);
  await visit(client);
  if (framework === "django") await administer(client);
  return client.answers;
}

/** Starts waitress on CPython. */
async function start_waitress() {
  const port = free_port();
  const child = new Deno.Command("/usr/bin/python3", {
    args: [
      "-m",
      "waitress",
      `--listen=127.0.0.1:${port}`,
      "frameworks:application",
    ],
    cwd: APPS,
    env: {
      PYTHONPATH: PACKAGES,
      PYTHONDONTWRITEBYTECODE: "1",
      DJANGO_FOLDER: "",
    },
    stdout: "null",
    stderr: "null",
  }).spawn();
  await until(() => is_listening(child.pid, port));
  return {
    port,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.status;
    },
  };
}

/** Without --timeout, as the first request to Django imports it, which takes long on a busy machine. */
const OPTIONS = ["--timeout", "0", "--pythonpath", PACKAGES];
const CIRCUMSTANCES = { cwd: APPS, env: { DJANGO_FOLDER: "" } };

/** Compares the responses of a port with those of waitress, a step for each framework. */
async function compare(
  t: Deno.TestContext,
  port: number,
  frameworks: string[],
): Promise<void> {
  await using waitress = await start_waitress();
  for (const framework of frameworks) {
    await t.step(framework, async () => {
      const actual = await visit_all(port, framework);
      const expected = await visit_all(waitress.port, framework);
      for (const [index, theirs] of expected.entries()) {
        const ours = actual[index]!;
        assertEquals(
          without_found_length(ours, theirs),
          without_found_length(theirs, ours),
        );
      }
    });
  }
}

Deno.test({
  name:
    "frameworks behind wsgiref.validate answer as under waitress on CPython",
  ignore: !has_pyodide || !has_packages,
  async fn(t) {
    const command = await start(
      [...OPTIONS, "frameworks:validated"],
      CIRCUMSTANCES,
    );
    await using _ = command;
    await compare(t, command.port, FRAMEWORKS);
    const { stderr } = await command.stop();
    assertEquals(stderr.match(/^AssertionError.*/gm), null);
  },
});

Deno.test({
  name:
    "frameworks behind nginx, over FastCGI, answer as under waitress on CPython",
  ignore: !has_pyodide || !has_packages || !installed("nginx"),
  async fn(t) {
    const folder = await make_folder();
    const socket = `${folder}/app.sock`;
    await using _command = await start(
      ["--protocol", "fastcgi", ...OPTIONS, "frameworks:application"],
      { ...CIRCUMSTANCES, bind: `unix:${socket}` },
    );
    await using front = await in_front("nginx_fastcgi.conf")(socket);
    await compare(t, front.port, ["flask", "bottle"]);
    await Deno.remove(folder, { recursive: true });
  },
});
