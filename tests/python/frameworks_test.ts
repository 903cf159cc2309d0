/**
 * Frameworks of Python, each with a small application: forms, cookies, sessions, uploads, downloads, streams, error pages.
 * The same requests go to the same application under waitress on CPython; the answers have to be the same byte for byte.
 */

import { assertEquals } from "@std/assert";
import { installed, make_folder } from "../fronts/fronts.ts";
import { in_front } from "../fronts/nginx.ts";
import { root } from "../support/support.ts";
import { start } from "../support/command.ts";
import { free_port } from "../support/processes.ts";
import { has_pyodide, PACKAGES } from "./support.ts";

const APPS = new URL("tests/python/apps/", root).pathname;
const FRAMEWORKS = ["flask", "bottle", "falcon", "webob", "django"];

/** Whether the packages, and a CPython that can have them, are here. */
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

/** One answer, in what does not change from time to time. */
interface Answer {
  request: string;
  status: number;
  headers: [string, string][];
  body: string;
}

/** What a server adds, or what depends on the time or on chance. */
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
      // The value of a session is another one each time.
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

/** An answer without the length of its body where only one server has found that out. */
function without_found_length(answer: Answer, other: Answer): Answer {
  if (other.headers.some(([name]) => name === "content-length")) return answer;
  const length = String(new TextEncoder().encode(answer.body).length);
  const headers = answer.headers.filter(([name, value]) =>
    name !== "content-length" || value !== length
  );
  return { ...answer, headers };
}

/** A client that keeps its cookies. */
class Client {
  #address: string;
  #cookies = new Map<string, string>();
  readonly answers: Answer[] = [];

  constructor(port: number) {
    this.#address = `http://127.0.0.1:${port}`;
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

/** The admin pages of Django: a login, a list out of the database, a new entry. */
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
  const client = new Client(port);
  await visit(client);
  if (framework === "django") await administer(client);
  return client.answers;
}

/** waitress on CPython. */
async function start_waitress(module: string) {
  const port = free_port();
  const child = new Deno.Command("/usr/bin/python3", {
    args: ["-m", "waitress", `--listen=127.0.0.1:${port}`, module],
    cwd: APPS,
    env: {
      PYTHONPATH: PACKAGES,
      PYTHONDONTWRITEBYTECODE: "1",
      DJANGO_FOLDER: "",
    },
    stdout: "null",
    stderr: "null",
  }).spawn();
  for (let tries = 0; tries < 600; tries++) {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      break;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  return {
    port,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.status;
    },
  };
}

/** How the command is started with an application, and where its clients find it. */
type Way = (
  module: string,
  name: string,
) => Promise<{ port: number } & AsyncDisposable>;

const ENVIRON = { cwd: APPS, env: { DJANGO_FOLDER: "" } };
const PATH = ["--pythonpath", PACKAGES];

/** By HTTP, and with wsgiref.validate around the application: it has nothing to object to it or to the server. */
const validated: Way = async (module, name) => {
  const factory = `validated:make('${module}', '${name}')`;
  const command = await start([...PATH, factory], ENVIRON);
  return {
    port: command.port,
    async [Symbol.asyncDispose]() {
      const { stderr } = await command.stop();
      assertEquals(stderr.match(/^AssertionError.*/gm), null);
    },
  };
};

/** By FastCGI, behind nginx as `examples/deployments` has it. */
const behind_nginx: Way = async (module, name) => {
  const folder = await make_folder();
  const socket = `${folder}/app.sock`;
  const command = await start(
    ["--protocol", "fastcgi", ...PATH, `${module}:${name}`],
    { ...ENVIRON, bind: `unix:${socket}` },
  );
  const front = await in_front("nginx_fastcgi.conf")(socket);
  return {
    port: front.port,
    async [Symbol.asyncDispose]() {
      await front[Symbol.asyncDispose]();
      await command[Symbol.asyncDispose]();
      await Deno.remove(folder, { recursive: true });
    },
  };
};

async function compare(framework: string, start_ours: Way): Promise<void> {
  const name = framework === "django" ? "application" : "app";
  const module = `${framework}_app`;
  await using ours = await start_ours(module, name);
  await using theirs = await start_waitress(`${module}:${name}`);
  const actual = await visit_all(ours.port, framework);
  const expected = await visit_all(theirs.port, framework);
  for (const [index, theirs] of expected.entries()) {
    const ours = actual[index]!;
    assertEquals(
      without_found_length(ours, theirs),
      without_found_length(theirs, ours),
    );
  }
}

for (const framework of FRAMEWORKS) {
  Deno.test({
    name:
      `${framework} behind wsgiref.validate answers as on CPython under waitress`,
    ignore: !has_pyodide || !has_packages,
    fn: () => compare(framework, validated),
  });
}

for (const framework of ["flask", "bottle"]) {
  Deno.test({
    name:
      `${framework} behind nginx, by FastCGI, answers as on CPython under waitress`,
    ignore: !has_pyodide || !has_packages || !installed("nginx"),
    fn: () => compare(framework, behind_nginx),
  });
}
