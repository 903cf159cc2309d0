/** Mistakes that keep the command from serving, as their user reads them: the command, and what it prints. */

import { assertEquals, assertInstanceOf } from "@std/assert";
import { parse_command } from "../../../cli/settings/parse_options.ts";
import { UsageError } from "../../../cli/settings/usage_error.ts";
import {
  type Ended,
  make_folder,
  mod as MOD,
  run,
} from "../../support/command.ts";
import { installed } from "../../fronts/fronts.ts";
import { certificate, key, other_key } from "./certificates.ts";

const NONE = "exports no application (a WSGI function, or an object with a " +
  "method fetch) named default or application or app or fetch: it exports";

const ADDRESS =
  "--bind takes HOST:PORT, :PORT, [::1]:PORT or unix:/path with " +
  "a port up to 65535, got";

const ROOT_PATH =
  "--root-path takes a path such as /prefix, with a leading slash, no " +
  "trailing slash, and no character that a URL encodes, got";

const PEM = "in PEM (-----BEGIN ...), got";

/** What stands in the folder. */
const FILES: Record<string, string> = {
  "app.ts": "export default () => [];",
  "object.ts": "export default { x: 1 };",
  "main_function.ts": "export function main() { return []; }",
  "class.ts": "export default class Shop { fetch() {} }",
  "promise.ts": "export default Promise.resolve(() => []);",
  "imports.ts": 'import { Hono } from "hono";\nexport default new Hono();',
  "no_function.ts": 'export default { fetch: "x" };',
  "serves.ts":
    "if (false) Deno.serve(() => new Response());\nexport const x = 1;",
  "nothing.ts": "export default null;",
  "response.ts": "export default new Response();",
  "shop.wsgi": "application = 1",
  "empty.ts": "",
  "koa.ts": "export default { listen() {}, callback() {} };",
  "express.ts": "export default Object.assign((q, s) => {}, { listen() {} });",
  "vercel.js": "export default function handler(req, res) { res.end(); }",
  "h3.js": "export const app = { stack: [], handler() {}, use() {} };",
  "bun.js": 'export default { routes: { "/": () => new Response() } };',
  "worker.js": 'addEventListener("fetch", (event) => event.respondWith(1));',
  "server.ts": "export const server = { fetch: () => new Response() };",
  "exits.ts": "Deno.exit(3);",
  "syntax.ts": "export default { fetch: () => new Response( };",
  "common.js": "module.exports = () => [];",
  "index.html": "<p>Hello",
  "dashes.json": '{"access-logfile": "x"}',
  "port.json": '{"port": 8000}',
  "settings.yaml": "bind: :8000",
  "serves_fetch.ts": "export default { fetch() {} };",
  "named.ts": 'export const bind = ":8000";',
  "comma.json": '{"bind": ":8000",}',
  "cert.pem": certificate,
  "key.pem": key,
  "other.pem": other_key,
};

