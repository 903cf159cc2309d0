/** `examples/deployments/service/`: the command of the unit with workers is reloaded, and logrotate rotates its log. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import {
  connect,
  deployment,
  free_port,
  type Front,
  installed,
  make_folder,
  path_of,
  quoted,
  read_log,
  remove_folder,
  type Service,
  start_service,
  until_ready,
} from "../fronts.ts";
import { read } from "../../support/project.ts";
import { until } from "../../support/support.ts";
import { start_apache } from "../apache.ts";
import { start_nginx } from "../nginx.ts";

const UNIT = "service/tsgi_workers.service";

/** The command of the unit while it runs. */
interface Unit extends Service {
  port: number;
  /** Where the folders `/run/tsgi` and `/var/log/tsgi` are. */
  folder: string;
}

/** A setting of the unit. */
function setting(name: string): string {
  return deployment(UNIT).match(new RegExp(`^${name}=(.*)$`, "m"))![1]!;
}

/** Starts the command of the unit, in a folder of the test's. */
async function start_unit(): Promise<Unit> {
  const folder = await make_folder();
  const port = free_port();
  const replaced: Record<string, string> = {
    "/usr/local/bin/deno": Deno.execPath(),
    "jsr:@tsgi/serve": path_of("mod.ts"),
    "127.0.0.1:8000": `127.0.0.1:${port}`,
    "/run/tsgi/app.pid": join(folder, "app.pid"),
    "/var/log/tsgi/access.log": join(folder, "access.log"),
    "/srv/app/app.ts": path_of("tests/fronts/deployments/where.ts"),
  };
  const words = setting("ExecStart").split(" ");
  for (const word of Object.keys(replaced)) assert(words.includes(word), word);
  const command = words.map((word) => quoted(replaced[word] ?? word)).join(" ");
  const script = `umask ${setting("UMask")}; exec ${command}`;
  const service = start_service("sh", ["-c", script]);
  await until_ready(service, () => connect({ hostname: "127.0.0.1", port }));
  return {
    ...service,
    port,
    folder,
    async [Symbol.asyncDispose]() {
      await service[Symbol.asyncDispose]();
      await remove_folder(folder);
    },
  };
}

/** Asks for a path, and waits for its line in the log. */
async function ask(unit: Unit, path: string): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${unit.port}${path}`);
  assertEquals((await response.json()).PATH_INFO, path);
  await until(() => paths_in(unit, "access.log").includes(path));
}

/** The paths that a log has. */
function paths_in({ folder }: Unit, name: string): string[] {
  const lines = read_log(join(folder, name)).matchAll(/"GET (\S+) /g);
  return Array.from(lines, ([, path]) => path!);
}

Deno.test(`ExecReload of ${UNIT} replaces the workers`, async () => {
  await using unit = await start_unit();
  await ask(unit, "/before");
  const reload = setting("ExecReload").replace("$MAINPID", String(unit.pid));
  const [program, ...args] = reload.split(" ");
  await new Deno.Command(program!, { args }).output();
  await until(() => unit.stderr().includes(" [INFO] reloaded\n"));
  await ask(unit, "/after");
});

/** Makes a test of a web server in front of the unit's port; docs/deploy.md has what is replaced. */
function test_front(
  file: string,
  [socket, port]: [string, string],
  start: (literals: Record<string, string>) => Promise<Front>,
): void {
  Deno.test(`${file} reaches the port of ${UNIT} as docs/deploy.md has it`, async () => {
    const page = read("docs/deploy.md").replaceAll("\\|", "|");
    for (const text of [socket, port]) {
      assertStringIncludes(page, `\`${text}\``);
    }
    await using unit = await start_unit();
    const here = port.replace("8000", String(unit.port));
    await using front = await start({ [socket]: here });
    const response = await fetch(`http://127.0.0.1:${front.port}/cart`);
    const { PATH_INFO, url } = await response.json();
    assertEquals([PATH_INFO, url], [
      "/cart",
      `http://127.0.0.1:${front.port}/cart`,
    ]);
  });
}

if (installed("nginx", "openssl")) {
  const file = "nginx_http.conf";
  const replaced: [string, string] = [
    "http://unix:/run/tsgi/app.sock",
    "http://127.0.0.1:8000",
  ];
  test_front(file, replaced, (literals) => start_nginx(file, literals));
}

if (installed("apache2", "openssl")) {
  const file = "apache_http.conf";
  const replaced: [string, string] = [
    "unix:/run/tsgi/app.sock|http://localhost/",
    "http://127.0.0.1:8000/",
  ];
  const modules = ["proxy", "proxy_http", "headers"];
  test_front(
    file,
    replaced,
    (literals) => start_apache(file, modules, literals),
  );
}

if (installed("logrotate")) {
  Deno.test("logrotate.conf renames the access log, and has a new one begun", async () => {
    await using unit = await start_unit();
    await ask(unit, "/before");
    const { folder } = unit;
    const file = join(folder, "logrotate.conf");
    const content = deployment("service/logrotate.conf", {
      "/run/tsgi/": `${folder}/`,
      "/var/log/tsgi/": `${folder}/`,
    });
    await Deno.writeTextFile(file, content);
    const state = join(folder, "state");
    const { success, stderr } = await new Deno.Command("logrotate", {
      args: ["--force", "--state", state, file],
    }).output();
    assertEquals([success, new TextDecoder().decode(stderr)], [true, ""]);
    await until(() => read_log(join(folder, "access.log.1")) !== "");
    // Until the signal is heard, the old file is written to.
    while (!paths_in(unit, "access.log").includes("/after")) {
      const url = `http://127.0.0.1:${unit.port}/after`;
      await (await fetch(url)).body?.cancel();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assertEquals(paths_in(unit, "access.log.1").includes("/before"), true);
    assertEquals(paths_in(unit, "access.log").includes("/before"), false);
  });
}
