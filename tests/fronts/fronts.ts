/**
 * What the tests behind real web servers share: whether a server is installed, its configuration from
 * `examples/deployments/`, its start in a temporary folder, its end, and the door that it is.
 */

import { assert } from "@std/assert";
import { delimiter, isAbsolute, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Door, HTTPDoor } from "../conformance/doors/door.ts";
import { http_door } from "../conformance/doors/http.ts";
import { root } from "../support/support.ts";

// Programs

/** Where Debian keeps servers, which is not in everybody's `PATH`. */
const SYSTEM_FOLDERS = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/** The path of a program, which may be given by its path already; null where it is not installed. */
export function find_program(name: string): string | null {
  if (isAbsolute(name)) return is_file(name) ? name : null;
  const folders = (Deno.env.get("PATH") ?? "").split(delimiter);
  const paths = [...folders, ...SYSTEM_FOLDERS]
    .map((folder) => join(folder, name));
  return paths.find(is_file) ?? null;
}

function is_file(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/**
 * Whether all of these programs are installed. One that is missing is a test of its own, which is ignored, and which
 * fails in CI.
 */
export function installed(...programs: string[]): boolean {
  const missing = programs.filter((name) => !find_program(name));
  for (const name of missing) {
    Deno.test({
      name: `${name} is not installed: nothing is tested behind it`,
      ignore: Deno.env.get("CI") !== "true",
      fn() {
        throw new Error(`${name} must be installed in CI`);
      },
    });
  }
  return missing.length === 0;
}

// Processes

/** A program that runs until it is disposed of. */
export interface Service extends AsyncDisposable {
  pid: number;
  /** What it has written to stderr so far. */
  stderr(): string;
  /** Whether it has ended by itself. */
  ended(): boolean;
}

/** How long a service may take to end when it is asked to, in milliseconds. */
const GRACE = 10_000;

/** Starts a program that stays in the foreground. Its end waits for the process, not only for its pid to be told. */
export function start_service(
  program: string,
  args: string[],
  options: Pick<Deno.CommandOptions, "cwd" | "env" | "clearEnv"> = {},
): Service {
  const path = find_program(program);
  assert(path, `${program} is not installed`);
  const child = new Deno.Command(path, {
    ...options,
    args,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  let stderr = "";
  let ended = false;
  const drained = drain(child.stderr, (part) => stderr += part);
  const status = child.status.finally(() => ended = true);
  return {
    pid: child.pid,
    stderr: () => stderr,
    ended: () => ended,
    async [Symbol.asyncDispose]() {
      if (!ended) child.kill("SIGTERM");
      await in_time(status, `${program} did not end`);
      // Whatever it started has its stderr.
      await in_time(drained, `${program} left a process behind`);
    },
  };
}

/** Waits for what must not take long. */
async function in_time(promise: Promise<unknown>, failure: string) {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(failure)), GRACE);
  try {
    await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

async function drain(
  stream: ReadableStream<Uint8Array>,
  add: (part: string) => void,
): Promise<void> {
  // One byte a character, as everywhere in the tests.
  const decoder = new TextDecoder("latin1");
  for await (const part of stream) add(decoder.decode(part));
}

/**
 * Waits until a service has what it needs to be asked, by asking.
 *
 * @throws {Error} If the service ends before.
 */
export async function until_ready(
  service: Service,
  ask: () => Promise<void>,
  log: () => string = service.stderr,
): Promise<void> {
  while (true) {
    if (service.ended()) throw new Error(`a server ended: ${log()}`);
    try {
      return await ask();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

/** Asks whether somebody listens. */
export async function connect(
  address: Deno.ConnectOptions | Deno.UnixConnectOptions,
): Promise<void> {
  const conn = "path" in address
    ? await Deno.connect(address)
    : await Deno.connect(address);
  conn.close();
}

/** A port that nobody listens at, below those that the system gives to whoever asks for any. */
export function free_port(): number {
  while (true) {
    const port = 20000 + Math.floor(Math.random() * 12000);
    try {
      Deno.listen({ hostname: "127.0.0.1", port }).close();
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}

// Configurations

/** The folder of the configurations that README recommends. */
const DEPLOYMENTS = new URL("examples/deployments/", root);

/** One of the recommended files; what is particular to a machine is replaced everywhere, and must be there. */
export function deployment(
  name: string,
  literals: Record<string, string> = {},
): string {
  let content = Deno.readTextFileSync(new URL(name, DEPLOYMENTS));
  for (const [literal, replacement] of Object.entries(literals)) {
    assert(content.includes(literal), `${name} has no ${literal}`);
    content = content.replaceAll(literal, replacement);
  }
  return content;
}

/** A temporary folder, which every user may enter: a server that root starts becomes another user. */
export async function make_folder(): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "tsgi-" });
  await Deno.chmod(folder, 0o755);
  return folder;
}

/** A certificate for 127.0.0.1 and its key, in the folder. */
export interface Certificate {
  certificate: string;
  key: string;
}

/** Makes a self-signed certificate, by `openssl`. */
export async function make_certificate(folder: string): Promise<Certificate> {
  const files = {
    certificate: join(folder, "certificate.pem"),
    key: join(folder, "key.pem"),
  };
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
  const subject = ["-subj", "/CN=example.org", "-days", "2"];
  const name = ["-addext", "subjectAltName=IP:127.0.0.1"];
  const leaf = ["-addext", "basicConstraints=critical,CA:FALSE"];
  const output = ["-out", files.certificate, "-keyout", files.key];
  const { success, stderr } = await new Deno.Command("openssl", {
    args: ["req", "-x509", "-nodes", curve, subject, name, leaf, output].flat(),
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  return files;
}

// Fronts

/** What is particular to one start of a web server. */
export interface Place extends Certificate {
  /** A temporary folder. */
  folder: string;
  /** A port of 127.0.0.1 for http. */
  port: number;
  /** One for https. */
  secure_port: number;
}

/** A web server. */
export interface FrontOptions {
  /** The name of the program, which needs `openssl` beside it. */
  program: string;
  /** Its arguments, which keep it in the foreground. */
  args(place: Place): string[];
  /** The files that it needs, by their names in the folder. */
  files(place: Place): Record<string, string>;
  /** The name of its error log in the folder; without it the log is what it writes to stderr. */
  error_log?: string;
  /** Variables of its environment, beside those that are there. */
  env?: Record<string, string>;
}

/** A web server that runs. */
export interface Front extends Place, Service {
  /** What it has logged so far. */
  error_log(): string;
}

/** Starts a web server in a temporary folder and waits until it listens at both of its ports. */
export async function start_front(options: FrontOptions): Promise<Front> {
  const folder = await make_folder();
  const place: Place = {
    folder,
    port: free_port(),
    secure_port: free_port(),
    ...await make_certificate(folder),
  };
  for (const [name, content] of Object.entries(options.files(place))) {
    await Deno.writeTextFile(join(folder, name), content);
  }
  const service = start_service(options.program, options.args(place), {
    cwd: folder,
    env: options.env ?? {},
  });
  const error_log = () =>
    options.error_log
      ? read_log(join(folder, options.error_log))
      : service.stderr();
  const whole_log = () => service.stderr() + error_log();
  for (const port of [place.port, place.secure_port]) {
    const ask = () => connect({ hostname: "127.0.0.1", port });
    await until_ready(service, ask, whole_log);
  }
  return {
    ...place,
    ...service,
    error_log,
    async [Symbol.asyncDispose]() {
      await service[Symbol.asyncDispose]();
      await remove_folder(folder);
    },
  };
}

/** What a log file holds, one byte per character; nothing where there is none yet. */
export function read_log(path: string): string {
  try {
    return new TextDecoder("latin1").decode(Deno.readFileSync(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}

// Doors

/** A door that is a web server, and what else has to be ended with it. */
export function front_door(
  front: Front,
  log: () => string,
  ...others: AsyncDisposable[]
): HTTPDoor {
  const { port, secure_port, certificate } = front;
  const hostname = "127.0.0.1";
  const caCerts = [Deno.readTextFileSync(certificate)];
  return http_door(
    { hostname, port },
    log,
    async () => {
      await using stack = new AsyncDisposableStack();
      // In the opposite order, and all of them whatever happens.
      for (const one of [...others].reverse()) stack.use(one);
      stack.use(front);
    },
    { hostname, port: secure_port, caCerts },
  );
}

/** Opens a door once for all tests of a file: when it is needed first; it is closed after the last one. */
export function share_door<SharedDoor extends Door>(
  start: () => Promise<SharedDoor>,
): () => Promise<SharedDoor> {
  let started: Promise<SharedDoor> | null = null;
  Deno.test.afterAll(async () => {
    await (await started)?.[Symbol.asyncDispose]();
  });
  return async () => ({
    ...await (started ??= start()),
    async [Symbol.asyncDispose]() {},
  });
}

// CGI scripts

/** A script that a web server runs for each request: the recommended one, with the applications of the table. */
export interface CGIScript {
  /** Its path. */
  path: string;
  /** How often each fact was noted under a key. */
  facts(key: string): Record<string, number>;
}

/** Writes the script into a folder, where every user may run it. */
export function make_cgi_script(folder: string): Promise<CGIScript> {
  const cache = make_open_folder(join(folder, "deno"));
  return write_cgi_script(folder, (variables) =>
    deployment("app.cgi", {
      "export DENO_DIR=/var/cache/tsgi\n": `export DENO_DIR=${
        quoted(cache)
      } ${variables}\n`,
      "exec deno ": `exec ${quoted(Deno.execPath())} `,
      "jsr:@tsgi/serve": quoted(path_of("mod.ts")),
      "/srv/app/app.ts": quoted(path_of("tests/conformance/apps/cgi.ts")),
    }));
}

/** Writes a script into a folder, where every user may run it; it exports the variables that it is given. */
export async function write_cgi_script(
  folder: string,
  make_script: (variables: string) => string,
): Promise<CGIScript> {
  const path = join(folder, "app.cgi");
  const facts = make_open_folder(join(folder, "facts"));
  const variables = `CONFORMANCE_FACTS=${quoted(facts)} NO_COLOR=1`;
  await Deno.writeTextFile(path, make_script(variables));
  await Deno.chmod(path, 0o755);
  return { path, facts: (key) => count_lines(read_log(join(facts, key))) };
}

/** Makes a folder that every user may write into. */
function make_open_folder(path: string): string {
  Deno.mkdirSync(path);
  Deno.chmodSync(path, 0o777);
  return path;
}

/** The path of a file of the project. */
export function path_of(name: string): string {
  return fileURLToPath(new URL(name, root));
}

/** A word of the shell. */
export function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

function count_lines(text: string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const line of text.split("\n").slice(0, -1)) {
    counts[line] = (counts[line] ?? 0) + 1;
  }
  return counts;
}

/** Removes a folder in which a script that is about to end may still write. */
export async function remove_folder(folder: string): Promise<void> {
  for (let tries = 0; tries < 250; tries++) {
    try {
      return await Deno.remove(folder, { recursive: true });
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  await Deno.remove(folder, { recursive: true });
}