/** Each mistake: the arguments, the line behind `error: `, and the status where that is not 2. */
const MISTAKES: [args: string, said: string, status?: number][] = [
  ["object.ts", `object.ts ${NONE} default (object)`],
  [
    "main_function.ts",
    `main_function.ts ${NONE} main (function): did you mean main_function.ts:main?`,
  ],
  [
    "class.ts",
    `class.ts ${NONE} default (class): an instance is one, new Shop()`,
  ],
  [
    "promise.ts",
    `promise.ts ${NONE} default (promise): await the promise first`,
  ],
  ["no_function.ts", `no_function.ts ${NONE} default (object)`],
  ["nothing.ts", `nothing.ts ${NONE} default (null)`],
  ["response.ts", `response.ts ${NONE} default (Response)`],
  [
    "object.ts:app",
    "object.ts exports no application (a WSGI function, or an object with a method fetch) named app: it exports default (object)",
  ],
  [
    "app.ts:app",
    "app.ts exports no application (a WSGI function, or an object with a method fetch) named app: it exports default (function): did you mean app.ts?",
  ],
  [
    "main_function.ts:main()",
    "cannot load main_function.ts:main(): only a function of Python is called: write export default main() in main_function.ts",
  ],
  [
    "shop.wsgi",
    "cannot load shop.wsgi: expected a module of TypeScript or JavaScript, got a program in Python, whose name must end in .py here",
  ],
  ["empty.ts", `empty.ts ${NONE} nothing`],
  [
    "serves.ts",
    `serves.ts ${NONE} x (number): it listens by itself; export what it serves, such as export default { fetch: handler }`,
  ],
  ...["koa.ts", "express.ts"].map((name): [string, string] => [
    name,
    `${name} ${NONE} default (application of Node's kind): one of Express, Koa or Fastify needs an adapter, see docs/fetch.md`,
  ]),
  [
    "vercel.js",
    `vercel.js ${NONE} default (handler of Node's kind): what takes Node's (req, res) needs an adapter, see docs/fetch.md`,
  ],
  [
    "h3.js",
    `h3.js ${NONE} app (object): one of h3 1 is exported as { fetch: toWebHandler(app) }`,
  ],
  [
    "bun.js",
    `bun.js ${NONE} default (object): only Bun serves its routes, a fetch is needed here`,
  ],
  [
    "worker.js",
    `worker.js ${NONE} nothing: it listens by itself; export what it serves, such as export default { fetch: handler }`,
  ],
  [
    "server.ts",
    `server.ts ${NONE} server (object): did you mean server.ts:server?`,
  ],
  ["exits.ts", "exits.ts ended the process while it was loaded", 3],
  [
    "syntax.ts",
    "cannot load syntax.ts: SyntaxError: Expression expected (at URL/syntax.ts:1:45)",
  ],
  [
    "imports.ts",
    'cannot load imports.ts: Import "hono" not a dependency and not in import map from "URL/imports.ts" (at URL/imports.ts:1:22): If you want to use the npm package, try running `deno add npm:hono`',
  ],
  [
    "common.js",
    "cannot load common.js: it threw ReferenceError: module is not defined\n" +
    "    at URL/common.js:1:1\n" +
    "It is written in CommonJS: use import and export, or name it .cjs",
  ],
  [
    "index.html",
    "cannot load index.html: expected a module of TypeScript or JavaScript, got a page",
  ],
  ["app", "cannot load app: there is no such file: did you mean app.ts?"],
  ["app:app", "cannot load app: there is no such file: did you mean app.ts?"],
  ["app.js", "cannot load app.js: there is no such file: did you mean app.ts?"],
  ...[":8000", "8000", "localhost:8000", "unix:/s"].map((
    address,
  ): [string, string] => [
    address,
    `cannot load ${address}: there is no such file: did you mean --bind ${
      address.replace(/^8/, ":8")
    }?`,
  ]),
  ["aap.ts", "cannot load aap.ts: there is no such file: did you mean app.ts?"],
  [".", "cannot load .: it is a directory: did you mean ./app.ts?"],
  [
    "serve app.ts",
    "expected at most one MODULE[:NAME], got serve and app.ts: did you mean app.ts?",
  ],
  [
    "app.ts 8000",
    "expected at most one MODULE[:NAME], got app.ts and 8000: did you mean --bind :8000?",
  ],

  [
    "true app.ts",
    "expected at most one MODULE[:NAME], got true and app.ts: did you mean app.ts?",
  ],
  [
    "app.ts -- --reload",
    "expected at most one MODULE[:NAME], got app.ts and --reload: did you mean --reload before --?",
  ],
  ["-V", "unknown option -V: did you mean --version?"],
  ["--preload", "unknown option --preload: see --help"],
  ["--threads 4", "unknown option --threads: did you mean --workers?"],
  ["--worker 2", "unknown option --worker: did you mean --workers?"],
  ["--wrokers 2", "unknown option --wrokers: did you mean --workers?"],
  ["--no-relod", "unknown option --no-relod: did you mean --no-reload?"],
  ["--port 8000", "unknown option --port: did you mean --bind :8000?"],
  ["--host ::", "unknown option --host: did you mean --bind 127.0.0.1:8000?"],
  ["--uds s", "unknown option --uds: did you mean --bind unix:/path?"],
  ["--watch", "unknown option --watch: did you mean --reload?"],
  ["--ssl-keyfile k", "unknown option --ssl-keyfile: did you mean --keyfile?"],
  ["--constructor", "unknown option --constructor: see --help"],
  [
    "--allow-net",
    "unknown option --allow-net: put options of Deno before the command: deno run --allow-net jsr:@tsgi/serve",
  ],
  [
    "-p 8000",
    '--pid takes a file for the process id, got "8000": did you mean --bind :8000?',
  ],

  ["--bind 8000", `${ADDRESS} "8000": did you mean :8000?`],
  ["--bind localhost", `${ADDRESS} "localhost": did you mean localhost:8000?`],
  ["--bind unix", `${ADDRESS} "unix": did you mean unix:/path?`],
  [
    "--bind :8000 -b unix:/run/s",
    "-b takes one address, got :8000 and unix:/run/s: start the command once for each",
  ],
  [
    "--workers -1",
    '--workers takes a whole number, 0 or more, got "-1"',
  ],
  ...["shop", "/shop/", "http://example.org/shop"].map((
    path,
  ): [string, string] => [
    `--root-path ${path}`,
    `${ROOT_PATH} "${path}": did you mean /shop?`,
  ]),
  ["--root-path /", `${ROOT_PATH} "/"`],
  [
    "--protocol https",
    '--protocol takes http, cgi, scgi, fastcgi or uwsgi, got "https": did you mean http?',
  ],
  [
    "--interface fech",
    '--interface takes auto, wsgi or fetch, got "fech": did you mean fetch?',
  ],
  ["--bind *:80", `${ADDRESS} "*:80": did you mean :80?`],
  ["--bind tcp://a:1", `${ADDRESS} "tcp://a:1": did you mean a:1?`],
  [
    "--protocol fcgi",
    '--protocol takes http, cgi, scgi, fastcgi or uwsgi, got "fcgi": did you mean fastcgi?',
  ],
  ["--bind /run/s", `${ADDRESS} "/run/s": did you mean unix:/run/s?`],
  ["--bind ::1:80", `${ADDRESS} "::1:80": did you mean [::1]:80?`],
  ["--bind http://a:1/", `${ADDRESS} "http://a:1/": did you mean a:1?`],
  [
    "--bind unix:run/s",
    "cannot listen at unix:run/s: there is no folder run/",
    1,
  ],
  [
    "--bind unix:app.ts/s",
    "cannot listen at unix:app.ts/s: app.ts/ is no folder",
    1,
  ],
  [
    "--bind 192.0.2.1:8000",
    "cannot listen at 192.0.2.1:8000: this machine has no such address",
    1,
  ],
  [
    `--bind unix:${"x".repeat(108)}`,
    `cannot listen at unix:${
      "x".repeat(108)
    }: the path of a socket is limited to 107 bytes`,
    1,
  ],

  [
    "--config dashes.json",
    "in dashes.json: unknown setting access-logfile: did you mean access_logfile?",
  ],
  [
    "--config port.json",
    'in port.json: unknown setting port: did you mean "bind": ":8000"?',
  ],
  [
    "--config settings.yaml",
    "cannot read the configuration settings.yaml: Unexpected token 'b', \"bind: :8000\" is not valid JSON: it takes JSON, or a module, .ts or .js",
  ],
  [
    "--config named.ts",
    "named.ts must hold an object of settings as its default export, got undefined",
  ],
  [
    "--config none.json",
    "cannot read the configuration none.json: there is no such file",
  ],
  [
    "--config serves_fetch.ts",
    "serves_fetch.ts holds an application and no settings: leave out --config",
  ],
  [
    "--config comma.json",
    "cannot read the configuration comma.json: Expected double-quoted property name in JSON at position 17 (line 1 column 18)",
  ],

  [
    "--certfile cert.pem --keyfile other.pem",
    "cannot use --keyfile other.pem: it does not belong to --certfile",
  ],
  [
    "--certfile key.pem --keyfile cert.pem",
    "cannot use --certfile key.pem: expected a certificate, got private key",
  ],
  [
    "--certfile cert.pem",
    "cannot use the key in --certfile cert.pem, as there is no --keyfile: expected a private key, got certificate",
  ],
  [
    "--certfile cert.der --keyfile key.pem",
    `cannot use --certfile cert.der: expected a certificate ${PEM} DER or PKCS #12: convert it with openssl`,
  ],
  [
    "--certfile cert.pem --keyfile cert.der",
    `cannot use --keyfile cert.der: expected a private key ${PEM} DER or PKCS #12: convert it with openssl`,
  ],
  [
    "--certfile app.ts",
    `cannot use --certfile app.ts: expected a certificate ${PEM} none`,
  ],
];

