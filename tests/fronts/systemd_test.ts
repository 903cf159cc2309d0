/** The units of `examples/deployments/` for systemd, as far as they can be tried without it. */

import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { join } from "node:path";
import { deployed_args } from "./backends.ts";
import {
  connect,
  deployment,
  installed,
  make_folder,
  path_of,
  start_service,
  until_ready,
} from "./fronts.ts";

/** Where the unit expects Deno. */
const DENO = "/usr/local/bin/deno";

/** What they are called, where nothing else tells, and an instance of the last. */
const NAME = "tsgi.service";
const INSTANCE = "tsgi@shop.service";

/** The units: behind a web server, by HTTP with workers, and one for several applications. */
const UNITS = [
  "tsgi.service",
  "service/tsgi_workers.service",
  "service/tsgi@.service",
];

/** The settings of a unit, by their names; of one that stands there twice, the last. */
function settings(unit = "tsgi.service"): Map<string, string> {
  const lines = deployment(unit).matchAll(/^(\w+)=(.*)$/gm);
  return new Map([...lines].map(([, name, value]) => [name!, value!]));
}

/** What systemd-analyze says of a unit. */
async function analyze(unit: string, ...args: string[]): Promise<string> {
  const folder = await make_folder();
  const path = join(folder, unit.endsWith("@.service") ? INSTANCE : NAME);
  const content = deployment(unit, { [DENO]: Deno.execPath() });
  await Deno.writeTextFile(path, content);
  const { success, stdout, stderr } = await new Deno.Command(
    "systemd-analyze",
    { args: [...args, path] },
  ).output();
  await Deno.remove(folder, { recursive: true });
  const said = [stdout, stderr].map((part) => new TextDecoder().decode(part));
  assert(success, said.join(""));
  return said.join("");
}

if (installed("systemd-analyze")) {
  for (const unit of UNITS) {
    Deno.test(`systemd-analyze finds nothing wrong with ${unit}`, async () => {
      assertEquals(await analyze(unit, "verify"), "");
    });

    Deno.test(`systemd-analyze calls the exposure of ${unit} OK`, async () => {
      const said = await analyze(unit, "security", "--offline=true");
      assertMatch(said, /Overall exposure level for \S+: [\d.]+ OK /);
    });
  }
}

Deno.test("the command of tsgi.service listens where its group may connect, and ends by SIGTERM", async () => {
  const { ExecStart = "", UMask = "" } = Object.fromEntries(settings());
  const folder = await make_folder();
  const socket = join(folder, "app.sock");
  const module = path_of("examples/hello.ts");
  const args = deployed_args(ExecStart, socket, module);
  const script = `umask ${UMask}; exec "$0" "$@"`;
  const service = start_service("sh", ["-c", script, Deno.execPath(), ...args]);
  await until_ready(
    service,
    () => connect({ transport: "unix", path: socket }),
  );
  assertEquals((await Deno.stat(socket)).mode! & 0o777, 0o770);
  await service[Symbol.asyncDispose]();
  await Deno.remove(folder, { recursive: true });
});

for (const name of ["tsgi.service", "service/tsgi@.service"]) {
  Deno.test(`${name} names the folders that its command writes to`, () => {
    const unit = settings(name);
    const socket = unit.get("ExecStart")!.match(/ --bind unix:(\S+) /)![1]!;
    assertEquals(socket, `/run/${unit.get("RuntimeDirectory")}/app.sock`);
    const cache = `/var/cache/${unit.get("CacheDirectory")}`;
    assertEquals(unit.get("Environment"), `DENO_DIR=${cache}`);
    const post = unit.get("ExecStartPost") ?? `[ -S ${socket} ]`;
    assertStringIncludes(post, `[ -S ${socket} ]`);
  });
}

Deno.test("ExecStartPost of service/tsgi@.service waits for the socket, and fails where the process has ended", async () => {
  const folder = await make_folder();
  const socket = join(folder, "app.sock");
  const [, script] = settings("service/tsgi@.service").get("ExecStartPost")!
    .match(/^\/bin\/sh -c '(.+)'$/)!;
  const run = async (pid: number) => {
    const line = script!
      .replace("/run/tsgi-%i/app.sock", socket)
      .replace("$MAINPID", String(pid));
    const { code } = await new Deno.Command("sh", { args: ["-c", line] })
      .output();
    return code;
  };
  const ended = new Deno.Command("true").spawn();
  await ended.status;
  assertEquals(await run(ended.pid), 1);
  const waited = run(Deno.pid);
  const listener = Deno.listen({ transport: "unix", path: socket });
  assertEquals(await waited, 0);
  listener.close();
  await Deno.remove(folder, { recursive: true });
});