async function make_files() {
  const folder = await make_folder(FILES);
  const [, base64] = certificate.match(/-----\n([^-]+)-----/)!;
  const der = Uint8Array.fromBase64(base64!.replaceAll("\n", ""));
  await Deno.writeFile(`${folder.path}/cert.der`, der);
  return folder;
}

/** What the command does with arguments. What is refused before a file is read needs no process, which takes time. */
async function outcome_of(args: string[], cwd: string): Promise<Ended> {
  if (args.includes("--config")) return await run(args, { cwd });
  try {
    await parse_command(args);
  } catch (error) {
    assertInstanceOf(error, UsageError);
    return { code: 2, stdout: "", stderr: `error: ${error.message}\n` };
  }
  return await run(args, { cwd });
}

Deno.test("the command names each mistake and its remedy, and ends", async () => {
  await using folder = await make_files();
  for (const [args, said, code = 2] of MISTAKES) {
    const app = /^-/.test(args) ? ["app.ts"] : [];
    const expected = said.replaceAll(/\bURL(?=\/)/g, `file://${folder.path}`);
    assertEquals(
      await outcome_of([...args.split(" "), ...app], folder.path),
      { code, stdout: "", stderr: `error: ${expected}\n` },
      args,
    );
  }
});

Deno.test("a mistake in the command line is one line on stderr, and status 2", async () => {
  assertEquals(await run(["--worker", "2"]), {
    code: 2,
    stdout: "",
    stderr: "error: unknown option --worker: did you mean --workers?\n",
  });
});

Deno.test("a byte order mark in a file of settings, of a certificate or of a key is no mistake", async () => {
  const mark = "\ufeff";
  await using folder = await make_folder({
    "app.ts": `${mark}export default () => [];`,
    "settings.json": `${mark}{"certfile": "cert.pem", "keyfile": "key.pem"}`,
    "cert.pem": mark + certificate,
    "key.pem": mark + key,
  });
  const args = ["--config", "settings.json", "--check-config", "app.ts"];
  assertEquals(await run(args, { cwd: folder.path }), {
    code: 0,
    stdout: "The configuration is good.\n",
    stderr: "",
  });
});

Deno.test("a module that never finishes loading is told of after five seconds", async () => {
  await using folder = await make_folder({
    "never.ts": "await new Promise(() => {});\nexport default () => [];",
  });
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-lock", MOD, "--bind", "127.0.0.1:0", "never.ts"],
    cwd: folder.path,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const stderr = child.stderr.pipeThrough(new TextDecoderStream()).getReader();
  const { value } = await stderr.read();
  child.kill("SIGKILL");
  await stderr.cancel();
  await child.status;
  assertEquals(
    value,
    "never.ts is still loading after 5 seconds: it is waiting for a download or for a top-level await\n",
  );
});

/** Whether this process can become another user, who may do less. */
const CAN_CHANGE_USER = Deno.build.os === "linux" && Deno.uid() === 0 &&
  installed("setpriv") &&
  Number(
      Deno.readTextFileSync("/proc/sys/net/ipv4/ip_unprivileged_port_start"),
    ) > 80;

Deno.test({
  name: "a port and a folder that a user has no right to are named",
  ignore: !CAN_CHANGE_USER,
  async fn() {
    await using folder = await make_folder({
      "app.ts": "export default () => [];",
    });
    await Deno.mkdir(`${folder.path}/other`);
    await Deno.chmod(folder.path, 0o755);
    const deno_dir = await Deno.makeTempDir();
    await Deno.chmod(deno_dir, 0o777);
    const as_nobody = async (bind: string) => {
      const args = ["--bind", bind, "app.ts"];
      const { code, stderr } = await new Deno.Command("setpriv", {
        args: [
          ...["--reuid", "65534", "--clear-groups", Deno.execPath()],
          ...["run", "-A", "--no-lock", "--no-check", "--quiet", MOD, ...args],
        ],
        cwd: folder.path,
        env: { DENO_DIR: deno_dir, HOME: deno_dir, NO_COLOR: "1" },
      }).output();
      return [code, new TextDecoder().decode(stderr)];
    };
    assertEquals(await as_nobody("127.0.0.1:80"), [
      1,
      "error: cannot listen at 127.0.0.1:80: ports below 1024 need root or CAP_NET_BIND_SERVICE, which AmbientCapabilities= of a systemd unit grants; or use a higher port behind a web server\n",
    ]);
    assertEquals(await as_nobody(`unix:${folder.path}/other/app.sock`), [
      1,
      `error: cannot listen at unix:${folder.path}/other/app.sock: this user may not make files in ${folder.path}/other/\n`,
    ]);
    await Deno.remove(deno_dir, { recursive: true });
  },
});
